"""What each cell exports and runs. Pure: no files, no torch."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import (
    Dict,
    FrozenSet,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.entries import (
    Architecture,
    Eager,
    Exporter,
    OutputKind,
    Runtime,
    Size,
)

#: A file of dynamic batch is exported at two images: torch.export treats one as a constant.
DYNAMIC_BATCH_EXPORTED_AT = 2


DYNAMIC_BATCH_RUN_AT = (1, 3)


#: Seeds of the sample inputs. A batch holds the pictures seed, seed + 1, ... of a cycle of four;
#: the last of them shows nothing. So all pictures are used, the one without detections among them.
SEEDS = (0, 1, 2, 3)


NOTHING_SEED = 3


@dataclass(frozen=True)
class Case:
    """One call of the model: (height, width) of each image of the batch, the seed of the pictures,
    and the architecture's name for what they show, or ""."""

    sizes: Tuple[Size, ...]
    seed: int
    label: str = ""

    @property
    def canvas(self) -> List[int]:
        """[images, height, width] of the batch, as the results file has it."""
        return canvas(self.sizes)


@dataclass(frozen=True)
class ExportSpec:
    """What an exported file is made with: the example's sizes and the dimensions declared dynamic.

    Cells whose spec is equal share the file. `sizes` is empty for an exporter that needs no
    example.
    """

    sizes: Tuple[Size, ...]
    dynamic: FrozenSet[str]


class CaptureKey(NamedTuple):
    """What cells that share one capture, and with it one file, have in common.

    Each format has a capture of its own, in a process of its own, as where a user exports it. A
    second capture in a process can meet what the first one left in the model, and lowering to one
    format can change what another one would get.
    """

    architecture: str
    method: str
    format: str
    eager: Eager
    device: str
    spec: ExportSpec


@dataclass(frozen=True, eq=False)
class Recipe:
    """All that is needed to carry out one cell, put together once when the run is planned.

    `eager` is the model that the exporter starts from. `renames` names the function that renames
    weights in its environment; it is empty where the names are the same there. `precisions` are
    those below float32 that a registered runtime computes in.
    """

    cell: Cell
    architecture: Architecture
    outputs: OutputKind
    exporter: Exporter
    runtime: Runtime
    eager: Eager
    renames: str
    precisions: Tuple[str, ...] = ()

    @functools.cached_property
    def spec(self) -> ExportSpec:
        return export_spec(self.cell, self.architecture, self.exporter)

    @functools.cached_property
    def cases(self) -> List[Case]:
        return cases(self.cell, self.architecture)

    @functools.cached_property
    def example(self) -> Optional[Case]:
        return example(self.spec, self.architecture)

    @property
    def is_foreign(self) -> bool:
        """Whether nobody claims that the runtime runs this file."""
        return self.runtime.is_foreign_to(self.exporter)

    @property
    def asked(self) -> List[Case]:
        """What the eager model has to answer: the cases, and the export's example."""
        return [*self.cases, self.example] if self.example else self.cases

    @functools.cached_property
    def capture_key(self) -> CaptureKey:
        """What cells must have in common to be served by one capture."""
        cell = self.cell
        return CaptureKey(
            cell.architecture, cell.method, cell.format, self.eager, cell.device, self.spec
        )


def canvas(sizes: Sequence[Size]) -> List[int]:
    return [len(sizes), max(h for h, _ in sizes), max(w for _, w in sizes)]


def export_spec(cell: Cell, architecture: Architecture, exporter: Exporter) -> ExportSpec:
    """How the file of `cell` is exported. A dimension is declared only where the cell asks for it,
    the exporter needs telling, and the architecture has it: a list of images has no batch
    dimension."""
    if not exporter.needs_inputs:
        return ExportSpec((), frozenset())
    asked = {axis for axis in ("resolution", "batch") if getattr(cell, axis) == "dynamic"}
    if not any("N" in layout for layout in architecture.layouts):
        asked.discard("batch")
    images = DYNAMIC_BATCH_EXPORTED_AT if cell.batch == "dynamic" else int(cell.batch)
    return ExportSpec(
        batch_sizes(architecture, architecture.sizes, images),
        frozenset(asked & set(exporter.declares)),
    )


def example(spec: ExportSpec, architecture: Architecture) -> Optional[Case]:
    """The case that a file is exported with."""
    return (
        Case(spec.sizes, SEEDS[0], labels(architecture).get(SEEDS[0], "")) if spec.sizes else None
    )


def cases(cell: Cell, architecture: Architecture) -> List[Case]:
    """The calls that `cell` has to answer rightly.

    Fixed resolution: the exported sizes with every picture. Dynamic: each of the other sizes, the
    first also with a picture that shows nothing. Both: the adversarial inputs. Dynamic batch: other
    numbers of images than exported. Cases with a name come after the ordinary ones.
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
    """The architecture's names for what sample inputs show, by seed."""
    return {seed: label for label, seed in architecture.adversarial.items()}


def batch_sizes(architecture: Architecture, sizes: Sequence[Size], images: int) -> Tuple[Size, ...]:
    """(height, width) of each image of a batch: all alike where the batch is one tensor."""
    usable = list(sizes) if architecture.takes_list else [sizes[0]]
    return tuple((h, w) for h, w in itertools.islice(itertools.cycle(usable), images))
