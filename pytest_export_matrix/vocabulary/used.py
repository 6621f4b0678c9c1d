"""What a task used of the packages of its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List


@dataclass(frozen=True)
class Used:
    """`names` of the modules that a task imported or looked for, and of the packages whose metadata
    it asked for, whether they are there or not. `everything`: that is not known, any package may
    have counted."""

    names: List[str] = field(default_factory=list)
    everything: bool = False


EVERYTHING = Used(everything=True)
