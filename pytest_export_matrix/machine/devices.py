"""Which devices this machine has, as far as that can be seen without asking a library."""

from __future__ import annotations

import functools
import glob
import sys
from typing import Optional

#: On Linux a CUDA or ROCm device appears as one of these. Without any, no worker is asked.
NODES = ("/dev/nvidia[0-9]*", "/dev/nvhost-*", "/dev/dxg", "/dev/kfd")


def absent(device: str) -> Optional[str]:
    """Why `device` is certainly absent; None where a worker has to find out."""
    if device == "cpu" or not sys.platform.startswith("linux") or _has_node():
        return None
    return f"{device}: this machine has no GPU (none of {', '.join(NODES)})"


@functools.lru_cache(maxsize=None)
def _has_node() -> bool:
    return any(glob.glob(pattern) for pattern in NODES)


def described(device: str) -> str:
    """Driver and model of the GPU, for keys."""
    if device == "cpu":
        return ""
    texts = []
    for path in sorted(
        glob.glob("/proc/driver/nvidia/version")
        + glob.glob("/proc/driver/nvidia/gpus/*/information")
    ):
        with open(path, encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    return "".join(texts)
