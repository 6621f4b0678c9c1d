"""How a cell can end: its stage and its outcome; what libraries warned of on the way."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

#: Where the reason of a result is cut: an error of torch.export can span hundreds of lines.
REASON_LIMIT = 2000


class Word(str, enum.Enum):
    """A word of a closed list. It is a text, also where it is formatted."""

    def __str__(self) -> str:
        return str(self.value)


class Stage(Word):
    """The steps of a cell, in order."""

    BUILD = "build"
    REFERENCE = "reference"
    EXPORT = "export"
    LOAD = "load"
    RUN = "run"
    COMPARE = "compare"


STAGES = [stage.value for stage in Stage]


class Outcome(Word):
    """What became of a cell. Every planned cell has exactly one."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    UNAVAILABLE = "unavailable"


#: Sample inputs that an architecture has no word for.
ORDINARY = "ordinary"
OUTCOMES = [outcome.value for outcome in Outcome]


@dataclass
class Warned:
    """A warning of a library, and how often it was given."""

    category: str
    message: str
    count: int


class Failure(Exception):
    """A failure whose text is the whole reason: what a task finds, rather than what was raised.

    `detail` is shown below it, in the place of a traceback.
    """

    def __init__(self, reason: str, outcome: Outcome = Outcome.FAILED, detail: str = "") -> None:
        super().__init__(reason)
        self.outcome, self.detail = outcome, detail


def shorten(text: str, limit: int = REASON_LIMIT) -> str:
    """`text` without surrounding blanks; beyond `limit` without what is in the middle of it.

    It is cut between words, where they are not longer than a line: of a path, either all is left
    or nothing, so that it can still be replaced.
    """
    text = text.strip()
    if len(text) <= limit:
        return text
    half = limit // 2
    head = re.sub(r"\s\S{0,200}\Z", "", text[:half])
    tail = re.sub(r"\A\S{0,200}\s", "", text[-half:])
    return f"{head}\n[... {len(text) - len(head) - len(tail)} characters ...]\n{tail}"
