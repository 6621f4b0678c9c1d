"""Keep results on disk, under a key of all that they were computed from.

An entry is a folder, named by its key. It holds its files and `entry.json`, which is written last
and holds the size and the sha256 of each file. A folder appears as a whole, by a rename, or not at
all. An entry whose files differ from its `entry.json` counts as missing, and is made again.
Processes that want the same entry wait for each other at its lock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional

import platformdirs

from pytest_export_matrix.machine import locks
from pytest_export_matrix.machine.hashing import file_digest
from pytest_export_matrix.machine.json_files import convert
from pytest_export_matrix.vocabulary.errors import CacheError

ENTRY = "entry.json"
LAYOUT = "v1"
#: Exported files are large: entries that were not used for so long are removed.
KEEP_SECONDS = 30 * 24 * 3600.0
REMEDY = "choose another folder: pytest --export-matrix --export-matrix-cache=DIR"


def default_root() -> Path:
    """The folder of the store where none is named."""
    return platformdirs.user_cache_path("pytest-export-matrix")


@dataclass
class StoredFile:
    bytes: int
    sha256: str


@dataclass
class Entry:
    """What `entry.json` holds: when the entry was made (seconds since the epoch), its files by
    their names in the folder, and the data that `put` got."""

    made: float
    files: Dict[str, StoredFile]
    data: Dict[str, Any]


class Store:
    """Entries below `root`. Those older than `since` (seconds since the epoch) are forgotten."""

    def __init__(self, root: Path, since: float = 0.0) -> None:
        self.root = root / LAYOUT
        self._since = since
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root) as file:
                file.write(b"writable")
        except OSError as error:
            raise CacheError(f"cache folder {root}", str(error), remedy=REMEDY) from error
        self._prune()

    def _prune(self) -> None:
        """Remove entries, and unfinished folders of killed runs, that were long unused."""
        for path in (*self.root.glob("tmp-*"), *self.root.glob("*/*")):
            with contextlib.suppress(OSError):  # another process may be removing it as well
                if path.is_dir() and path.stat().st_mtime < time.time() - KEEP_SECONDS:
                    shutil.rmtree(path)

    def get(self, kind: str, key: str, verify: bool = True) -> Optional[Dict[str, Any]]:
        """The entry's data; None where it is missing or damaged.

        `verify` reads all its files; without it, only their sizes are compared.
        """
        folder = self.folder(kind, key)
        try:
            entry = self._entry(folder)
            if entry.made < self._since:
                return None
            for name, file in entry.files.items():
                path = folder / name
                if path.stat().st_size != file.bytes:
                    return None
                if verify and file_digest(path) != file.sha256:
                    return None
            os.utime(folder)
            return entry.data
        except (OSError, ValueError):
            return None

    def files(self, kind: str, key: str) -> Dict[str, StoredFile]:
        """The files of an existing entry, by name."""
        return self._entry(self.folder(kind, key)).files

    def _entry(self, folder: Path) -> Entry:
        return convert(json.loads((folder / ENTRY).read_text(encoding="utf-8")), Entry)

    def folder(self, kind: str, key: str) -> Path:
        return self.root / kind / key

    def put(self, kind: str, key: str, data: Dict[str, Any], source: Optional[Path] = None) -> None:
        """Keep `data` and the files below `source`, which are moved. Replaces an older entry.

        Raises CacheError where the folder is full or not writable.
        """
        target = self.folder(kind, key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = source or Path(tempfile.mkdtemp(dir=self.root, prefix="tmp-"))
            paths = [path for path in sorted(fresh.rglob("*")) if path.is_file()]
            files = {
                path.relative_to(fresh).as_posix(): StoredFile(
                    path.stat().st_size, file_digest(path)
                )
                for path in paths
            }
            entry = Entry(time.time(), files, data)
            (fresh / ENTRY).write_text(json.dumps(asdict(entry)), encoding="utf-8")
            if target.exists():
                # A rename cannot replace a folder that holds files. This process has its lock.
                shutil.rmtree(target)
            os.replace(fresh, target)
        except OSError as error:
            raise CacheError(f"cache folder {self.root}", str(error), remedy=REMEDY) from error

    def remove(self, kind: str, key: str) -> None:
        shutil.rmtree(self.folder(kind, key), ignore_errors=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder on the same disk, for files that `put` gets. It is removed afterwards."""
        try:
            folder = Path(tempfile.mkdtemp(dir=self.root, prefix="tmp-"))
        except OSError as error:
            raise CacheError(f"cache folder {self.root}", str(error), remedy=REMEDY) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def check_space(self) -> None:
        """Raise CacheError where the disk is full: that is then the cause of a failure."""
        if shutil.disk_usage(self.root).free < 2**20:
            text = os.strerror(errno.ENOSPC)
            raise CacheError(f"cache folder {self.root}", text, remedy=REMEDY)

    @contextlib.contextmanager
    def lock(self, kind: str, key: str, stopped: Callable[[], bool]) -> Iterator[None]:
        """Hold the entry's lock. Waits for other processes until `stopped` says so."""
        folder = self.root / "locks"
        folder.mkdir(exist_ok=True)
        with locks.hold(folder / f"{kind}-{key}", stopped):
            yield
