"""Keep results on disk, under a key of all that they were computed from.

An entry is a folder, named by its key. It holds its files and `entry.json`, which is written last
and holds the key, the size and the sha256 of each file, and a digest of all that it says. A folder
appears as a whole, by a rename, or not at all. An entry of which a byte was changed, or that lies
at another key, counts as missing and is made again. Processes that want the same entry wait for
each other at its lock; where they make it nevertheless, the last one stays.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tarfile
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Set

import platformdirs

from pytest_export_matrix.execution.remote import Remote
from pytest_export_matrix.machine import locks, temporary
from pytest_export_matrix.machine.hashing import digest, file_digest
from pytest_export_matrix.machine.json_files import convert, parse
from pytest_export_matrix.vocabulary.errors import CacheError

ENTRY, DIGEST, CONTENT = "entry.json", "sha256", "entry"
LAYOUT, TEMPORARY = "v4", "tmp-"
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
    """What `entry.json` holds: its place (`KIND/KEY`), when the entry was made (seconds since the
    epoch), its files by their names in the folder, and the data that `put` got."""

    place: str
    made: float
    files: Dict[str, StoredFile]
    data: Dict[str, Any]


class Damaged(Exception):
    """An entry that was read is damaged or gone: it has to be made again."""


def _folders(path: Path) -> List[Path]:
    """The folders in `path`; none where another process has just removed it."""
    try:
        with os.scandir(path) as found:
            return [Path(each.path) for each in found if each.is_dir()]
    except OSError:
        return []


def _is_intact(path: Path, file: StoredFile, verify: bool) -> bool:
    there = path.stat().st_size == file.bytes
    return there and (not verify or file_digest(path) == file.sha256)


def _entry(text: str, place: str) -> Entry:
    """What is said of the entry at `place`. Raises ValueError where it was changed."""
    whole = parse(text)
    if not isinstance(whole, dict) or digest(whole.get(CONTENT)) != whole.get(DIGEST):
        raise ValueError(f"what is said of {place} was changed")
    entry = convert(whole[CONTENT], Entry)
    if entry.place != place:
        raise ValueError(f"{place} holds the entry {entry.place}")
    return entry


class Store:
    """Entries below `root`. Those older than `since` (seconds since the epoch) are forgotten. What
    is missing is looked for at `url`, and what is made is kept there as well."""

    def __init__(self, root: Path, since: float = 0.0, url: str = "") -> None:
        self.root = root / LAYOUT
        self.remote = Remote(url) if url else None
        #: What was fetched, or was not to be had: what the URL says of it counts no longer.
        self._tried: Set[str] = set()
        #: How many damaged entries were met.
        self.damaged = 0
        self.since = since
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root) as file:
                file.write(b"writable")
        except OSError as error:
            raise CacheError(f"cache folder {root}", str(error), remedy=REMEDY) from error
        self._prune()

    def _prune(self) -> None:
        """Remove entries that were long unused, and unfinished ones of runs that were killed."""
        temporary.sweep(self.root, TEMPORARY)
        kinds = [path for path in _folders(self.root) if not path.name.startswith(TEMPORARY)]
        for path in (path for kind in kinds for path in _folders(kind)):
            with contextlib.suppress(OSError):  # another process may be removing it as well
                if path.stat().st_mtime < time.time() - KEEP_SECONDS:
                    shutil.rmtree(path)

    def get(self, kind: str, key: str, verify: bool = True) -> Optional[Entry]:
        """The entry; None where it is missing or damaged.

        `verify` reads all its files; without it, only their sizes are compared.
        """
        return self._kept(kind, key, verify) or self._fetched(kind, key, verify)

    def said(self, kind: str, key: str) -> Optional[Entry]:
        """As `get`, but the files may be at the URL alone, where they may be damaged or gone."""
        here = self._kept(kind, key, verify=False)
        return here or self._said(kind, key) or self._fetched(kind, key, verify=False)

    def _said(self, kind: str, key: str) -> Optional[Entry]:
        """What is said at the URL of an entry that this machine lacks."""
        place = f"{kind}/{key}"
        if self.remote is None or place in self._tried:
            return None
        try:
            entry = _entry(self.remote.said(place) or "", place)
        except ValueError:
            return None
        return entry if entry.made >= self.since else None

    def _fetched(self, kind: str, key: str, verify: bool) -> Optional[Entry]:
        """The entry, if it was at the URL; it is here now."""
        if self.remote is None:
            return None
        self._tried.add(f"{kind}/{key}")
        with self.scratch() as scratch:
            fetched = scratch / "entry"
            try:
                if not self.remote.fetch(f"{kind}/{key}", fetched):
                    return None
            except tarfile.TarError:
                pass  # as where the end is missing: it has no entry
            if not (fetched / ENTRY).exists():
                self.damaged += 1
                return None
            self.adopt(kind, key, fetched)
            return self._kept(kind, key, verify)

    def _kept(self, kind: str, key: str, verify: bool) -> Optional[Entry]:
        folder = self.folder(kind, key)
        if not (folder / ENTRY).exists():
            return None
        try:
            text = (folder / ENTRY).read_text(encoding="utf-8")
            entry = _entry(text, self._place(folder))
            if entry.made < self.since:
                return None
            if all(_is_intact(folder / name, file, verify) for name, file in entry.files.items()):
                os.utime(folder)
                return entry
        except (OSError, ValueError):
            pass
        self.damaged += 1
        return None

    def check(self, folders: Iterable[str]) -> None:
        """Raise Damaged where one of `folders`, which are those of entries, is damaged."""
        for folder in map(Path, folders):
            if self.get(folder.parent.name, folder.name) is None:
                raise Damaged(folder)

    def _place(self, folder: Path) -> str:
        return folder.relative_to(self.root).as_posix()

    def folder(self, kind: str, key: str) -> Path:
        return self.root / kind / key

    def put(self, kind: str, key: str, data: Dict[str, Any], source: Optional[Path] = None) -> None:
        """Keep `data` and the files below `source`, which are moved. Replaces an older entry.

        Raises CacheError where the folder is full or not writable.
        """
        target = self.folder(kind, key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = source or Path(temporary.make(self.root, TEMPORARY))
            paths = [path for path in sorted(fresh.rglob("*")) if path.is_file()]
            files = {
                path.relative_to(fresh).as_posix(): StoredFile(
                    path.stat().st_size, file_digest(path)
                )
                for path in paths
            }
            entry = Entry(self._place(target), time.time(), files, data)
            content = json.loads(json.dumps(asdict(entry)))
            whole = {DIGEST: digest(content), CONTENT: content}
            (fresh / ENTRY).write_text(json.dumps(whole), encoding="utf-8")
            self._replace(fresh, target)
        except OSError as error:
            raise CacheError(f"cache folder {self.root}", str(error), remedy=REMEDY) from error
        if self.remote is not None:
            self._send(self.remote, entry.place)

    def publish(self, place: str) -> None:
        """Keep at the URL an entry that may be here alone: it was made by a run without one."""
        if self.remote is not None and not self.remote.has(place):
            self._send(self.remote, place)

    def _send(self, remote: Remote, place: str) -> None:
        folder = self.root / place
        remote.keep(place, folder, (folder / ENTRY).read_text(encoding="utf-8"))

    def adopt(self, kind: str, key: str, folder: Path) -> None:
        """Keep an entry that another store has made; `folder` is moved. Raises CacheError."""
        target = self.folder(kind, key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._replace(folder, target)
        except OSError as error:
            raise CacheError(f"cache folder {self.root}", str(error), remedy=REMEDY) from error

    def _replace(self, fresh: Path, target: Path) -> None:
        """Put the folder `fresh` at `target`. Several processes may do so at once."""
        while True:
            try:
                return os.replace(fresh, target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            # A rename does not replace a folder that holds files.
            with self.scratch() as old, contextlib.suppress(FileNotFoundError):
                os.replace(target, old / "entry")

    def remove(self, kind: str, key: str) -> None:
        shutil.rmtree(self.folder(kind, key), ignore_errors=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder on the same disk, for files that `put` gets. It is removed afterwards."""
        try:
            folder = Path(temporary.make(self.root, TEMPORARY))
        except OSError as error:
            raise CacheError(f"cache folder {self.root}", str(error), remedy=REMEDY) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def check_space(self) -> None:
        """Raise CacheError where the disk is full, or that of temporary folders: that is then the
        cause of a failure."""
        temporary.check_space()
        if temporary.is_full(self.root):
            text = os.strerror(errno.ENOSPC)
            raise CacheError(f"cache folder {self.root}", text, remedy=REMEDY)

    @contextlib.contextmanager
    def lock(self, kind: str, key: str, stopped: Callable[[], bool]) -> Iterator[None]:
        """Hold the entry's lock. Waits for other processes until `stopped` says so."""
        folder = self.root / "locks"
        folder.mkdir(exist_ok=True)
        with locks.hold(folder / f"{kind}-{key}", stopped):
            yield
