"""When to try once more what failed, and how to merge the two tries. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Optional

from pytest_export_matrix.execution.answers import StepAnswer
from pytest_export_matrix.vocabulary.outcomes import Outcome
from pytest_export_matrix.worker.messages import Answer

#: Whether a failure (of the named format, if any) is news, not just what is accepted.
IsNews = Callable[[Answer, str], bool]


def may_be_stored(answer: StepAnswer) -> bool:
    """Whether an answer may be remembered: the same work would give it again."""
    return not answer.transient and answer.outcome is not Outcome.UNAVAILABLE


def should_retry(answer: StepAnswer, is_news: IsNews, format: str = "") -> bool:
    """Whether to try once more what failed: it is news, and was tried only once."""
    ended = answer.passed or answer.outcome is Outcome.UNAVAILABLE
    return not ended and not answer.tried and is_news(answer, format)


def merge_attempts(first: Optional[StepAnswer], second: StepAnswer) -> StepAnswer:
    """Merge the answers of two tries of the same work.

    If both failed, the first failure is kept. If the second passed, its files are kept, and `flaky`
    holds how the first ended. If the second is unavailable, so is the result. What ended the first
    from outside (a kill, a worker that did not start) says nothing about the work: the second try
    counts alone.
    """
    if first is None or first.transient or second.outcome is Outcome.UNAVAILABLE:
        return second
    if not second.passed:
        return replace(first, tried=True, cached=False)
    ending = Answer(
        first.outcome,
        first.stage,
        first.reason,
        detail=first.detail,
        log=first.log,
        failed_on=first.failed_on,
        compared=first.compared,
    )
    return replace(second, flaky=ending)
