"""The entries that a project registers itself, by name; `addons` is the table of them.

from pytest_export_matrix.on_request import AOT_INDUCTOR, CAFFE2, ONNXRUNTIME_NODE
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Tuple

if TYPE_CHECKING:
    from pytest_export_matrix.vocabulary.entries import Entry

ADDONS = "pytest_export_matrix.addons"


def __getattr__(name: str) -> Tuple[Entry, ...]:
    """The entries of the add-on whose folder is `name` in small letters."""
    module = f"{ADDONS}.{name.lower()}"
    if name.isupper() and importlib.util.find_spec(module):
        entries: Tuple[Entry, ...] = getattr(importlib.import_module(f"{module}.entries"), name)
        return entries
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
