"""What is known of the environments in the cache; see `provisioned` for its folders."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, List, Optional, Tuple

from pytest_export_matrix.environments import inspection
from pytest_export_matrix.environments.inspection import plain, project
from pytest_export_matrix.environments.packages import Packages
from pytest_export_matrix.environments.revisions import revision
from pytest_export_matrix.machine.json_files import convert, parse
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import Environment

FOLDER, RECORD = "environments", "environment.json"


@dataclass(frozen=True)
class Record:
    """What was installed. `python`, `requirements` and `afterwards` are those asked for, `packages`
    what is there, `size` is in bytes, `venv` a folder's name, `seconds` what its installation took
    (None in records of older versions)."""

    name: str
    python: str
    requirements: Tuple[str, ...]
    afterwards: Tuple[str, ...]
    packages: Packages
    size: int
    venv: str
    seconds: Optional[float] = None

    @property
    def environment(self) -> Environment:
        return Environment(
            self.name, self.python, list(self.requirements), afterwards=list(self.afterwards)
        )

    def describe(self, modules: Iterable[str]) -> Versions:
        """The environment as the results file has it, with the versions of `modules` and of the
        requirements, as far as they are installed."""
        here = self.packages
        asked = (*self.requirements, *self.afterwards)
        wanted = {plain(name) for name in (*modules, *map(project, asked), *here.revisions)}
        versions = {}
        for name in sorted(wanted.intersection(here.versions), key=lambda name: here.names[name]):
            commit = here.revisions.get(name)
            versions[here.names[name]] = here.versions[name] + (f" ({commit})" if commit else "")
        return Versions(here.python, here.platform, versions, self.size, self.seconds)


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
    content: List[Any] = [
        environment.python,
        sorted(environment.requirements),
        inspection.platform_name(),
    ]
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
        return parsed((place / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def parsed(text: str) -> Record:
    """The record that a file holds. Raises ValueError where it is none."""
    return convert(parse(text), Record)
