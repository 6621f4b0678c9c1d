"""What is known of the GPUs of a machine."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from pytest_export_matrix.machine import devices

VERSION = """NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build
GCC version:  gcc version 13.3.0 (Ubuntu 13.3.0-6ubuntu2~24.04)
"""
INFORMATION = """Model: \t\t NVIDIA H100 80GB HBM3
IRQ:   \t\t 0
GPU UUID: \t GPU-0
"""


def test_a_gpu_is_named_with_its_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "PROCFS", str(tmp_path))
    assert devices.gpus() == ""
    (tmp_path / "version").write_text(VERSION)
    (tmp_path / "gpus" / "0000:01:00.0").mkdir(parents=True)
    (tmp_path / "gpus" / "0000:01:00.0" / "information").write_text(INFORMATION)
    assert devices.gpus() == "NVIDIA H100 80GB HBM3, driver 580.159.04"
    assert devices.described("cuda") == VERSION + INFORMATION


CPUINFO = """processor\t: {number}
model name\t: AMD EPYC 9655
flags\t\t: fpu vme {known} smep nopl bmi2
"""


def test_a_processor_is_known_by_its_vector_instructions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "CPUINFO", str(tmp_path / "cpuinfo"))
    read = devices.instructions.__wrapped__
    for known, expected in (
        ("sse4_2 avx2 avx", "avx avx2 sse4_2"),
        ("avx avx2 avx512_bf16 amx_bf16", "amx_bf16 avx avx2 avx512_bf16"),
    ):
        text = "\n".join(CPUINFO.format(number=number, known=known) for number in range(2))
        (tmp_path / "cpuinfo").write_text(text)
        assert read() == expected
    (tmp_path / "cpuinfo").write_text("processor: 0\nFeatures : fp asimd sve bf16 crc32\n")
    assert read() == "asimd bf16 sve"
    (tmp_path / "cpuinfo").unlink()
    assert read() == platform.processor()
