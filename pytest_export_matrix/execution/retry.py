"""What a worker answered about one task, and what may be done with it.

An answer is a dict (see `worker.protocol`): outcome, stage, reason, seconds, ... Two keys are
added here: "tried" where a failure was tried once more and failed again, "flaky" where it passed
then, with how the first try ended.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

from pytest_export_matrix.machine.hashing import file_digest
from pytest_export_matrix.vocabulary.outcomes import STAGES, Outcome, Stage

Answer = Dict[str, Any]

#: Whether a failure (of the format named, if any) is news: not just what is accepted.
Doubted = Callable[[Answer, str], bool]


def passed(answer: Answer) -> bool:
    return bool(answer["outcome"] == Outcome.PASSED.value)


def lasting(answer: Answer) -> bool:
    """Whether an answer would be given again, so that it may be remembered."""
    return not answer.get("transient") and answer["outcome"] != Outcome.UNAVAILABLE.value


def with_capture(answer: Answer, whole: Answer, parts: Sequence[Answer]) -> Answer:
    """The answer about one format, with the time and the warnings of the capture they share."""
    seconds = dict(whole.get("seconds", {}))
    if "export" in seconds:
        others = sum(part.get("part_seconds", 0.0) for part in parts if part is not answer)
        seconds["export"] -= others
    shared = whole.get("warnings", []) if answer is not whole else []
    return {
        **answer,
        "seconds": seconds,
        "warnings": [*shared, *answer.get("warnings", [])],
        "stage": answer.get("stage") or Stage.EXPORT.value,
    }


def worth_another(answer: Answer, doubted: Doubted, format: str = "") -> bool:
    """Whether what failed is to be tried once more: it is news, and was tried only once."""
    ended = passed(answer) or answer["outcome"] == Outcome.UNAVAILABLE.value
    return not ended and not answer.get("tried") and doubted(answer, format)


def twice(first: Optional[Answer], second: Answer) -> Answer:
    """What two tries of the same work came to: a failure stays one. Where the second passed, its
    files are kept and "flaky" holds how the first ended."""
    if first is None:
        return second
    if not passed(second):
        return {**first, "tried": True, "cached": False}
    kept = ("outcome", "stage", "reason", "deviating", "failed_on", "detail", "log")
    return {**second, "flaky": {name: first[name] for name in kept if name in first}}


def unchanged(dependencies: Mapping[str, str]) -> bool:
    """Whether the files, each with its sha256, are still as they were."""
    try:
        return all(file_digest(Path(name)) == sha256 for name, sha256 in dependencies.items())
    except OSError:
        return False


def dependencies(answers: Sequence[Answer]) -> Dict[str, str]:
    """Every file that one of `answers` was made from."""
    return {name: sha for answer in answers for name, sha in answer["dependencies"].items()}


def progress(answer: Answer) -> int:
    return STAGES.index(answer["stage"]) if answer.get("stage") else -1


def stopped_before(answer: Answer, stage: Stage) -> bool:
    """Whether an ordinary failure, no crash, ended the task before `stage`."""
    return answer["outcome"] == Outcome.FAILED.value and progress(answer) < STAGES.index(
        stage.value
    )
