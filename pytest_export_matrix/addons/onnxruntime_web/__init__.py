"""ONNX Runtime in a browser: the npm package onnxruntime-web, compiled to WebAssembly, in a page of
the Chromium or Chrome that is installed.

https://onnxruntime.ai/docs/tutorials/web/
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import Dict, Optional, Sequence

from pytest_export_matrix.runtimes import npm
from pytest_export_matrix.runtimes.program import Program, TensorsSession

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ("runner.mjs", "page.mjs", "page.html")
#: The longest name of a folder that Chromium can have its profile in.
LONGEST = 60
#: What of the engine the page loads; the rest is for other backends, and a hundred megabytes.
ENGINE = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: The command that starts the browser: the first of them that is on the path.
BROWSER = next((name for name in BROWSERS if shutil.which(name)), BROWSERS[0])


def build(out: str) -> Dict[str, str]:
    """Install the engine beside the runner, in `out`. Returns {tool: version}. Raises Failure, with
    the outcome unavailable, where npm fails."""
    versions = npm.install(HERE, FILES, out)
    engine = os.path.join(out, "node_modules", "onnxruntime-web", "dist")
    for name in set(os.listdir(engine)) - set(ENGINE):
        os.remove(os.path.join(engine, name))
    told = subprocess.run([BROWSER, "--version"], stdout=subprocess.PIPE, encoding="utf-8").stdout
    digits = [word for word in told.split() if word[0].isdigit()]
    return {**versions, BROWSER: digits[0] if digits else told.strip()}


def profile_folder(here: str) -> str:
    """Where the browser has its profile: `here`, the worker's folder, which is removed with it. If
    its name is long, a folder of its own: that of a socket in it may have 107 bytes."""
    if len(here) <= LONGEST:
        return here
    return tempfile.mkdtemp(prefix="export-matrix-web-", dir="/tmp")


class Session(TensorsSession):
    """An inference session in a page."""

    def __init__(
        self, path: str, device: str, threads: int, program: str, extras: Sequence[str]
    ) -> None:
        runner, browser = os.path.join(program, "runner.mjs"), str(shutil.which(BROWSER))
        self.folder = profile_folder(os.getcwd())
        self.program = Program(
            ["node", runner, path, str(threads), browser, self.folder], ".safetensors"
        )

    def close(self) -> None:
        super().close()
        if self.folder != os.getcwd():
            shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"WebAssembly does not run on {device}"
