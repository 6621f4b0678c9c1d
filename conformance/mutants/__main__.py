"""Do the suite's inputs and the comparison notice a wrong file? Faults planted in ONNX files.

    python -m conformance.mutants
    python -m conformance.mutants classifier faster_rcnn --most 5

The model of each architecture is exported by `torch.onnx.export`, and the file is changed in one
place at a time (`planting.py`). ONNX Runtime answers every case of the cell with it, and the
comparison judges that (`judging.py`). A mutant

    answers wrongly    and the comparison says so
    does not run       the engine refuses the file, raises, crashes or does not end
    same bits          every answer is that of the original: these inputs cannot tell them apart
    unseen             answers differ, and are within tolerance: here a fault could hide

The last two are listed. A whole run writes reports/mutants.md.
"""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from conformance.architectures.table import ARCHITECTURES
from conformance.mutants.judging import Fate
from conformance.mutants.run import Judged, judged

KNOWN = {each.name: each for each in ARCHITECTURES}
REPORT = Path("reports/mutants.md")


def report(found: list[Judged]) -> str:
    """Markdown: how many mutants ended how, by model and by kind, and those nobody noticed."""
    by = {fate: [each for each in found if each.verdict.fate is fate] for fate in Fate}
    unseen = [(*_place(each), _most(each.verdict.required)) for each in by[Fate.UNSEEN]]
    same = [_place(each) for each in by[Fate.EQUAL]]
    place = ("Model", "Fault", "Where")
    parts = [
        "# Planted faults",
        f"{len(found)} faults in ONNX files, one in each. {len(by[Fate.WRONG])} were noticed by "
        f"the comparison, {len(by[Fate.ENDED])} by ONNX Runtime. {len(same)} change no bit of any "
        f"answer, {len(unseen)} change answers by less than can be told from rounding. Written by "
        "`python -m conformance.mutants`.",
        _counts("Model", [(each.architecture, each.verdict.fate) for each in found]),
        _counts("Fault", [(each.kind, each.verdict.fate) for each in found]),
        "- answers wrongly: the comparison says so.\n"
        "- does not run: the engine refuses the file, raises, crashes or does not end.\n"
        "- same bits: every answer is that of the original.\n"
        "- unseen: answers differ, and are within tolerance.",
        "## Unseen",
        "How far the outputs that move are off, in units of the eager model's own noise: 16 are "
        "allowed, a few of many values may be off further.",
        _table((*place, "Off by"), unseen) if unseen else "None.",
        "## Same bits",
        "The inputs of the cell cannot tell these files from the original.",
        _table(place, same) if same else "None.",
    ]
    return "\n\n".join(parts) + "\n"


def _place(judged: Judged) -> tuple[str, str, str]:
    return judged.architecture, judged.kind, f"`{judged.where}`"


def _counts(title: str, ends: list[tuple[str, Fate]]) -> str:
    of: dict[str, collections.Counter[Fate]] = {}
    for name, fate in ends:
        of.setdefault(name, collections.Counter())[fate] += 1
    of["all"] = collections.Counter(fate for _, fate in ends)
    rows = [(name, sum(by.values()), *(by[fate] for fate in Fate)) for name, by in of.items()]
    return _table((title, "Planted", *(fate.value for fate in Fate)), rows)


def _most(required: dict[str, float]) -> str:
    if not required:
        return ""
    name = max(required, key=lambda each: required[each])
    return f"{required[name]:.1f} ({name})"


def _table(header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    return str(tabulate(rows, headers=header, tablefmt="github", disable_numparse=True))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m conformance.mutants", description="Plant faults in exported ONNX files."
    )
    parser.add_argument(
        "architectures",
        nargs="*",
        choices=[[], *KNOWN],
        metavar="ARCHITECTURE",
        help="of the suite; without one, all, and the report is written",
    )
    parser.add_argument("--most", type=int, default=20, help="of each kind (default: 20)")
    options = parser.parse_args()
    found: list[Judged] = []
    for name in options.architectures or KNOWN:
        for each in judged(KNOWN[name], options.most):
            found.append(each)
            print(f"{each.verdict.fate.value}: {name}: {each.kind}: {each.where}", file=sys.stderr)  # noqa: T201
    text = report(found)
    if options.architectures:
        print(text)  # noqa: T201
    else:
        REPORT.write_text(text)


if __name__ == "__main__":
    main()
