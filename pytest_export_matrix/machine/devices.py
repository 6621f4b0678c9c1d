"""Which devices this machine has, as far as that can be seen without asking a library."""

from __future__ import annotations

import functools
import glob
import shutil
import sys
from typing import List, Optional

from pytest_export_matrix.vocabulary.cells import DEVICES

#: On Linux a CUDA or ROCm device appears as one of these. Without any, no worker is asked.
NODES = ("/dev/nvidia[0-9]*", "/dev/nvhost-*", "/dev/dxg", "/dev/kfd")


#: Elsewhere the driver has a program.
DRIVER = "nvidia-smi"


def here() -> List[str]:
    """The devices that are not certainly absent."""
    return [device for device in DEVICES if not absent(device)]


def absent(device: str) -> Optional[str]:
    """Why `device` is certainly absent; None where a worker has to find out."""
    if device == "cpu" or _has_gpu():
        return None
    looked_for = ", ".join(NODES) if sys.platform.startswith("linux") else DRIVER
    return f"{device}: this machine has no GPU (none of {looked_for})"


@functools.lru_cache(maxsize=None)
def _has_gpu() -> bool:
    if sys.platform.startswith("linux"):
        return any(glob.glob(pattern) for pattern in NODES)
    return shutil.which(DRIVER) is not None


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
