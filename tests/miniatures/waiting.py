"""Waiting for what another process does."""

from __future__ import annotations

import time
from typing import Callable

DEADLINE = 120.0


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
