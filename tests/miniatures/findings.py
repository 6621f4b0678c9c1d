"""Results as a run of a small matrix would leave them."""

from __future__ import annotations

import itertools
from typing import Callable, Optional, Sequence

import states

from pytest_export_matrix.planning.matrix import BATCHES, RESOLUTIONS
from pytest_export_matrix.results.results import Results, Versions
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage

WAYS = (
    ("tracing", "torchscript", "pytorch"),
    ("tracing", "onnx", "onnxruntime"),
    ("scripting", "torchscript", "pytorch"),
)
#: Texts in a results file that are markup, or an attack, in some document.
HOSTILE = (
    "<script>alert(1)</script>",
    "a | b | c",
    "x \\| y \\",
    "*bold* **strong** _emphasis_ __init__ `code` ``",
    "[link](javascript:alert(1)) ![image](http://x.test/i.png) [1]_ [^1]",
    "first\nsecond\r\nthird\u2028fourth\x85fifth",
    "\x1b[31mred\x1b[0m \x00 \u202ereversed \ud800",
    "{raw}`html` {{ name }} $x^2$ ~~gone~~ &lt; &amp;",
    "|substitution| target_ __anonymous :role:`x` `text <javascript:alert(1)>`_",
    ".. raw:: html",
    "ends like a literal block::",
    "ends like a paragraph before one ::",
    "- bullet",
    "1. enumerated",
    "A. enumerated",
    "=====",
    ">>> doctest",
    ":field: value",
    "--option value",
    "/V option",
    "<!-- export-matrix: end -->",
    ".. export-matrix: end",
    "```",
    "+---+---+",
    "javascript:alert(1) http://x.test me@x.test",
    "# heading",
    "宽 ✅ é e\u0301 \u200b",
    "=1+1",
    "",
)


def results(
    reason: Callable[[Cell], Optional[str]] = lambda cell: None,
    architectures: Sequence[str] = ("net_a", "net_b"),
    devices: Sequence[str] = ("cpu",),
    absent: Sequence[str] = (),
    started: str = "2030-01-02T03:04:05+00:00",
    torch: str = "2.9",
) -> Results:
    """All cells. With a `reason` a cell failed at run; on an `absent` device it is unavailable."""
    cells = [
        Cell(architecture, *way, device, resolution, batch)
        for architecture, way in itertools.product(architectures, WAYS)
        for device, resolution, batch in itertools.product(devices, RESOLUTIONS, BATCHES)
    ]
    found = []
    for cell in cells:
        why = reason(cell)
        if cell.device in absent:
            absence = f"{cell.device}: none here"
            found.append(states.result(cell, Outcome.UNAVAILABLE, reason=absence))
        elif why is None:
            found.append(states.result(cell))
        else:
            found.append(states.failed(cell, Stage.RUN, reason=why))
    versions = Versions("3.12.1", "Linux", {"torch": torch, "onnx": "1.2"})
    return states.results(found, started=started, seconds=1.0, environments={"default": versions})


def hostile(text: str) -> Results:
    """Results with `text` wherever a file may hold any text."""
    found = results(lambda cell: text, torch=text, started=text)
    found.environments[text] = Versions(text, text, {text: text})
    for result in found.cells:
        result.environment = text
        result.deviating = [text]
    return found
