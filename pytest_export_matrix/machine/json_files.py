"""JSON files that carry the number of their format: read as this version reads them, or refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable, Mapping, Type, TypeVar

from pytest_export_matrix.vocabulary.errors import ExportMatrixError

T = TypeVar("T")


def loads(
    text: str,
    what: str,
    name: str,
    newest: int,
    build: Callable[[Mapping[str, Any]], T],
    kind: Type[ExportMatrixError],
    remedy: str,
) -> T:
    """What `build` makes of the JSON in `text`, the file `name`, which is to be a `what`.

    Raises `kind` for what is truncated, of a newer format than `newest`, or not what `build` takes.
    """
    asked = f"{what} {name}"
    try:
        data = json.loads(text)
    except ValueError as error:
        raise kind(asked, f"truncated or no JSON ({error})", remedy=remedy) from None
    version = data.get("format_version") if isinstance(data, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise kind(asked, f"no format_version: not a {what}", remedy=remedy)
    if version > newest:
        raise kind(
            asked,
            f"format {version} is newer than this version reads ({newest})",
            remedy="pip install --upgrade pytest-export-matrix",
        )
    try:
        return build(data)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise kind(asked, f"malformed ({error!r})", remedy=remedy) from None


def write_whole(path: Path, text: str) -> None:
    """Write a report so that a reader sees the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    # What an engine says may hold half of a surrogate pair: JSON reads such an escape back.
    partial.write_bytes(text.encode("utf-8", "backslashreplace"))
    os.replace(partial, path)
