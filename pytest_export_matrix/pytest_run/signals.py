"""SIGTERM and SIGHUP end a run as Ctrl-C does: with what it has found, and without workers."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Dict, Optional

#: What schedulers and terminals send. Windows has no SIGHUP.
ENDING = ("SIGTERM", "SIGHUP")


class EndLikeCtrlC:
    """From `begin` to `end`. A signal that the program around pytest handles or ignores is left
    alone (`nohup` ignores SIGHUP)."""

    def __init__(self) -> None:
        self._before: Dict[signal.Signals, Any] = {}

    def begin(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for name in ENDING:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                self._before[number] = signal.signal(number, self._interrupt)

    def _interrupt(self, number: int, frame: Optional[FrameType]) -> None:
        # The run is ending from here on; a second signal must not break off what it saves.
        for each in self._before:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number).name)

    def end(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
