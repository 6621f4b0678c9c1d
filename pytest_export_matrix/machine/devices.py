"""Which devices this machine has, as far as that can be seen without asking a library."""

from __future__ import annotations

import functools
import glob
import re
import shutil
import sys
from typing import List, Optional

from pytest_export_matrix.vocabulary.cells import DEVICES

#: On Linux a CUDA or ROCm device appears as one of these. Without any, no worker is asked.
NODES = ("/dev/nvidia[0-9]*", "/dev/nvhost-*", "/dev/dxg", "/dev/kfd")


#: Elsewhere the driver has a program.
DRIVER = "nvidia-smi"
#: Where NVIDIA's driver for Linux says what it is and what it found.
PROCFS = "/proc/driver/nvidia"


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
    return "" if device == "cpu" else "".join([*_read("version"), *_read("gpus/*/information")])


def gpus() -> str:
    """Model and driver of each NVIDIA GPU of this machine, for people; "" where none is known:
    "NVIDIA H100 80GB HBM3, driver 580.159.04"."""
    models = re.findall(r"^Model:\s*(.*\S)", "".join(_read("gpus/*/information")), re.MULTILINE)
    drivers = re.findall(r"^NVRM version:.*?\s(\d+(?:\.\d+)+)\s", "".join(_read("version")))
    return ", ".join([*models, *(f"driver {each}" for each in drivers)])


def _read(files: str) -> List[str]:
    """The text of each of `files` of NVIDIA's driver."""
    texts = []
    for path in sorted(glob.glob(f"{PROCFS}/{files}")):
        with open(path, encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    return texts
