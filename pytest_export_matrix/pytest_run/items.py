"""Cells as pytest items."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Tuple

import pytest

from pytest_export_matrix.judging.verdict import Verdict
from pytest_export_matrix.reporting.printable import printable
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import NODE, Cell

REASON_LINES, DETAIL_LINES = 12, 25


class CellFailed(Exception):
    """A cell that fails the run: it did not pass, or differs from the baseline."""

    def __init__(self, result: Result, verdict: Verdict) -> None:
        self.result, self.verdict = result, verdict
        super().__init__(printable(verdict.sentence if result.passed else result.headline))


class MatrixCollector(pytest.Collector):
    """The node above all cells."""

    def __init__(
        self,
        cells: List[Cell],
        result: Callable[[Cell], Result],
        verdict: Callable[[Result], Verdict],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._cells, self._result, self._verdict = cells, result, verdict

    def collect(self) -> Iterator["CellItem"]:
        for cell in self._cells:
            yield CellItem.from_parent(
                self, name=cell.id, cell=cell, result=self._result, verdict=self._verdict
            )


class CellItem(pytest.Item):
    """One cell. Running it asks for its result, which is made elsewhere."""

    def __init__(
        self,
        cell: Cell,
        result: Callable[[Cell], Result],
        verdict: Callable[[Result], Verdict],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cell, self._result, self._verdict = cell, result, verdict
        self.add_marker(pytest.mark.export_matrix(**cell.axes))
        self.result: Optional[Result] = None

    def runtest(self) -> None:
        self.user_properties.extend(itertools.starmap(_property, self.cell.axes.items()))
        self.result = self._result(self.cell)
        verdict = self._verdict(self.result)
        for name in ("outcome", "stage"):
            # Plain text: between the processes of pytest-xdist nothing else can travel.
            self.user_properties.append(_property(name, str(getattr(self.result, name) or "")))
        self.user_properties.append(_property("verdict", verdict.kind))
        if verdict.fails:
            raise CellFailed(self.result, verdict)
        if self.result.absent:
            pytest.skip(printable(f"unavailable: {self.result.reason}"))
        if not self.result.passed:
            pytest.xfail(f"accepted: {self.result.ending}. {verdict.sentence}".strip())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CellFailed):
            return describe(excinfo.value.result, excinfo.value.verdict)
        if isinstance(excinfo.value, pytest.xfail.Exception):
            return str(excinfo.value)  # its traceback is of no use, and slow to show
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> Tuple[Path, Optional[int], str]:
        return Path(NODE), None, self.name


@functools.lru_cache(maxsize=None)
def _property(name: str, value: str) -> Tuple[str, str]:
    """One object for the same property of many cells: each of them keeps eleven."""
    return name, value


def describe(result: Result, verdict: Verdict) -> str:
    """A failing result in words: its reason, the end of the traceback or log, what the baseline
    says about it, and how to repeat it."""
    reason = (result.reason or "").splitlines()[:REASON_LINES]
    detail = result.detail.splitlines()[-DETAIL_LINES:]
    lines = [f"{result.ending}: " + "\n".join(reason), "", *detail, ""]
    if verdict.sentence:
        lines.append(f"{verdict.kind}: {verdict.sentence}")
    return printable("\n".join([*lines, f"run it alone: {result.repro}"]))
