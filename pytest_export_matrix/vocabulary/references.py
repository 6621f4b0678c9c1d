"""References: "module:attribute" names everything that is passed to a worker."""

from __future__ import annotations

import importlib
import re
from typing import Any

NAMED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")


def names_something(value: Any) -> bool:
    return isinstance(value, str) and bool(NAMED.match(value))


def resolve(reference: str) -> Any:
    """The object that "module:attribute" names."""
    module, _, attribute = reference.partition(":")
    found = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found
