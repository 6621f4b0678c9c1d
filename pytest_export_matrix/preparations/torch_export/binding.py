"""Putting functions into one instance, in the place of its methods."""

from __future__ import annotations

import types
from typing import Any


def bind(instance: Any, **functions: Any) -> None:
    """Put functions into `instance`, in the place of its methods of these names.

    Raises ValueError for a model in training mode, AttributeError for a name that it does not have.
    """
    if getattr(instance, "training", False):
        raise ValueError(f"{type(instance).__name__} is in training mode: call eval() before")
    for name, function in functions.items():
        getattr(instance, name)
        setattr(instance, name, types.MethodType(function, instance))
