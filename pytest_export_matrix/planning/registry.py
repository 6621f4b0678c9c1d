"""What is registered, checked as it is added.

The built-in entries are the visible tables of `exporters`, `runtimes`, `compare` and `reporters`;
they are added through the same hook as anybody else's.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from pytest_export_matrix.planning.checks import (
    check,
)
from pytest_export_matrix.planning.recipes import Recipe
from pytest_export_matrix.vocabulary.cells import PREPARED, Cell
from pytest_export_matrix.vocabulary.entries import (
    BUILD_MODULES,
    DEFAULT,
    FULL,
    Architecture,
    Eager,
    Entry,
    Environment,
    Exporter,
    OutputKind,
    Reporter,
    Runtime,
)
from pytest_export_matrix.vocabulary.errors import UsageError, unknown

KINDS = {
    Architecture: "architecture",
    Exporter: "exporter",
    Runtime: "runtime",
    Environment: "environment",
    OutputKind: "output kind",
    Reporter: "reporter",
}


class Registry:
    """The entries by kind, in order of registration."""

    def __init__(self) -> None:
        self._entries: Dict[type, Dict[str, Any]] = {kind: {} for kind in KINDS}

    def add(self, entry: Entry) -> None:
        """Register `entry`. Raises UsageError where it is malformed or its name is taken."""
        if type(entry) not in KINDS:
            raise UsageError(
                f"registry.add({entry!r})",
                f"a {type(entry).__name__} cannot be registered",
                remedy=f"add one of: {', '.join(kind.__name__ for kind in KINDS)}",
            )
        asked = f"registration of {KINDS[type(entry)]} {entry.name!r}"
        check(asked, entry)
        taken = self._entries[type(entry)]
        if entry.name in taken:
            raise UsageError(
                asked,
                "that name is registered already",
                remedy=f"rename one of {taken[entry.name]!r} and {entry!r}",
            )
        taken[entry.name] = entry

    @property
    def architectures(self) -> List[Architecture]:
        return list(self._entries[Architecture].values())

    def replace_architectures(self, architectures: Sequence[Architecture]) -> None:
        """Replace the registered architectures by those of one profile."""
        self._entries[Architecture] = {entry.name: entry for entry in architectures}

    @property
    def exporters(self) -> List[Exporter]:
        return list(self._entries[Exporter].values())

    @property
    def runtimes(self) -> List[Runtime]:
        return list(self._entries[Runtime].values())

    @property
    def environments(self) -> List[Environment]:
        return list(self._entries[Environment].values())

    @property
    def reporters(self) -> List[Reporter]:
        return list(self._entries[Reporter].values())

    def architecture(self, name: str) -> Architecture:
        entry: Architecture = self._entries[Architecture][name]
        return entry

    def exporter(self, method: str, format: str) -> Exporter:
        entry: Exporter = self._entries[Exporter][f"{method}/{format}"]
        return entry

    def runtime(self, name: str) -> Runtime:
        entry: Runtime = self._entries[Runtime][name]
        return entry

    def environment(self, name: str) -> Optional[Environment]:
        """The environment called `name`; None for the one that pytest runs in."""
        if name == DEFAULT:
            return None
        entry: Environment = self._entries[Environment][name]
        return entry

    @property
    def modules(self) -> List[str]:
        """Every module that an exporter or a runtime may need."""
        modules = set(BUILD_MODULES)
        for exporter in self.exporters:
            modules.update(exporter.modules)
        for runtime in self.runtimes:
            modules.update(runtime.modules, runtime.extras)
        return sorted(modules)

    def check_environments(self) -> None:
        """Raises UsageError where an entry names an unknown environment."""
        known = {DEFAULT, *self._entries[Environment]}
        built: List[Union[Architecture, Exporter, Runtime]] = [*self.architectures]
        entries = [*built, *self.exporters, *self.runtimes]
        for entry in entries:
            if entry.environment not in known:
                asked = f"registration of {KINDS[type(entry)]} {entry.name!r}"
                raise unknown(asked, "environment", entry.environment, known)

    def check_preparations(self) -> None:
        """Raises UsageError where an architecture is prepared for an unknown export method."""
        known = {exporter.method for exporter in self.exporters}
        for architecture in self.architectures:
            for method in architecture.preparations:
                if method not in known:
                    asked = f"registration of architecture {architecture.name!r}, preparations"
                    raise unknown(asked, "export method", method, known)

    def check_names(self) -> None:
        """Raises UsageError where an entry names what is not registered: cells that it is about
        would not be planned, and nobody would notice the slip."""
        known = {
            "format": {exporter.format for exporter in self.exporters},
            "method": {exporter.method for exporter in self.exporters},
            "runtime": {runtime.name for runtime in self.runtimes},
            "family": {architecture.family for architecture in self.architectures},
        }
        named: List[Tuple[Union[Exporter, Runtime], str, Sequence[str]]] = []
        for exporter in self.exporters:
            named.append((exporter, "runtime", exporter.runtimes))
        for runtime in self.runtimes:
            named.append((runtime, "format", runtime.formats))
            named.append((runtime, "method", runtime.methods))
        both: List[Union[Exporter, Runtime]] = [*self.exporters, *self.runtimes]
        for entry in both:
            named.append((entry, "family", [entry.family] if entry.family else []))
        for entry, what, names in named:
            for name in sorted(set(names) - known[what]):
                asked = f"registration of {KINDS[type(entry)]} {entry.name!r}"
                raise unknown(asked, what, name, known[what] - {""})

    def recipe(self, cell: Cell) -> Recipe:
        """What `cell` is made of. Its exporter starts from the eager model of the exporter's
        environment, prepared where the cell says so."""
        architecture = self.architecture(cell.architecture)
        exporter = self.exporter(cell.method, cell.format)
        environment = self.environment(exporter.environment)
        prepared = cell.preparation == PREPARED
        preparation = architecture.preparation_for(exporter) if prepared else ""
        return Recipe(
            cell,
            architecture,
            self.outputs(architecture),
            exporter,
            self.runtime(cell.runtime),
            Eager(exporter.environment, exporter.conventions, preparation),
            environment.weights if environment else "",
            tuple(sorted({each.precision for each in self.runtimes} - {FULL})),
        )

    def outputs(self, architecture: Architecture) -> OutputKind:
        """The output kind of `architecture`. Raises UsageError where it names an unknown one."""
        if isinstance(architecture.outputs, OutputKind):
            return architecture.outputs
        kinds = self._entries[OutputKind]
        if architecture.outputs not in kinds:
            asked = f"registration of architecture {architecture.name!r}"
            raise unknown(asked, "output kind", architecture.outputs, kinds)
        kind: OutputKind = kinds[architecture.outputs]
        return kind
