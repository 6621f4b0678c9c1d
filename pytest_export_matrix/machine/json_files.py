"""Read JSON files that carry the number of their format, and refuse those of a newer one."""

from __future__ import annotations

import json
import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Type, TypeVar, Union

import msgspec

from pytest_export_matrix.vocabulary.errors import ExportMatrixError

T = TypeVar("T")


@dataclass(frozen=True)
class Format:
    """A kind of file: its name, the newest format number that this version reads, the error for a
    file that cannot be read, and what mends that."""

    name: str
    newest: int
    error: Type[ExportMatrixError]
    remedy: str

    def load(self, path: Path, build: Callable[[Dict[str, Any]], T]) -> T:
        """What `build` makes of the file at `path`. Raises `error`, also where it is missing."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self.error(f"{self.name} {path}", str(error)) from None
        return self.loads(text, str(path), build)

    def loads(self, text: str, name: str, build: Callable[[Dict[str, Any]], T]) -> T:
        """What `build` makes of `text`, which the file `name` holds.

        Raises `error` where it is truncated or of a newer format, or `build` raises ValueError.
        """
        asked = f"{self.name} {name}"
        try:
            data = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            problem = f"truncated or no JSON ({error})"
            raise self.error(asked, problem, remedy=self.remedy) from None
        version = data.get("format_version") if isinstance(data, dict) else None
        if not isinstance(version, int) or isinstance(version, bool):
            problem = f"no format_version: not a {self.name}"
            raise self.error(asked, problem, remedy=self.remedy)
        if version < 1:
            raise self.error(asked, f"format {version}: there is none", remedy=self.remedy)
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


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def parse(text: str) -> Any:
    """What a text in JSON holds. Raises ValueError, also where it is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from None


def convert(data: Any, kind: Type[T]) -> T:
    """`data` as an object of the dataclass `kind`. Raises ValueError for what is missing or of
    another type, and names its place in `data`."""
    try:
        return msgspec.convert(data, kind)
    except (msgspec.ValidationError, OverflowError, RecursionError) as error:
        raise ValueError(str(error).replace("`$.", "`")) from None


def write_whole(path: Path, text: Union[str, Iterable[str]]) -> None:
    """Write a file, whose text may come in pieces, so that a reader sees the old one or the new
    one, never half of it.

    A link stays a link, and a file keeps its mode. Raises OSError; the old file is left then.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # An engine's message may hold half of a surrogate pair. JSON can read the escape of it.
        with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.writelines([text] if isinstance(text, str) else text)
        if path.exists():
            shutil.copymode(path, partial)
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
