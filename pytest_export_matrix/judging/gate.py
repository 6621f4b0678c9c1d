"""The gate of a run: its baseline, what must be available, and what differs from the baseline."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Collection, Dict, FrozenSet, Optional, Sequence

from pytest_export_matrix.judging import acceptance, verdict
from pytest_export_matrix.judging import baseline as baselines
from pytest_export_matrix.judging.baseline import Baseline
from pytest_export_matrix.judging.verdict import Verdict
from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.results.changes import Changes
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.errors import BaselineError

SHOWN = 3


@dataclass
class Gate:
    """`path` is where the baseline is or (with `update`) will be, None without one. `required` are
    the ids of cells that have to be available. `command` names what accepts a cell's ending."""

    path: Optional[Path]
    baseline: Optional[Baseline]
    profile: str
    required: FrozenSet[str]
    update: bool
    command: Callable[[Cell], str]

    def verdict(self, result: Result) -> Verdict:
        found = self._judge(result)
        if self.update and found.fails and found.kind != "missing":
            return Verdict("accepted" if not result.passed else "passed", old=found.old)
        return found

    def is_accepted(self, result: Result) -> bool:
        """Whether a failure is just the accepted one, and need not be looked at again."""
        return not self._judge(result).fails

    def verdicts(self, results: Sequence[Result]) -> Dict[str, Verdict]:
        return {result.cell.id: self.verdict(result) for result in results}

    def changes(self, results: Sequence[Result]) -> Optional[Changes]:
        """What differs from the baseline as it was before an update; None without a baseline."""
        if self.baseline is None or self.path is None:
            return None
        verdicts = {result.cell.id: self._judge(result) for result in results}
        return verdict.changes(results, verdicts, f"baseline {self.path.name}")

    def _judge(self, result: Result) -> Verdict:
        """The verdict, whether or not this run accepts what it finds."""
        required = result.cell.id in self.required
        return verdict.judge(result, self.baseline, required, self.command(result.cell))

    def accept(self, results: Sequence[Result], whole: Optional[Collection[str]]) -> str:
        """Write today's endings into the baseline. Returns a line that says what that changed.
        `whole` holds the ids of all cells, if the run was one of all of them."""
        assert self.path is not None
        new = acceptance.updated(self.baseline, results, self.profile, whole)
        text = baselines.dumps(new)
        different = acceptance.differences(self.baseline, new)
        if self.baseline is None or text != baselines.dumps(self.baseline):
            write_whole(self.path, text)
        counts = f"{len(new.accepted)} failures accepted, {len(new.passing)} cells pass"
        return f"baseline {self.path}: {counts}, {len(different)} cells are not as before"


def load(path: Optional[Path], profile: str, update: bool) -> Optional[Baseline]:
    """The baseline of `profile` at `path`. None where no `path` is given, or, with `update`, where
    there is no such file yet.

    Raises BaselineError for one that is missing, cannot be read, or is of another profile.
    """
    if path is None or (update and not path.exists()):
        return None
    found = baselines.load(path)
    if found.profile != profile:
        raise BaselineError(
            f"baseline {path}",
            f"it is of the profile {found.profile!r}, this matrix is {profile!r}",
            remedy="--export-matrix-baseline FILE names one of its own; "
            "--export-matrix-baseline= does without",
        )
    return found


def check_all_there(path: Path, baseline: Baseline, whole: Collection[str]) -> None:
    """Raises BaselineError where a cell of the baseline is not in the matrix any more."""
    vanished = acceptance.gone(baseline, whole)
    if vanished:
        shown = ", ".join(vanished[:SHOWN])
        more = f" and {len(vanished) - SHOWN} more" if len(vanished) > SHOWN else ""
        close = difflib.get_close_matches(vanished[0], whole, n=1)
        raise BaselineError(
            f"baseline {path}",
            f"{len(vanished)} of its cells are not in the matrix: {shown}{more}",
            nearest=close[0] if close else None,
            remedy="if they are meant to be gone: pytest --export-matrix --export-matrix-update",
        )
