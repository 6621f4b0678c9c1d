"""`engines.md`: a row for each way into an engine, with the suite's models whole and in parts, and
what each environment takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from conformance.architectures.table import PARTS
from pytest_export_matrix import Environment, Exporter
from pytest_export_matrix.on_request import (
    CAFFE2,
    CAFFE2_CPP,
    COREML,
    EXECUTORCH,
    LITERT,
    MNN,
    NCNN,
    ONNXRUNTIME_PROVIDERS,
    ONNXRUNTIME_WEB,
    OPENVINO,
    TENSORFLOW,
)
from pytest_export_matrix.reporting.captions import tally
from pytest_export_matrix.reporting.grids import by_way, claimed, unique
from pytest_export_matrix.reporting.markup import MARKDOWN
from pytest_export_matrix.reporting.names import shown
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results, Versions
from pytest_export_matrix.vocabulary.entries import DEFAULT

#: coremltools 9.0 converts no detector with the suite's numpy, which is 2.4 or later.
COREMLTOOLS = Environment(
    "coremltools",
    python="3.12",
    requirements=(
        "coremltools==9.0",
        "torch==2.15.0",
        "torchvision==0.29.2",
        "numpy==2.3.5",
        "safetensors==0.8.0",
    ),
)
ENGINES = (
    *OPENVINO,
    *ONNXRUNTIME_WEB,
    # Where there is no GPU, its build for CUDA would be installed to find that out.
    *(entry for entry in ONNXRUNTIME_PROVIDERS if entry.name != "onnxruntime_cuda"),
    *TENSORFLOW,
    *EXECUTORCH,
    *LITERT,
    COREMLTOOLS,
    *(replace(entry, environment=COREMLTOOLS.name) for entry in COREML),
    *NCNN,
    *MNN,
    *CAFFE2,
    *CAFFE2_CPP,
)
WAYS = [
    "exported by",
    "format",
    "runs in",
    "environments",
    "models",
    "their parts",
    "the others stop at",
    "seconds",
]
ENVIRONMENTS = ["environment", "Python", "platform", "size and installation", "packages"]
IN_PARTS = {each.name for each in PARTS}
EXPORTED_IN = {
    (entry.method, entry.format): entry.environment
    for entry in ENGINES
    if isinstance(entry, Exporter)
}
#: What an engine does by itself. Eager answers and exported files are shared by cells.
OWN_STAGES = ("load", "run")


def render(results: Results) -> str:
    """Markdown. How many cells passed, of all that were carried out; at which stage the others
    stop; and the seconds that loading and running took. Then the environments, with the size and
    the time of installation of those that a run installed."""
    ways = by_way(claimed(results.cells)).values()
    places = sorted(results.environments.items())
    return "\n\n".join(
        [
            "# Engines",
            MARKDOWN.table(WAYS, [_way(cells) for cells in ways]),
            MARKDOWN.bullets([f"{tally(results)}.", _took(results)]),
            "## Environments",
            MARKDOWN.table(ENVIRONMENTS, [_environment(*place) for place in places]) + "\n",
        ]
    )


def _took(results: Results) -> str:
    cached = sum(each.cached for each in results.cells)
    before = f", beside {cached} cells that runs before it carried out" if cached else ""
    return f"{results.seconds / 60:.0f} minutes{before}."


def _way(cells: list[Result]) -> list[str]:
    cell = cells[0].cell
    parts = [each for each in cells if each.cell.architecture in IN_PARTS]
    whole = [each for each in cells if each.cell.architecture not in IN_PARTS]
    exported_in = EXPORTED_IN.get((cell.method, cell.format), DEFAULT)
    places = unique([exported_in, *(each.environment for each in cells)])
    seconds = sum(each.seconds.get(stage, 0.0) for each in cells for stage in OWN_STAGES)
    way = [cell.captured, shown(cell.format), shown(cell.runtime), ", ".join(places)]
    return [*way, _passed(whole), _passed(parts), _stops(cells), f"{seconds:.0f}"]


def _passed(cells: list[Result]) -> str:
    ran = [each for each in cells if not each.absent]
    return f"{sum(each.passed for each in ran)} of {len(ran)}" if ran else "–"


def _stops(cells: list[Result]) -> str:
    where = Counter(
        "unavailable" if each.absent else str(each.stage) for each in cells if not each.passed
    )
    return ", ".join(f"{stage} {count}" for stage, count in where.most_common())


def _environment(name: str, made: Versions) -> list[str]:
    cost = "the project's own" if name == DEFAULT else made.cost or "–"
    return [name, made.python, made.platform, cost, made.listed]
