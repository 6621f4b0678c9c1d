"""What is known of the GPUs of a machine."""

from __future__ import annotations

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
    assert devices.described("cpu") == ""
