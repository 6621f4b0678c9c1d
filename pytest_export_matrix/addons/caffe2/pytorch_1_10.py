"""PyTorch 1.10 from Python: TorchScript as it is, or with Caffe2 operators inside."""

from __future__ import annotations

import json
import zipfile
from typing import Any, Dict, Optional

from pytest_export_matrix.addons.caffe2 import DESCRIPTION, runtime
from pytest_export_matrix.runtimes import pytorch


class Session:
    """A TorchScript file; one with Caffe2 operators is called like the PyTorch model."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        of_caffe2 = extra_file(path, DESCRIPTION) is not None
        self.session: Any = (runtime if of_caffe2 else pytorch).Session(path, device, threads)

    def run(self, arguments: Any) -> Any:
        return self.session.run(arguments)

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return runtime.Session.problem(device)


def description(path: str, name: str = DESCRIPTION) -> Optional[Dict[str, Any]]:
    """The JSON that an exporter has written into this file under `name`, where it made it."""
    text = extra_file(path, name)
    return None if text is None else json.loads(text)


def extra_file(path: str, name: str) -> Optional[bytes]:
    """What was written into this file of TorchScript under `name`, or None. A file that is no
    archive is left to PyTorch."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            if entry.endswith(f"/extra/{name}"):
                return archive.read(entry)
    return None
