"""JSON files that carry the number of their format: read as this version reads them, or refused."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Type, TypeVar

import msgspec

from pytest_export_matrix.vocabulary.errors import ExportMatrixError

T = TypeVar("T")


@dataclass(frozen=True)
class Format:
    """A kind of file: what it is called, the newest number of it that this version reads, the
    error for one that cannot be read, and what mends that."""

    name: str
    newest: int
    error: Type[ExportMatrixError]
    remedy: str

    def load(self, path: Path, build: Callable[[Dict[str, Any]], T]) -> T:
        """What `build` makes of the file at `path`. Raises `error`, also where there is none."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self.error(f"{self.name} {path}", str(error)) from None
        return self.loads(text, str(path), build)

    def loads(self, text: str, name: str, build: Callable[[Dict[str, Any]], T]) -> T:
        """What `build` makes of `text`, which the file `name` holds.

        Raises `error` for what is truncated, of a newer format, or raises ValueError in `build`.
        """
        asked = f"{self.name} {name}"
        try:
            data = json.loads(text)
        except ValueError as error:
            problem = f"truncated or no JSON ({error})"
            raise self.error(asked, problem, remedy=self.remedy) from None
        version = data.get("format_version") if isinstance(data, dict) else None
        if not isinstance(version, int) or isinstance(version, bool):
            problem = f"no format_version: not a {self.name}"
            raise self.error(asked, problem, remedy=self.remedy)
        if version > self.newest:
            raise self.error(
                asked,
                f"format {version} is newer than this version reads ({self.newest})",
                remedy="pip install --upgrade pytest-export-matrix",
            )
        try:
            return build(data)
        except ValueError as error:
            raise self.error(asked, f"malformed ({error})", remedy=self.remedy) from None


def convert(data: Any, kind: Type[T]) -> T:
    """The `kind`, a dataclass, that `data` stands for. Raises ValueError, naming the place in
    `data`, for what is missing or of another type."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`$.", "`")) from None


def write_whole(path: Path, text: str) -> None:
    """Write a report so that a reader sees the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    # What an engine says may hold half of a surrogate pair: JSON reads such an escape back.
    partial.write_bytes(text.encode("utf-8", "backslashreplace"))
    os.replace(partial, path)
