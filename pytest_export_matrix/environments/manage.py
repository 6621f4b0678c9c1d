"""The work of `export-matrix environments`: list, build and remove."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, List, Optional, Sequence

import tabulate

from pytest_export_matrix.environments import ENVIRONMENTS, provisioned
from pytest_export_matrix.environments.records import FOLDER, Kept, kept, place_of
from pytest_export_matrix.machine.units import in_units
from pytest_export_matrix.vocabulary.entries import Environment
from pytest_export_matrix.vocabulary.errors import unknown

HEADERS = ("environment", "Python", "size", "last used", "requirements")


@dataclass(frozen=True)
class NamedEnvironment:
    """An environment that can be named: built in, or found in the cache, or both."""

    environment: Environment
    place: Path
    found: Optional[Kept]


def known(cache: Path) -> List[NamedEnvironment]:
    """The built-in environments, and those of projects that were ever built in this cache."""
    in_cache = {each.place: each for each in kept(cache)}
    named = [*ENVIRONMENTS, *(each.record.environment for each in in_cache.values())]
    places = {place_of(cache, each): each for each in reversed(named)}
    entries = [NamedEnvironment(each, place, in_cache.get(place)) for place, each in places.items()]
    return sorted(entries, key=lambda entry: entry.environment.name)


def table(cache: Path) -> str:
    """One line for each environment, with its size and last use where it is installed."""
    rows = []
    for entry in known(cache):
        asked, found = entry.environment, entry.found
        version, used, size = asked.python, "-", "not installed"
        if found:
            version = found.record.packages.python
            used = time.strftime("%Y-%m-%d %H:%M", time.localtime(found.used))
            size = in_units(found.record.size) if found.installed else size
        rows.append((asked.name, version, size, used, ", ".join(asked.requirements)))
    total = in_units(
        sum(e.found.record.size for e in known(cache) if e.found and e.found.installed)
    )
    shown = tabulate.tabulate(rows, HEADERS, disable_numparse=True) if rows else "no environments"
    return f"{shown}\n\n{total} in {cache / FOLDER}"


def chosen(cache: Path, names: Sequence[str], asked: str) -> List[NamedEnvironment]:
    """The environments called one of `names`. Two projects may use one name for two environments.

    Raises UsageError for an unknown name.
    """
    entries = known(cache)
    for name in names:
        if name not in {entry.environment.name for entry in entries}:
            raise unknown(asked, "environment", name, {e.environment.name for e in entries})
    return [entry for entry in entries if entry.environment.name in names]


def build(cache: Path, names: Sequence[str], upgrade: bool, say: Callable[[str], None]) -> None:
    """Install environments and `say` how it goes. Raises ProvisionError where one fails."""
    for entry in chosen(cache, names, "export-matrix environments build"):
        name, began = entry.environment.name, time.monotonic()
        watch = partial(_say, say, name)
        record = provisioned.provide(cache, entry.environment, watch=watch, upgrade=upgrade)
        seconds = time.monotonic() - began
        found = record.packages
        packages = f"{len(found.versions)} packages, {in_units(record.size)}"
        say(f"environment {name}: Python {found.python}, {packages}, {seconds:.0f} s")


def _say(say: Callable[[str], None], name: str, step: str) -> None:
    say(f"environment {name}: {step}")


def remove(cache: Path, names: Sequence[str], everything: bool, forget: bool) -> str:
    """Remove installed environments. Returns what to print."""
    places = [entry.place for entry in chosen(cache, names, "export-matrix environments remove")]
    if everything:
        # This includes what a killed build has left.
        places = [path for path in (cache / FOLDER).glob("*") if path.is_dir()]
    total = sum(provisioned.remove(place, forget) for place in places)
    return f"removed {in_units(total)} from {cache / FOLDER}"
