"""What a task used of the packages of its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List


@dataclass(frozen=True)
class Used:
    """`names` of the modules that a task imported, and of the packages whose metadata or files it
    read or did not find. `sought`: modules that it only looked for; it matters whether they are
    there. `everything`: that is not known, any package may have counted."""

    names: List[str] = field(default_factory=list)
    sought: List[str] = field(default_factory=list)
    everything: bool = False


EVERYTHING = Used(everything=True)
