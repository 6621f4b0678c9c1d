"""Find by trying the fewest extra modules that get a file as far as all of them do. Pure."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Callable, List, Sequence, Tuple

from pytest_export_matrix.execution.answers import StepAnswer, progress, stopped_before
from pytest_export_matrix.results.result import Trial
from pytest_export_matrix.vocabulary.outcomes import STAGES, Outcome, Stage

#: Runs the file with the given extras; a further True adds the model's own code.
Attempt = Callable[..., StepAnswer]
OWN_CODE = "the model's own code"
REASON_SHOWN = 160


@dataclass
class Search:
    """The result of a search: the `answer` with the `extras` that it found, and all its trials.
    `own_code` names the module of the model where the file needs it."""

    answer: StepAnswer
    extras: List[str] = field(default_factory=list)
    trials: List[Trial] = field(default_factory=list)
    own_code: str = ""

    @property
    def settled(self) -> bool:
        """Whether other inputs need the same extras. A failure at run may be due to these inputs;
        a crash, a time limit or a worker that did not start tells nothing."""
        if self.answer.transient:
            return False
        failed = self.answer.outcome is Outcome.FAILED
        return self.answer.passed or (failed and self.answer.stage in (Stage.LOAD, Stage.COMPARE))

    def whole(self) -> StepAnswer:
        """The answer with what the search found out."""
        answer = replace(self.answer, extras=self.extras, trials=self.trials)
        if self.own_code and stopped_before(self.answer, Stage.RUN):
            needs = f"the file needs {self.own_code!r}: {OWN_CODE}, which a runtime does not have"
            answer.reason = f"{needs}; without it: {self.answer.reason.strip()}"
        return answer


def search(candidates: Sequence[str], attempt: Attempt) -> Search:
    """Try the file alone. If it fails before it has answered, try it with all `candidates`. If that
    gets further, try ever larger sets of them until one gets as far.

    So nothing is tried that cannot help, and the first set that helps is a smallest one. A crash
    ends the search: no missing extra causes it. A transient failure ends it too: it tells nothing
    about the file.
    """
    found = Search(attempt(()))
    found.trials.append(trial((), found.answer))
    alone = found.answer
    if not candidates or not stopped_before(alone, Stage.COMPARE) or alone.transient:
        return found
    whole = attempt(candidates)
    found.trials.append(trial(candidates, whole))
    if whole.transient:
        found.answer = whole
    if reach(whole) <= reach(alone) or whole.transient:
        return found
    for extras in _smaller(candidates):
        answer = attempt(extras)
        found.trials.append(trial(extras, answer))
        if reach(answer) >= reach(whole) or answer.transient:
            found.answer, found.extras = answer, list(extras)
            return found
    found.answer, found.extras = whole, list(candidates)
    return found


def with_own_code(found: Search, module: str, attempt: Attempt) -> Search:
    """Try once more a file that did not load, now with the model's own module. Returns `found`.

    Such a file is of no use without the model, so a success changes only the reason.
    """
    if not stopped_before(found.answer, Stage.RUN) or OWN_CODE in found.answer.reason:
        return found
    answer = attempt(found.extras, True)
    found.trials.append(trial([*found.extras, module], answer))
    if reach(answer) > reach(found.answer):
        found.own_code = module
    return found


def _smaller(candidates: Sequence[str]) -> List[Tuple[str, ...]]:
    """The sets that are neither empty nor all of `candidates`, small ones first."""
    sizes = range(1, len(candidates))
    return [each for size in sizes for each in itertools.combinations(candidates, size)]


def reach(answer: StepAnswer) -> int:
    """How far a file got: the place of the stage it ended in; past them all where it passed."""
    return len(STAGES) if answer.passed else progress(answer)


def trial(extras: Sequence[str], answer: StepAnswer) -> Trial:
    """One attempt, with the first line of its reason."""
    lines = answer.reason.strip().splitlines()
    reason = lines[0][:REASON_SHOWN] if lines else None
    return Trial(list(extras), answer.outcome, answer.stage, reason)
