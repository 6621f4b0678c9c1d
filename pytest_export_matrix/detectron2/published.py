"""The support table that detectron2 publishes, and what its cells came to here.

https://github.com/facebookresearch/detectron2/blob/v0.6/docs/tutorials/deployment.md, and the same
file of its main branch. Each entry of the table is a claim about cells; a claim is held against
one cell a model, with the outputs that the guide speaks of: scripting, and tracing of an R-CNN,
give those of the network, Caffe2Model and a traced RetinaNet postprocessed ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from pytest_export_matrix.cells import Cell
from pytest_export_matrix.outcomes import Result
from pytest_export_matrix.results import Results
from pytest_export_matrix.support import NO, NOT_RUN, YES

METHODS = ("tracing", "scripting", "caffe2_tracing")
#: The function of detectron2 and the format, by column.
WAYS = {
    "tracing": ("tracing_adapter", "torchscript"),
    "scripting": ("scripting_with_instances", "torchscript"),
    "caffe2_tracing": ("caffe2_tracer", "caffe2"),
}
ROWS = {
    "Faster/Mask/Keypoint R-CNN": ("faster_rcnn", "mask_rcnn", "keypoint_rcnn"),
    "RetinaNet": ("retinanet",),
    "PointRend R-CNN": ("pointrend_rcnn",),
    "Cascade R-CNN": ("cascade_rcnn",),
    "Panoptic FPN": ("panoptic_fpn",),
}
#: By version: the ending of its methods, the runtime of TorchScript, and what each row says of the
#: columns in turn, None where it says nothing. Two rows are of the text alone: v0.6 says that
#: Cascade R-CNN is not supported, and both that caffe2_tracing takes Panoptic FPN.
Says = Tuple[Optional[bool], Optional[bool], Optional[bool]]
PUBLISHED: Dict[str, Tuple[str, str, Dict[str, Says]]] = {
    "detectron2_0_6": (
        "_0_6",
        "detectron2_pytorch_1_10",
        {
            "Faster/Mask/Keypoint R-CNN": (True, True, True),
            "RetinaNet": (True, True, True),
            "PointRend R-CNN": (True, False, False),
            "Cascade R-CNN": (False, False, False),
            "Panoptic FPN": (None, None, True),
        },
    ),
    "detectron2": (
        "",
        "pytorch",
        {
            "Faster/Mask/Keypoint R-CNN": (True, True, True),
            "RetinaNet": (True, True, True),
            "PointRend R-CNN": (True, False, False),
            "Cascade R-CNN": (True, False, False),
            "Panoptic FPN": (None, None, True),
        },
    ),
}
#: The one that tracing is described for as it is called, with its postprocessing.
TRACED_WHOLE = ("tracing", "retinanet")
#: Resolution and batch of a cell, and what is said of each column; of supported models alone.
LIMITS = {
    "dynamic resolution": ("dynamic", "1", (True, True, True)),
    "a batch of two": ("fixed", "2", (True, True, False)),
    "dynamic batch": ("fixed", "dynamic", (False, True, False)),
}


@dataclass(frozen=True)
class Claim:
    """What `version` says of one cell: that it works, or that it does not."""

    version: str
    row: str
    method: str
    says: bool
    cell: Cell


def claims(version: str) -> Iterator[Claim]:
    ending, torchscript, rows = PUBLISHED[version]
    for row, entries in rows.items():
        for method, says in zip(METHODS, entries):
            if says is None:
                continue
            function, format = WAYS[method]
            runtime = "detectron2_caffe2" if format == "caffe2" else torchscript
            for model in ROWS[row]:
                raw = "" if format == "caffe2" or (method, model) == TRACED_WHOLE else "_raw"
                names = (f"{version}_{model}{raw}", function + ending, format, runtime, "cpu")
                yield Claim(version, row, method, says, Cell(*names, "fixed", "1"))
                for what, (resolution, batch, limits) in LIMITS.items():
                    if says:
                        limit = limits[METHODS.index(method)]
                        cell = Cell(*names, resolution, batch)
                        yield Claim(version, f"{row}, {what}", method, limit, cell)


def render(results: Results) -> str:
    """Markdown: for each version the published entry beside what was found, then the differences,
    each with its cell and the reason."""
    found = {result.cell.id: result for result in results.cells}
    parts = ["# Beside the table of detectron2\n"]
    for version in PUBLISHED:
        held = [(claim, found.get(claim.cell.id)) for claim in claims(version)]
        if any(result for _, result in held):
            parts.append(f"## {version}\n")
            parts.append(_table(held))
            parts.append(_differences(held))
    if len(parts) == 1:
        parts.append("None of the cells that it speaks of was run.\n")
    return "\n".join(parts)


Held = List[Tuple[Claim, Optional[Result]]]


def _table(held: Held) -> str:
    lines = [f"| published / here | {' | '.join(METHODS)} |", "| --- " * 4 + "|"]
    for row in dict.fromkeys(claim.row for claim, _ in held):
        entries = []
        for method in METHODS:
            of_entry = [each for each in held if (each[0].row, each[0].method) == (row, method)]
            entries.append(_entry(of_entry))
        lines.append(f"| {row} | {' | '.join(entries)} |")
    return "\n".join(lines) + "\n"


def _entry(held: Held) -> str:
    if not held:
        return "–"
    says = YES if held[0][0].says else NO
    seen = {mark(result) for _, result in held}
    if len(seen) == 1:
        return f"{says} / {seen.pop()}"
    each = (f"{mark(result)} {claim.cell.architecture}" for claim, result in held)
    return f"{says} / {', '.join(each)}"


def mark(result: Optional[Result]) -> str:
    if result is None or result.absent:
        return NOT_RUN
    return YES if result.passed else f"{NO} ({result.stage})"


def _differences(held: Held) -> str:
    lines = []
    for claim, result in held:
        if result is None or result.absent or result.passed == claim.says:
            continue
        says = "works" if claim.says else "does not"
        lines.append(f"- {claim.row}, {claim.method}: published as what {says}; {result.headline}")
        lines.append(f"  `{claim.cell.id}`")
    run = sum(result is not None and not result.absent for _, result in held)
    head = f"{len(held)} claims, {run} of them tried, {len(lines) // 2} of these not true here"
    return "\n".join([head + (":" if lines else "."), "", *lines]) + "\n"
