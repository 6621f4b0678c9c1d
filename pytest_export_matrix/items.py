"""Cells as pytest items."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Tuple

import pytest

from pytest_export_matrix.cells import NODE, Cell
from pytest_export_matrix.outcomes import Result

REASON_LINES, DETAIL_LINES = 12, 25


class CellFailed(Exception):
    """A cell that did not pass."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(result.headline)


class MatrixCollector(pytest.Collector):
    """The node above all cells."""

    def __init__(self, cells: List[Cell], result: Callable[[Cell], Result], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._cells, self._result = cells, result

    def collect(self) -> Iterator["CellItem"]:
        for cell in self._cells:
            yield CellItem.from_parent(self, name=cell.id, cell=cell, result=self._result)


class CellItem(pytest.Item):
    """One cell. Running it asks for its result, which is made elsewhere."""

    def __init__(self, cell: Cell, result: Callable[[Cell], Result], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell, self._result = cell, result
        self.user_properties.extend(cell.axes.items())
        self.add_marker(pytest.mark.export_matrix(**cell.axes))
        self.result: Optional[Result] = None

    def runtest(self) -> None:
        self.result = self._result(self.cell)
        if self.result.absent:
            pytest.skip(f"unavailable: {self.result.reason}")
        if not self.result.passed:
            raise CellFailed(self.result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CellFailed):
            return describe(excinfo.value.result)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> Tuple[Path, Optional[int], str]:
        return Path(NODE), None, self.cell.id


def describe(result: Result) -> str:
    """A result that did not pass: its reason, the end of the traceback or log, how to repeat it."""
    where = f" at {result.stage}" if result.stage else ""
    reason = (result.reason or "").splitlines()[:REASON_LINES]
    detail = result.detail.splitlines()[-DETAIL_LINES:]
    lines = [f"{result.outcome}{where}: " + "\n".join(reason), "", *detail]
    return "\n".join([*lines, "", f"run it alone: {result.repro}"])
