"""How a cell can end: its stage and its outcome; what libraries warned of on the way."""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass, field
from typing import Dict, List, Union

#: Where the reason of a result is cut: an error of torch.export can span hundreds of lines.
REASON_LIMIT = 2000
#: How many lines there is room for at least, however long one of them is.
LINES_AT_LEAST = 8


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


#: How far a cell's answers are off: figures of each output by their names, and counts of objects.
Deviation = Dict[str, Union[int, Dict[str, float]]]


@dataclass
class Warned:
    """A warning of a library, and how often it was given."""

    category: str
    message: str
    count: int


#: How many unseen tensors are named where a person reads.
UNSEEN_SHOWN = 5


@dataclass
class Sight:
    """What the sample inputs of a model see: how many tensors its state has, and the names of those
    that may be off by one percent without any input showing it. `problem` says why that could not
    be found out."""

    tensors: int = 0
    unseen: List[str] = field(default_factory=list)
    problem: str = ""

    @property
    def share(self) -> float:
        """The share of the tensors that is seen, 0 to 1."""
        return 1 - len(self.unseen) / self.tensors if self.tensors else 1.0

    @property
    def percent(self) -> str:
        """The share in words. Only all of the tensors are 100 %."""
        return f"{math.floor(100 * self.share)} %"

    @property
    def names(self) -> str:
        """The first unseen tensors, and how many more there are."""
        more = len(self.unseen) - UNSEEN_SHOWN
        names = ", ".join(self.unseen[:UNSEEN_SHOWN])
        return f"{names} and {more} more" if more > 0 else names

    @property
    def words(self) -> str:
        """For instance: 62 of 64 tensors (96 %); not: p7.weight, p7.bias."""
        seen = self.tensors - len(self.unseen)
        text = f"{seen} of {self.tensors} tensors ({self.percent})"
        return f"{text}; not: {self.names}" if self.unseen else text

    def beside(self, other: "Sight") -> "Sight":
        """What these inputs see together with those of `other`, which are asked of the same model:
        another one, or one that could not be looked at, adds nothing."""
        if self.problem or other.problem or self.tensors != other.tensors:
            return other if self.problem else self
        return Sight(self.tensors, [name for name in self.unseen if name in other.unseen])


class Failure(Exception):
    """A failure that a task itself found. Its text is the whole reason.

    `detail` is shown below it, in the place of a traceback.
    """

    def __init__(self, reason: str, outcome: Outcome = Outcome.FAILED, detail: str = "") -> None:
        super().__init__(reason)
        self.outcome, self.detail = outcome, detail


def shorten(text: str, limit: int = REASON_LIMIT) -> str:
    """`text` without surrounding blanks. Where it exceeds `limit`, the middle of long lines is left
    out, then that of the whole: one line of a thousand symbols is not to cost all the others.

    It is cut between words of at most 200 characters. So a path is kept whole or not at all, and
    can still be replaced.
    """
    text = text.strip()
    lines = text.splitlines()
    if len(text) > limit and len(lines) > 1:
        text = "\n".join(_without_middle(line, limit // LINES_AT_LEAST, " ") for line in lines)
    return _without_middle(text, limit, "\n")


def _without_middle(text: str, limit: int, around: str) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    head = re.sub(r"\s\S{0,200}\Z", "", text[:half])
    tail = re.sub(r"\A\S{0,200}\s", "", text[-half:])
    left_out = f"[... {len(text) - len(head) - len(tail)} characters ...]"
    return f"{head}{around}{left_out}{around}{tail}"
