"""Which devices this machine has, as far as that can be seen without asking a library."""

from __future__ import annotations

import functools
import glob
import platform
import re
import shutil
import sys
from typing import List, Optional

from pytest_export_matrix.vocabulary.cells import DEVICES

#: On Linux a CUDA or ROCm device appears as one of these. Without any, no worker is asked.
NODES = ("/dev/nvidia[0-9]*", "/dev/nvhost-*", "/dev/dxg", "/dev/kfd")


#: Elsewhere the driver has a program.
DRIVER = "nvidia-smi"
#: Where Linux says what the processor can, and which of that libraries compute differently by.
CPUINFO = "/proc/cpuinfo"
VECTOR = re.compile(r"avx|amx|fma|f16c|sse|ssse|asimd|sve|sme(?!p)|bf16|i8mm|fphp")
#: Where NVIDIA's driver for Linux says what it is and what it found.
PROCFS = "/proc/driver/nvidia"


def here() -> List[str]:
    """The devices that are not certainly absent."""
    return [device for device in DEVICES if not absent(device)]


@functools.lru_cache(maxsize=None)  # one text for all cells
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
    """What answers on `device` depend on, for keys: the driver and the model of a GPU, the
    instructions of a processor that libraries choose their kernels and precision by."""
    if device == "cpu":
        return instructions()
    return "".join([*_read("version"), *_read("gpus/*/information")])


@functools.lru_cache(maxsize=None)
def instructions() -> str:
    """The vector instructions of this machine's processor, such as "avx avx2 f16c fma"; the name of
    the processor where the system does not list them."""
    try:
        with open(CPUINFO, encoding="utf-8", errors="replace") as file:
            listed = re.search(r"^(?:flags|Features)\s*:(.*)", file.read(), re.MULTILINE)
    except OSError:
        listed = None
    if listed is None:
        return platform.processor()
    return " ".join(sorted(filter(VECTOR.match, listed[1].split())))


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
