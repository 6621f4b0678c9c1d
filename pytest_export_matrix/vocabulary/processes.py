"""How a process ended, in words, and how one is bound to the process that started it."""

from __future__ import annotations

import signal
import sys

SIGKILL = "SIGKILL"
#: What a person, a scheduler or the kernel sends. A process that crashes by itself gets others.
FROM_OUTSIDE = (SIGKILL, "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT")


def describe_code(code: int) -> str:
    """An exit code of `subprocess` in words. A negative one is the number of a signal."""
    if code >= 0:
        return f"ended with exit code {code} before it had answered"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (out of memory, perhaps: nobody here sent it)" if name == SIGKILL else ""
    return f"killed by {name}{hint}"


def is_from_outside(reason: str) -> bool:
    """Whether a reason in the words of `describe_code` names a signal that came from outside."""
    return any(f"killed by {name}" in reason for name in FROM_OUTSIDE)


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it is gone (Linux)."""
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def adopt_orphans() -> None:
    """Have this process be the parent of descendants whose own parents are gone (Linux)."""
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def _prctl(option: int, value: int) -> None:
    """prctl(2)."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(option, value)
