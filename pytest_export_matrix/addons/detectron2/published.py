"""Compare the support table that detectron2 publishes with the results here.

https://github.com/facebookresearch/detectron2/blob/v0.6/docs/tutorials/deployment.md, and the same
file of its main branch. Each entry of the table is a claim. It is compared with one cell for each
model, with the outputs that the guide describes: scripting, and tracing of an R-CNN, give outputs
of the network; Caffe2Model and a traced RetinaNet give postprocessed ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from pytest_export_matrix.reporting.grades import (
    ALL,
    LEGEND,
    NONE,
    NOT_PLANNED,
    Marks,
    graded,
    is_unknown,
    listed,
)
from pytest_export_matrix.reporting.markup import MARKDOWN
from pytest_export_matrix.reporting.names import NO_EXTRAS, NOT_RUN
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.cells import Cell

METHODS = ("tracing", "scripting", "caffe2_tracing")
#: The function of detectron2 and the format, by column.
WAYS = {
    "tracing": ("tracing_adapter", "torchscript"),
    "scripting": ("scripting_with_instances", "torchscript"),
    "caffe2_tracing": ("caffe2_tracer", "caffe2"),
}
#: What files need beside the runtime. "Caffe2 ops" are in PyTorch 1.10, which is the runtime here.
DEPENDENCIES = {"tracing": ["torchvision"], "scripting": ["torchvision"], "caffe2_tracing": []}
ROWS = {
    "Faster/Mask/Keypoint": ("faster_rcnn", "mask_rcnn", "keypoint_rcnn"),
    "RetinaNet": ("retinanet",),
    "PointRend R-CNN": ("pointrend_rcnn",),
    "Cascade R-CNN": ("cascade_rcnn",),
    "Panoptic FPN": ("panoptic_fpn",),
}
Says = Tuple[Optional[bool], Optional[bool], Optional[bool]]


@dataclass(frozen=True)
class Version:
    """A version of detectron2: the ending of its methods, its runtimes by what they run, and what
    each row says about the columns, in order; None where it says nothing."""

    ending: str
    runtimes: Dict[str, str]
    rows: Dict[str, Says]


#: Two rows come from the guide's text, not its table: in v0.6 it says that Cascade R-CNN is not
#: supported, in both versions that caffe2_tracing takes Panoptic FPN.
PUBLISHED = {
    "detectron2_0_6": Version(
        "_0_6",
        {
            "torchscript": "detectron2_pytorch_1_10",
            "caffe2": "detectron2_caffe2",
            "onnx": "onnxruntime",
            "c++": "detectron2_libtorch_1_10",
        },
        {
            "Faster/Mask/Keypoint": (True, True, True),
            "RetinaNet": (True, True, True),
            "PointRend R-CNN": (True, False, False),
            "Cascade R-CNN": (False, False, False),
            "Panoptic FPN": (None, None, True),
        },
    ),
    "detectron2": Version(
        "",
        {
            "torchscript": "pytorch",
            "caffe2": "detectron2_caffe2",
            "onnx": "onnxruntime",
            "c++": "libtorch",
        },
        {
            "Faster/Mask/Keypoint": (True, True, True),
            "RetinaNet": (True, True, True),
            "PointRend R-CNN": (True, False, False),
            "Cascade R-CNN": (True, False, False),
            "Panoptic FPN": (None, None, True),
        },
    ),
}
#: The only model that the guide traces with its postprocessing.
TRACED_WHOLE = ("tracing", "retinanet")
#: Resolution and batch of a cell, and what the table says about each column, for supported models.
LIMITS = {
    "other sizes": ("dynamic", "1", (True, True, True)),
    "a batch of two": ("fixed", "2", (True, True, False)),
    "dynamic batch": ("fixed", "dynamic", (False, True, False)),
}
AT_ALL = "at all"
#: What else the table names for supported models: format, runtime, columns. To run an ONNX file
#: with operators of Caffe2, it names only Caffe2, which takes no such file.
IN_CPP, IN_PYTORCH, ONNX_FILE = "in C++", "TorchScript", "the ONNX file"
FURTHER = {
    IN_CPP: ("torchscript", "c++", METHODS),
    IN_PYTORCH: ("torchscript", "torchscript", ("caffe2_tracing",)),
    ONNX_FILE: ("onnx", "onnx", ("caffe2_tracing",)),
}


@dataclass(frozen=True)
class Claim:
    """What `version` says about one cell: that it works, or that it does not. `what` it is about is
    a column of the report. With `file`, the claim is only that there is a file."""

    version: str
    row: str
    what: str
    method: str
    says: bool
    cell: Cell
    file: bool = False

    def works(self, result: Optional[Result]) -> Optional[bool]:
        """Whether it does here; None where that is not known."""
        if result is None or is_unknown(result):
            return None
        return result.artifact is not None if self.file else result.passed


def claims(name: str) -> Iterator[Claim]:
    version = PUBLISHED[name]
    for row, entries in version.rows.items():
        for method, says in zip(METHODS, entries):
            if says is None:
                continue
            for model in ROWS[row]:
                yield from _of_model(name, version, row, method, model, says)


def _of_model(
    name: str, version: Version, row: str, method: str, model: str, says: bool
) -> Iterator[Claim]:
    function, format = WAYS[method]
    raw = "" if format == "caffe2" or (method, model) == TRACED_WHOLE else "_raw"
    first = (f"{name}_{model}{raw}", function + version.ending)
    names = (*first, format, version.runtimes[format], "cpu")
    yield Claim(name, row, AT_ALL, method, says, Cell(*names, "fixed", "1"))
    if not says:
        return
    for what, (resolution, batch, limits) in LIMITS.items():
        limit = limits[METHODS.index(method)]
        yield Claim(name, row, what, method, limit, Cell(*names, resolution, batch))
    for what, (format, runtime, methods) in FURTHER.items():
        if method in methods:
            cell = Cell(*first, format, version.runtimes[runtime], "cpu", "fixed", "1")
            yield Claim(name, row, what, method, True, cell, file=what == ONNX_FILE)


Held = List[Tuple[Claim, Optional[Result]]]


def render(results: Results) -> str:
    """Markdown for each version: a table for each method, whose entries are what is published and
    what was found here; the claims that are not true; and why what fails does."""
    found = {result.cell.id: result for result in results.cells}
    parts = ["# Beside the table of detectron2\n"]
    for version in PUBLISHED:
        held = [(claim, found.get(claim.cell.id)) for claim in claims(version)]
        there = [result for _, result in held if result]
        if there:
            marks = Marks.over(there)
            parts.append(f"## {version}\n")
            for method in METHODS:
                of_method = [each for each in held if each[0].method == method]
                parts += [f"**{method}**, published / here\n", _table(of_method, marks)]
            parts += [_differences(held, marks)]
            parts.append(MARKDOWN.bullets([*marks.footnotes(), *LEGEND]) + "\n")
    if len(parts) == 1:
        parts.append("None of the cells that it speaks of was run.\n")
    return "\n".join(parts)


def _table(held: Held, marks: Marks) -> str:
    columns = list(dict.fromkeys(claim.what for claim, _ in held))
    rows = []
    for row in dict.fromkeys(claim.row for claim, _ in held):
        entries = [
            _entry([each for each in held if (each[0].row, each[0].what) == (row, what)], marks)
            for what in columns
        ]
        rows.append([row, *entries])
    return MARKDOWN.table(["", *columns], rows) + "\n"


def _entry(held: Held, marks: Marks) -> str:
    if not held:
        return NOT_PLANNED
    says = ALL if held[0][0].says else NONE
    works = [claim.works(result) for claim, result in held]
    failed = [result for claim, result in held if result and claim.works(result) is False]
    return f"{says} / {graded(works)}{marks.references(failed)}"


def _needs(method: str, held: Held) -> str:
    """The published dependencies, and those of the files that work, with the number of cells."""
    counts = Counter(
        _listed(result.extra_dependencies)
        for claim, result in held
        if claim.method == method and result and result.passed
    )
    here = ", ".join(f"{needs} ({count} cells)" for needs, count in counts.items()) or NOT_RUN
    return f"{method} needs: {_listed(DEPENDENCIES[method])} as published, {here} here"


def _listed(modules: Sequence[str]) -> str:
    return ", ".join(modules) or NO_EXTRAS


def _differences(held: Held, marks: Marks) -> str:
    """The claims that are not true, and the files that work but need other dependencies than
    published. What each method needs counts as one claim."""
    tried = [(claim, r) for claim, r in held if r and claim.works(r) is not None]
    lines, wrong, methods = [], 0, set()
    for claim, result in tried:
        about = f"{claim.row}, {claim.method}, {claim.what}"
        if claim.works(result) != claim.says:
            wrong += 1
            says = "works" if claim.says else "does not"
            cause = marks.of_cell.get(result.cell.id)
            found = f"fails here{marks.references([result])}" if cause else "works here"
            if result.only_adversarial:
                found = f"{found}, at {listed(result.failed_on)} alone"
            lines.append(f"- {about}: published as what {says}, {found}: `{claim.cell.id}`")
        if result.passed and result.extra_dependencies != DEPENDENCIES[claim.method]:
            methods.add(claim.method)
            here, said = _listed(result.extra_dependencies), _listed(DEPENDENCIES[claim.method])
            lines.append(f"- {about}: needs {here}, not {said}: `{claim.cell.id}`")
    columns = list(dict.fromkeys(claim.method for claim, _ in held))
    known = {claim.method for claim, result in tried if result.passed}
    head = (
        f"{len(held) + len(columns)} claims, {len(tried) + len(known)} of them tried, "
        f"{wrong + len(methods)} of these not true here"
    )
    needs = [f"- {_needs(method, held)}" for method in columns]
    return "\n".join([head + (":" if lines else "."), "", *lines, *needs]) + "\n"
