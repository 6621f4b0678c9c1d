"""What is installed in an environment, and which part of it an answer depends on.

An answer holds as long as the packages that its task used have the versions that they had, and what
it looked for and did not find is still not there. So another package may come, go or change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Set, Tuple

from pytest_export_matrix.environments.inspection import plain
from pytest_export_matrix.environments.revisions import of_origin
from pytest_export_matrix.machine.hashing import digest
from pytest_export_matrix.machine.json_files import convert
from pytest_export_matrix.vocabulary.package import NAME
from pytest_export_matrix.vocabulary.used import Used


@dataclass(frozen=True)
class Packages:
    """The interpreter of an environment, and what is installed there. Packages are named in normal
    form.

    python: its version. start: what Python runs or reads at its start, whatever is imported.
    names: packages as they spell themselves. revisions: of those that come from no index, what
    tells one build from another. modules: the packages that have a top-level module. requires:
    those that a package needs.
    """

    python: str
    platform: str
    start: List[str]
    names: Dict[str, str]
    versions: Dict[str, str]
    revisions: Dict[str, str]
    modules: Dict[str, List[str]]
    requires: Dict[str, List[str]]

    def __post_init__(self) -> None:
        if self.names.keys() != self.versions.keys():
            raise ValueError("packages with a version and those with a name are not the same")

    @classmethod
    def inspected(cls, found: Dict[str, Any], fresh: bool) -> "Packages":
        """What `inspection.inspect` has found. `fresh`: it was installed just now, so that a folder
        still holds what was installed from it. Raises ValueError where it is something else."""
        origins = found.pop("origins").items()
        commits = {name: _revision(origin, fresh) for name, origin in origins}
        revisions = {name: commit for name, commit in sorted(commits.items()) if commit}
        return convert({**found, "revisions": revisions}, cls)

    @property
    def installed(self) -> Tuple[Tuple[str, str], ...]:
        """(package, version) of all, as they spell themselves."""
        return tuple(sorted((self.names[key], version) for key, version in self.versions.items()))

    @property
    def content(self) -> List[Any]:
        """What makes an environment the one that it was before."""
        return [self.platform, self.python, self.installed, self.revisions]

    @property
    def base(self) -> List[Any]:
        """What every answer depends on that is made here."""
        return [self.platform, self.python, self.start]

    def state(self, used: Used) -> str:
        """A digest of what a task used: another one where a package is another one, or where
        something that the task looked for has come or gone. Keys hold our own code by itself: to
        install it again changes nothing."""
        own = plain(NAME)
        names = self.versions.keys() - {own} if used.everything else self.behind(used.names)
        found = [(name, self.versions[name], self.revisions.get(name)) for name in sorted(names)]
        there = [name for name in used.sought if self._of(name)]
        return digest([self.base, found, there])

    def behind(self, names: Iterable[str]) -> Set[str]:
        """The packages behind `names`, which are those of modules and packages, and all that these
        require: a package may load libraries of one of which it imports no module."""
        found: Set[str] = set()
        fresh = {each for name in names for each in self._of(name)}
        while fresh:
            found |= fresh
            required = {each for name in fresh for each in self.requires.get(name, ())}
            fresh = required.intersection(self.versions) - found
        return found

    def _of(self, name: str) -> Set[str]:
        """The packages that are there of the module or package `name`."""
        return {*self.modules.get(name, ()), plain(name)}.intersection(self.versions)


def _revision(origin: Mapping[str, Any], fresh: bool) -> str:
    """The commit that a package was built from, or else the digest of its files; "" where they lie
    in a folder of the user: each file of it that a task reads counts by itself.
    https://packaging.python.org/en/latest/specifications/direct-url/"""
    if fresh or "vcs_info" in origin:
        return of_origin(origin)
    return "" if origin.get("dir_info", {}).get("editable") else str(origin["record"])
