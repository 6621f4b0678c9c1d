"""What a task says of the exception that ended it."""

from __future__ import annotations

import pytest

from pytest_export_matrix.vocabulary.outcomes import Outcome
from pytest_export_matrix.worker.messages import Answer
from pytest_export_matrix.worker.task import attempt


def raised(error: BaseException) -> Answer:
    def work() -> Answer:
        raise error

    return attempt(work)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no such layer"), "ValueError: no such layer"),
        (RuntimeError("\nThe size of tensor a"), "RuntimeError: The size of tensor a"),
        (
            RuntimeError("dim == 3\nException raised from f at a.cpp:3:\nframe #0: c10::f(int)\n"),
            "RuntimeError: dim == 3",
        ),
        (SystemExit(0), "SystemExit: 0"),
        (AssertionError(), "AssertionError: raise error (test_task.py:14 in work)"),
    ],
)
def test_an_exception_is_named_with_its_message_or_the_line_that_raised_it(
    error: BaseException, reason: str
) -> None:
    answer = raised(error)
    assert (answer.outcome, answer.reason) == (Outcome.FAILED, reason)
