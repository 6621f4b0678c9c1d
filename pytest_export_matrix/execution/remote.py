"""Entries of a store at a URL that fsspec knows, for machines that share no disk.

Each entry is an archive, URL/KIND/KEY.tar, and beside it URL/KIND/KEY.json, which says what is in
it. What an archive is worth is found out where the entry is read, as with all entries: one that was
cut off, or changed, is made again.

https://filesystem-spec.readthedocs.io/en/latest/
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any, Optional, Set

from pytest_export_matrix.vocabulary.errors import CacheError

#: Takes out of an archive nothing that would lie outside its folder.
FILTER: Any = {"filter": "data"}
KEPT = "what was computed is in the user's cache folder: the same command goes on from there"


class Remote:
    """A folder at `url`. Everything here raises CacheError where it cannot be reached."""

    def __init__(self, url: str) -> None:
        self._asked = f"cache {url}"
        self._kinds: Set[str] = set()
        try:
            import fsspec
        except ModuleNotFoundError as error:
            remedy = 'pip install "pytest-export-matrix[fsspec]"'
            raise CacheError(self._asked, "a URL needs fsspec", remedy=remedy) from error
        if not hasattr(tarfile, "data_filter"):
            remedy = "the latest patch release of this Python"
            raise CacheError(self._asked, "this Python unpacks unsafely", remedy=remedy)
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
            self._files.makedirs(self._root, exist_ok=True)
            self._files.pipe_file(f"{self._root}/writable", b"")
        except Exception as error:  # each kind of URL raises errors of its own
            remedy = "a URL that can be written to, or --export-matrix-cache=DIR"
            raise self._error(error, remedy) from error

    def _error(self, error: Exception, remedy: str = KEPT) -> CacheError:
        return CacheError(self._asked, f"{type(error).__name__}: {error}", remedy=remedy)

    def _path(self, place: str) -> str:
        return f"{self._root}/{place}.tar"

    def said(self, place: str) -> Optional[str]:
        """What is said of the entry at `place` ("KIND/KEY"); None where nothing is."""
        try:
            text: str = self._files.read_text(f"{self._root}/{place}.json", encoding="utf-8")
            return text
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        except Exception as error:
            raise self._error(error) from error

    def fetch(self, place: str, folder: Path) -> bool:
        """Unpack the entry at `place` ("KIND/KEY") into `folder`. Returns whether it is there.
        Raises tarfile.TarError where it is damaged."""
        try:
            with (
                self._files.open(self._path(place), "rb") as file,
                tarfile.open(fileobj=file, mode="r|") as archive,
            ):
                archive.extractall(folder, **FILTER)
            return True
        except FileNotFoundError:
            return False
        except tarfile.TarError:
            raise
        except Exception as error:
            raise self._error(error) from error

    def has(self, place: str) -> bool:
        try:
            return bool(self._files.exists(self._path(place)))
        except Exception as error:
            raise self._error(error) from error

    def keep(self, place: str, folder: Path, said: str) -> None:
        """Put the entry in `folder`, and what is `said` of it, to `place`, in place of what is
        there."""
        kind = place.partition("/")[0]
        try:
            if kind not in self._kinds:
                self._files.makedirs(f"{self._root}/{kind}", exist_ok=True)
                self._kinds.add(kind)
            with (
                self._files.open(self._path(place), "wb") as file,
                tarfile.open(fileobj=file, mode="w|") as archive,
            ):
                archive.add(folder, arcname=".")
            self._files.pipe_file(f"{self._root}/{place}.json", said.encode())
        except Exception as error:
            raise self._error(error) from error
