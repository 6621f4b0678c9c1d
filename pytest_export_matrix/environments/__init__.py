"""What exporters and runtimes work in: an interpreter and its packages.

The default one is that of pytest (`current`); the others are installed by uv when a cell first
needs them (`provisioned`). `packages` says which part of one an answer depends on. `ENVIRONMENTS`
is the table of the built-in ones.
"""

from __future__ import annotations

from typing import Tuple

from pytest_export_matrix.vocabulary.entries import Environment

ENVIRONMENTS: Tuple[Environment, ...] = ()
