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


#: The label of sample inputs that an architecture does not name.
ORDINARY = "ordinary"
OUTCOMES = [outcome.value for outcome in Outcome]


@dataclass
class Warned:
    """A warning of a library, and how often it was given."""

    category: str
    message: str
    count: int


class Failure(Exception):
    """A failure that a task itself found. Its text is the whole reason.

    `detail` is shown below it, in the place of a traceback.
    """

    def __init__(self, reason: str, outcome: Outcome = Outcome.FAILED, detail: str = "") -> None:
        super().__init__(reason)
        self.outcome, self.detail = outcome, detail


def shorten(text: str, limit: int = REASON_LIMIT) -> str:
    """`text` without surrounding blanks. Where it exceeds `limit`, its middle is left out.

    It is cut between words of at most 200 characters. So a path is kept whole or not at all, and
    can still be replaced.
    """
    text = text.strip()
    if len(text) <= limit:
        return text
    half = limit // 2
    head = re.sub(r"\s\S{0,200}\Z", "", text[:half])
    tail = re.sub(r"\A\S{0,200}\s", "", text[-half:])
    return f"{head}\n[... {len(text) - len(head) - len(tail)} characters ...]\n{tail}"
