"""This package itself: where it lies, and the oldest Python that its worker side runs on."""

from __future__ import annotations

import os

NAME = __name__.partition(".")[0]
#: The folder of the package. Nothing else computes it: a module that moves must not change it.
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: The folder that the package is imported from.
ABOVE = os.path.dirname(PACKAGE)
#: The oldest Python of an environment.
OLDEST_PYTHON = (3, 8)
