"""Digests: of values, of files, and of this package itself."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any, Dict, Tuple

from pytest_export_matrix.vocabulary.package import PACKAGE


def digest(value: Any) -> str:
    """The key of anything that JSON can hold."""
    text = json.dumps(value, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def file_digest(path: Path) -> str:
    hashed = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            hashed.update(block)
    return hashed.hexdigest()


#: A file that was changed so shortly before may be changed once more without another time stamp.
SETTLED_SECONDS = 2.0
_digests: Dict[Tuple[object, ...], str] = {}


def settled_digest(path: Path) -> str:
    """The same. A file that is as it was by its size, its times and its inode is not read again."""
    there = path.stat()
    times = there.st_mtime_ns, there.st_ctime_ns
    state = (str(path), there.st_dev, there.st_ino, there.st_size, *times)
    if state in _digests:
        return _digests[state]
    found = file_digest(path)
    if max(times) < time.time_ns() - SETTLED_SECONDS * 1e9:
        _digests[state] = found
    return found


def tool_digest() -> str:
    """A digest of this package's own code, so that a changed exporter is a changed key."""
    return package_digest(Path(PACKAGE))


#: What is made from results. Nothing that makes an answer imports it (.importlinter), so that a
#: change here leaves all answers as they are.
AFTER_RESULTS = (
    *("judging", "reporting", "reproduction", "pytest_run"),
    *("plugin.py", "cli.py", "sphinx_extension.py", "on_request.py"),
)


def package_digest(folder: Path) -> str:
    """A digest of every Python file below `folder` that makes answers, by its name there."""
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*.py"))
    names = [path.as_posix() for path in paths if path.parts[0] not in AFTER_RESULTS]
    return digest([(name, file_digest(folder / name)) for name in names])
