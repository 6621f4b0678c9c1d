"""Axes x constraints -> cells, and what each cell exports and runs. Pure: no files, no torch."""

from __future__ import annotations

import fnmatch
import itertools
from dataclasses import dataclass, replace
from typing import (
    Dict,
    FrozenSet,
    Hashable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from pytest_export_matrix.cells import AXES, PLAIN, PREPARED, Cell
from pytest_export_matrix.entries import Architecture, Eager, Exporter, Size
from pytest_export_matrix.errors import UsageError, unknown
from pytest_export_matrix.registry import Registry

DEVICES = ("cpu", "cuda")
RESOLUTIONS = ("fixed", "dynamic")
BATCHES = ("1", "2", "dynamic")
#: A file of dynamic batch is exported at two images: torch.export treats one as a constant.
DYNAMIC_BATCH_EXPORTED_AT = 2
DYNAMIC_BATCH_RUN_AT = (1, 3)
#: Seeds of the sample inputs. The pictures of one batch are seed, seed + 1, ... of a cycle whose
#: last one shows nothing; so each picture is met, and nothing is detected in one of them.
SEEDS = (0, 1, 2, 3)
NOTHING_SEED = 3


@dataclass(frozen=True)
class Case:
    """One call of the model: (height, width) of each image of the batch, and the pictures, with
    what the architecture says they show, where it says so."""

    sizes: Tuple[Size, ...]
    seed: int
    label: str = ""

    @property
    def canvas(self) -> List[int]:
        """[images, height, width] of the batch, as the results file has it."""
        return canvas(self.sizes)


@dataclass(frozen=True)
class Spec:
    """What an exported file is made with: the example's sizes and the dimensions declared dynamic.

    Cells whose spec is equal share the file. `sizes` is empty for an exporter that needs no
    example.
    """

    sizes: Tuple[Size, ...]
    dynamic: FrozenSet[str]


class CaptureKey(NamedTuple):
    """What cells that share one capture have in common."""

    architecture: str
    method: str
    capture: str
    eager: Eager
    device: str
    spec: Spec


def canvas(sizes: Sequence[Size]) -> List[int]:
    return [len(sizes), max(h for h, _ in sizes), max(w for _, w in sizes)]


def plan(registry: Registry) -> List[Cell]:
    """Every cell, in order of registration: a runtime takes the formats that it names; where an
    architecture is prepared for a method, its cells are there plain and prepared."""
    pairs = [
        (exporter, runtime)
        for exporter in registry.exporters
        for runtime in registry.runtimes
        if exporter.format in runtime.formats
    ]
    return [
        Cell(a.name, exporter.method, exporter.format, runtime.name, *rest, preparation)
        for a in registry.architectures
        for exporter, runtime in pairs
        if exporter.takes(a) and runtime.takes(a)
        for preparation in (PLAIN, *([PREPARED] if exporter.method in a.preparations else []))
        for rest in itertools.product(DEVICES, RESOLUTIONS, BATCHES)
    ]


def export_spec(cell: Cell, architecture: Architecture, exporter: Exporter) -> Spec:
    """How the file of `cell` is exported. A dimension is declared only where the cell asks for it,
    the exporter needs telling, and the architecture has it: a list of images has no batch
    dimension."""
    if not exporter.needs_inputs:
        return Spec((), frozenset())
    asked = {axis for axis in ("resolution", "batch") if getattr(cell, axis) == "dynamic"}
    if not any("N" in layout for layout in architecture.layouts):
        asked.discard("batch")
    images = DYNAMIC_BATCH_EXPORTED_AT if cell.batch == "dynamic" else int(cell.batch)
    return Spec(
        batch_sizes(architecture, architecture.sizes, images),
        frozenset(asked & set(exporter.declares)),
    )


def example(spec: Spec, architecture: Architecture) -> Optional[Case]:
    """The case that a file is exported with."""
    return (
        Case(spec.sizes, SEEDS[0], labels(architecture).get(SEEDS[0], "")) if spec.sizes else None
    )


def capture_key(cell: Cell, registry: Registry) -> CaptureKey:
    """What cells must have in common to be served by one capture."""
    exporter = registry.exporter(cell.method, cell.format)
    spec = export_spec(cell, registry.architecture(cell.architecture), exporter)
    eager = registry.eager(cell)
    return CaptureKey(cell.architecture, cell.method, exporter.capture, eager, cell.device, spec)


def cases(cell: Cell, architecture: Architecture) -> List[Case]:
    """The calls that `cell` has to answer rightly.

    Fixed resolution: the exported sizes with every picture. Dynamic: each of the other sizes, the
    first also with a picture that shows nothing. Both: the adversarial inputs. Dynamic batch: other
    numbers of images than exported. What has a name comes after all that is ordinary.
    """
    names = labels(architecture)
    further = [seed for seed in names if seed not in SEEDS]
    counts = DYNAMIC_BATCH_RUN_AT if cell.batch == "dynamic" else (int(cell.batch),)
    planned: List[Case] = []
    for images in counts:
        if cell.resolution == "fixed":
            sizes = batch_sizes(architecture, architecture.sizes, images)
            planned += [Case(sizes, seed, names.get(seed, "")) for seed in (*SEEDS, *further)]
        else:
            others = list(architecture.other_sizes)
            rotations = [others[i:] + others[:i] for i in range(len(others))]
            batches = [batch_sizes(architecture, turned, images) for turned in rotations]
            seeds = [i % NOTHING_SEED for i in range(len(batches))]
            pairs = [*zip(batches, seeds), *((batches[0], s) for s in (NOTHING_SEED, *further))]
            planned += [Case(sizes, seed, names.get(seed, "")) for sizes, seed in pairs]
    return sorted(planned, key=lambda case: case.label != "")


def labels(architecture: Architecture) -> Dict[int, str]:
    """What the sample inputs show that the architecture has a word for, by seed."""
    return {seed: label for label, seed in architecture.adversarial.items()}


def batch_sizes(architecture: Architecture, sizes: Sequence[Size], images: int) -> Tuple[Size, ...]:
    """(height, width) of each image of a batch: all alike where the batch is one tensor."""
    usable = list(sizes) if architecture.takes_list else [sizes[0]]
    return tuple((h, w) for h, w in itertools.islice(itertools.cycle(usable), images))


def shard(cells: Sequence[Cell], groups: Sequence[Hashable], part: int, parts: int) -> List[Cell]:
    """The cells of one of `parts` shards, `part` counting from 1; `groups` holds for each cell what
    it must share a shard with.

    Groups stay in order, so that an architecture is built in few shards; each goes where the middle
    of its cells falls when all are laid end to end and cut into equal lengths.
    """
    members: Dict[Hashable, List[Cell]] = {}
    for cell, group in zip(cells, groups):
        members.setdefault(group, []).append(cell)
    picked, before = set(), 0
    for together in members.values():
        if (2 * before + len(together)) * parts // (2 * len(cells)) == part - 1:
            picked.update(together)
        before += len(together)
    return [cell for cell in cells if cell in picked]


def select(
    cells: Sequence[Cell], expressions: Sequence[str], option: str = "--export-matrix-select"
) -> List[Cell]:
    """The cells that one of the `expressions` picks, in order; all of them without expressions.

    An expression is `axis=glob,axis=glob`: every axis it names must match; globs of one axis
    alternate. Raises UsageError for an unknown axis, a glob that matches no value of its axis, or
    an expression that picks no cell.
    """
    if not expressions:
        return list(cells)
    values = {axis: sorted({getattr(cell, axis) for cell in cells}) for axis in AXES}
    picked = set()
    for expression in expressions:
        wanted = _parse(f"{option} {expression!r}", expression, values)
        matching = [
            cell
            for cell in cells
            if all(_matches(getattr(cell, axis), globs) for axis, globs in wanted.items())
        ]
        if not matching:
            raise UsageError(
                f"{option} {expression!r}",
                "picks no cell: these values do not go together",
                remedy="pytest --export-matrix --collect-only lists the cells",
            )
        picked.update(matching)
    return [cell for cell in cells if cell in picked]


def _parse(
    asked: str, expression: str, values: Mapping[str, Sequence[str]]
) -> Dict[str, List[str]]:
    wanted: Dict[str, List[str]] = {}
    for term in expression.split(","):
        axis, equals, glob = (part.strip() for part in term.partition("="))
        if not equals or not glob:
            raise UsageError(
                asked, f"{term!r} is not axis=value", remedy=f"axes: {', '.join(AXES)}"
            )
        if axis not in AXES:
            raise unknown(asked, "axis", axis, AXES)
        if not any(fnmatch.fnmatchcase(value, glob) for value in values[axis]):
            raise unknown(asked, axis, glob, values[axis])
        wanted.setdefault(axis, []).append(glob)
    return wanted


def _matches(value: str, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(value, glob) for glob in globs)


def with_profile(architectures: Sequence[Architecture], profile: str) -> List[Architecture]:
    """The architectures with the keywords of `profile`.

    Raises UsageError where none of them knows `profile`, unless none has any profile and the
    default one was asked for; an architecture without profiles is the same in each.
    """
    known = {name for architecture in architectures for name in architecture.profiles}
    if profile not in known and (known or profile != DEFAULT_PROFILE):
        raise unknown(
            f"--export-matrix-profile {profile}", "profile", profile, known or {DEFAULT_PROFILE}
        )
    chosen = []
    for architecture in architectures:
        if architecture.profiles and profile not in architecture.profiles:
            asked = f"--export-matrix-profile {profile}"
            raise UsageError(
                asked,
                f"architecture {architecture.name!r} has no such profile",
                remedy=f"it has: {', '.join(sorted(architecture.profiles))}",
            )
        keywords = {**architecture.keywords, **architecture.profiles.get(profile, {})}
        chosen.append(replace(architecture, keywords=keywords, profiles={}))
    return chosen


DEFAULT_PROFILE = "slim"
