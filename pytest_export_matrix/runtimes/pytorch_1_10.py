"""PyTorch 1.10 from Python: TorchScript as it is, or with Caffe2 operators inside."""

from __future__ import annotations

import zipfile
from typing import Any, Optional

from pytest_export_matrix.caffe2 import DESCRIPTION
from pytest_export_matrix.runtimes import caffe2, pytorch


class Session:
    """A TorchScript file; one with Caffe2 operators is called like the PyTorch model."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        of_caffe2 = holds_description(path)
        self.session: Any = (caffe2 if of_caffe2 else pytorch).Session(path, device, threads)

    def run(self, arguments: Any) -> Any:
        return self.session.run(arguments)

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return caffe2.Session.problem(device)


def holds_description(path: str) -> bool:
    """Whether caffe2_tracing made this file. A file that is no archive is left to PyTorch."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith(f"/extra/{DESCRIPTION}") for name in archive.namelist())
