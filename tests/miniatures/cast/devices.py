"""Engines that claim to work on any device, named by what they do on the other one."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np


class LoadsAnywhere:
    def __init__(self, path: str, device: str, threads: int) -> None:
        self.device = device

    def run(self, arguments: Any) -> Any:
        return (arguments[0] * np.float32(2),)

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None


class LoadsOnItsDeviceAlone(LoadsAnywhere):
    def __init__(self, path: str, device: str, threads: int) -> None:
        if device != "cpu":
            raise RuntimeError("no such device as the file asks for")


class AnswersOtherwiseElsewhere(LoadsAnywhere):
    def run(self, arguments: Any) -> Any:
        factor = 2 if self.device == "cpu" else 3
        return (arguments[0] * np.float32(factor),)
