"""ONNX Runtime from JavaScript: the npm package onnxruntime-node, in a process of Node.js.

https://onnxruntime.ai/docs/get-started/with-javascript/node.html
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Dict, Optional, Sequence

from pytest_export_matrix.runtimes import npm
from pytest_export_matrix.runtimes.program import Program, TensorsSession

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER, PACKAGE = "runner.mjs", "onnxruntime-node"
#: The platforms that the package holds libraries for, by their names in both Node.js and Python.
PLATFORMS = ("linux", "darwin", "win32")


def build(out: str) -> Dict[str, str]:
    """Install the engine beside the runner, in `out`. Returns {tool: version}. Raises Failure, with
    the outcome unavailable, where npm fails."""
    versions = npm.install(HERE, [RUNNER], out)
    _keep_platform(os.path.join(out, "node_modules", PACKAGE, "bin"))
    return versions


def _keep_platform(folder: str) -> None:
    """Remove the engine's libraries for other platforms: hundreds of megabytes."""
    for abi in os.listdir(folder):
        for name in os.listdir(os.path.join(folder, abi)):
            if name in PLATFORMS and name != sys.platform:
                shutil.rmtree(os.path.join(folder, abi, name))


class Session(TensorsSession):
    """An inference session in a process of Node.js."""

    def __init__(
        self, path: str, device: str, threads: int, program: str, extras: Sequence[str]
    ) -> None:
        runner = os.path.join(program, RUNNER)
        self.program = Program(["node", runner, path, device, str(threads)], ".safetensors")

    @staticmethod
    def problem(device: str) -> Optional[str]:
        if device != "cpu":
            return f"{PACKAGE} is installed without the libraries for {device}"
        return None
