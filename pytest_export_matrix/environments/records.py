"""What is known of the environments in the cache; see `provisioned` for its folders."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, List, Optional, Tuple

from pytest_export_matrix.environments.revisions import revision
from pytest_export_matrix.machine.json_files import convert, parse
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import Environment

FOLDER, RECORD = "environments", "environment.json"


@dataclass(frozen=True)
class Record:
    """What was installed. `python` and `requirements` are those asked for, `version` is the
    interpreter's, `installed` holds (package, version), `revisions` (package, commit) of those that
    come from git, `size` is in bytes, `venv` a folder's name."""

    name: str
    python: str
    requirements: Tuple[str, ...]
    platform: str
    version: str
    installed: Tuple[Tuple[str, str], ...]
    size: int
    venv: str
    afterwards: Tuple[str, ...] = ()
    revisions: Tuple[Tuple[str, str], ...] = ()

    @property
    def environment(self) -> Environment:
        return Environment(
            self.name, self.python, list(self.requirements), afterwards=list(self.afterwards)
        )

    def content(self) -> List[Any]:
        """All that an answer made in this environment depends on, for keys."""
        content: List[Any] = [self.platform, self.version, self.installed]
        return [*content, self.revisions] if self.revisions else content

    def describe(self, modules: Iterable[str]) -> Versions:
        """The environment as the results file has it, with the versions of `modules` and of the
        requirements, as far as they are installed."""
        asked = (*self.requirements, *self.afterwards)
        wanted = {_plain(name) for name in (*modules, *map(_project, asked))}
        wanted |= {_plain(name) for name, _ in self.revisions}
        packages = {name: version for name, version in self.installed if _plain(name) in wanted}
        for name, commit in self.revisions:
            packages[name] += f" ({commit})"
        return Versions(self.version, self.platform, packages)


def known(cache: Path, environment: Environment) -> Optional[Record]:
    """The record of `environment`, also after its removal; None where it was never built."""
    return read(place_of(cache, environment))


def python(cache: Path, environment: Environment) -> Optional[str]:
    """The interpreter of `environment`; None where it is not there."""
    place = place_of(cache, environment)
    record = read(place)
    found = interpreter(place / record.venv) if record else None
    # A link to an interpreter that was uninstalled leads nowhere.
    return str(found) if found and found.exists() else None


@dataclass(frozen=True)
class Kept:
    """An environment in the cache: its folder, whether it is installed, when it was last used
    (seconds since the epoch)."""

    record: Record
    place: Path
    installed: bool
    used: float


def kept(cache: Path) -> List[Kept]:
    """Every environment of the cache, by name."""
    found = []
    for path in sorted((cache / FOLDER).glob(f"*/{RECORD}")):
        record = read(path.parent)
        if record:
            installed = interpreter(path.parent / record.venv).exists()
            found.append(Kept(record, path.parent, installed, path.stat().st_mtime))
    return sorted(found, key=lambda each: each.record.name)


def content_key(environment: Environment) -> str:
    content: List[Any] = [environment.python, sorted(environment.requirements), this_platform()]
    if environment.afterwards:
        content.append(sorted(environment.afterwards))
    # A changed folder makes another key.
    folders = sorted({*environment.requirements, *environment.afterwards})
    content += [[each, revision(each)] for each in folders if revision(each)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def place_of(cache: Path, environment: Environment) -> Path:
    return cache / FOLDER / content_key(environment)


def interpreter(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def read(place: Path) -> Optional[Record]:
    """The record in `place`; None where it is missing or cannot be read."""
    try:
        return convert(parse((place / RECORD).read_text(encoding="utf-8")), Record)
    except (OSError, ValueError):
        return None


def this_platform() -> str:
    return f"{platform.system()}-{platform.machine()}"


def _plain(name: str) -> str:
    """A project's name in normal form: the same for all its spellings."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _project(requirement: str) -> str:
    """The project that a requirement is for: "onnxruntime" of "onnxruntime==1.20.*"."""
    return re.match(r"\s*([\w.-]*)", requirement)[1]  # type: ignore[index]
