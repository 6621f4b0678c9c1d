"""Whether a file or an engine is at fault, by what other runtimes make of the same file. Pure.

Cells have the same file where its digest is the same; they ask it the same where device, resolution
and batch are the same. A runtime that answers as the eager model does clears the file. Runtimes of
other engines that answer wrongly as well accuse it: two engines seldom err alike.
"""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from pytest_export_matrix.reporting.grids import unique
from pytest_export_matrix.reporting.names import engine, shown
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Stage

Asked = Tuple[str, ...]


class Arbiter:
    """Knows all results with a file."""

    def __init__(self, results: Sequence[Result]) -> None:
        self._alike: Dict[Asked, List[Result]] = {}
        for result in results:
            if result.artifact and not result.absent:
                self._alike.setdefault(_asked(result), []).append(result)

    def fault(self, cells: Sequence[Result]) -> str:
        """Whose fault the failure of `cells` is, in words; "" where other runtimes do not tell, or
        not the same for all of them."""
        right = [self._others(cell, passed=True) for cell in cells]
        wrong = [self._others(cell, passed=False) for cell in cells]
        if right and all(right):
            return f"the file is right: {_names(right)} answers it as the eager model does"
        if wrong and all(wrong) and not any(right):
            return f"the file is wrong: {_names(wrong)} answers it wrongly as well"
        return ""

    def _others(self, cell: Result, passed: bool) -> List[str]:
        """The other runtimes that answered the cell's file, and were right or wrong."""
        if not cell.artifact:
            return []
        answered = [
            each
            for each in self._alike.get(_asked(cell), [])
            if each.stage is Stage.COMPARE and each.passed is passed
        ]
        if passed:
            return [each.cell.runtime for each in answered if each.cell != cell.cell]
        own = engine(cell.cell.runtime)
        others = [each for each in answered if engine(each.cell.runtime) != own]
        return [each.cell.runtime for each in others] if cell.stage is Stage.COMPARE else []


def _asked(result: Result) -> Asked:
    assert result.artifact is not None
    cell = result.cell
    return (result.artifact.sha256, cell.device, cell.resolution, cell.batch)


def _names(runtimes: Sequence[List[str]]) -> str:
    """The runtimes that tell about every cell, or else those of the first one."""
    common = [name for name in runtimes[0] if all(name in each for each in runtimes)]
    return " or ".join(map(shown, unique(common or [each[0] for each in runtimes])))
