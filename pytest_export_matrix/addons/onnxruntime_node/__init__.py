"""ONNX Runtime from JavaScript: the npm package onnxruntime-node, in a process of Node.js.

https://onnxruntime.ai/docs/get-started/with-javascript/node.html
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any, Dict, Optional, Sequence

from pytest_export_matrix.runtimes.program import Program, ProgramSession
from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER, MANIFEST, PACKAGE = "runner.js", "package.json", "onnxruntime-node"
#: Without the package's install script, which fetches CUDA libraries. The package has the engine.
INSTALL = ("npm", "install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund")
#: The platforms that the package holds libraries for, by their names in both Node.js and Python.
PLATFORMS = ("linux", "darwin", "win32")


def build(out: str) -> Dict[str, str]:
    """Install the engine beside the runner, in `out`. Returns {tool: version}. Raises Failure, with
    the outcome unavailable, where npm fails."""
    for name in (RUNNER, MANIFEST):
        shutil.copyfile(os.path.join(HERE, name), os.path.join(out, name))
    ended = subprocess.run(
        INSTALL,
        cwd=out,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if ended.returncode:
        lines = [line for line in ended.stdout.splitlines() if line.startswith("npm error")]
        why = lines[0] if lines else f"exit code {ended.returncode}"
        reason = f"npm could not install {PACKAGE}: {why}"
        raise Failure(reason, Outcome.UNAVAILABLE, ended.stdout)
    package = os.path.join(out, "node_modules", PACKAGE)
    _keep_platform(os.path.join(package, "bin"))
    with open(os.path.join(package, MANIFEST), encoding="utf-8") as file:
        installed = json.load(file)["version"]
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, encoding="utf-8")
    return {"node": node.stdout.strip().lstrip("v"), PACKAGE: installed}


def _keep_platform(folder: str) -> None:
    """Remove the engine's libraries for other platforms: hundreds of megabytes."""
    for abi in os.listdir(folder):
        for name in os.listdir(os.path.join(folder, abi)):
            if name in PLATFORMS and name != sys.platform:
                shutil.rmtree(os.path.join(folder, abi, name))


class Session(ProgramSession):
    """An inference session in a process of Node.js."""

    def __init__(
        self, path: str, device: str, threads: int, program: str, extras: Sequence[str]
    ) -> None:
        runner = os.path.join(program, RUNNER)
        self.program = Program(["node", runner, path, device, str(threads)], ".safetensors")

    def run(self, arguments: Any) -> Any:
        import numpy as np
        from safetensors.numpy import load_file, save_file

        arrays = {str(i): np.ascontiguousarray(array) for i, array in enumerate(arguments)}
        save_file(arrays, self.program.input)
        answer = load_file(self.program.run())
        return [answer[str(i)] for i in range(len(answer))]

    @staticmethod
    def problem(device: str) -> Optional[str]:
        if device != "cpu":
            return f"{PACKAGE} is installed without the libraries for {device}"
        return None
