"""Running uv. https://docs.astral.sh/uv/"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List, Sequence

from pytest_export_matrix.machine.locks import RunStopped

POLL_SECONDS = 0.05
#: How many lines of uv's error are shown: what failed, and the causes nearest to the root.
LINES_SHOWN = 4
#: Variables that would point uv, or the Python that it inspects, to another place.
FOREIGN_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX")
#: Has the kernel end uv when this process is gone, however it ends: PR_SET_PDEATHSIG of prctl(2).
END_WITH_PARENT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
)


class UvFailure(Exception):
    """uv ended with an error; the text is what it says about it."""


def command() -> List[str]:
    """The words that start uv; empty where there is none."""
    found = shutil.which("uv")
    if found:
        return [found]
    return [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") else []


def run(words: Sequence[str], folder: Path, stopped: Callable[[], bool], seconds: float) -> None:
    """Run uv in `folder` for at most `seconds`.

    Raises UvFailure where it ends with an error or not in time, RunStopped where `stopped` says so.
    """
    line = [*command(), *words]
    if sys.platform == "linux":
        line = [sys.executable, "-I", "-c", END_WITH_PARENT, *line]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            line,
            cwd=folder,
            env=variables(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is for this process, which ends uv in order.
            start_new_session=sys.platform != "win32",
        )
        deadline = time.monotonic() + seconds
        try:
            while process.poll() is None:
                if stopped():
                    raise RunStopped
                if time.monotonic() > deadline:
                    raise UvFailure(f"no end after {seconds:g} s")
                time.sleep(POLL_SECONDS)
        finally:
            _end(process)
        log.seek(0)
        if process.returncode:
            raise UvFailure(
                explain(log.read().decode(errors="replace")) or "uv ended without a word"
            )


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()


def variables() -> Dict[str, str]:
    """The environment variables for uv. The interpreters of pyenv are first on the path, ahead of
    its shims: those know only the active versions."""
    kept = {k: v for k, v in os.environ.items() if k not in FOREIGN_VARIABLES}
    kept["NO_COLOR"] = "1"
    root = Path(kept.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = sorted(str(path) for path in root.glob("versions/3.*/bin"))
    kept["PATH"] = os.pathsep.join([*folders, kept.get("PATH", os.defpath)])
    return kept


def explain(text: str) -> str:
    """What uv says went wrong, without its progress and its hints.

    >>> explain("Resolved 1 package\\nerror: No solution found\\n  cause: no six==99\\n\\nhint: no")
    'No solution found: no six==99'
    """
    lines = [line.strip() for line in text.splitlines()]
    starts = [index for index, line in enumerate(lines) if line.startswith("error:")]
    found = []
    for line in lines[starts[-1] if starts else 0 :]:
        if line.startswith("hint:"):
            break
        if line:
            found.append(line.removeprefix("error:").removeprefix("cause:").strip())
    if len(found) > LINES_SHOWN:
        found = [found[0], *found[1 - LINES_SHOWN :]]
    return ": ".join(found)
