"""detectron2 itself, in an environment that has it.

EXPORT_MATRIX_DETECTRON2_PYTHON names its interpreter; without it these tests are skipped. It may
be v0.6 with torch 1.10.2 or a current one, with compiled operators or a stand-in for them.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = "EXPORT_MATRIX_DETECTRON2_PYTHON"


@pytest.fixture(scope="session")
def task(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Calls a function of `inside` in a process of its own: task(name, **request) -> its answer."""
    python = os.environ.get(PYTHON)
    if not python:
        pytest.skip(f"{PYTHON} names no interpreter with detectron2")
    folder, counter = tmp_path_factory.mktemp("detectron2"), itertools.count()

    def call(name: str, **request: Any) -> Any:
        place = folder / f"{next(counter)}.json"
        place.write_text(json.dumps(request), encoding="utf-8")
        ran = subprocess.run(
            ["nice", python, str(Path(__file__).parent / "inside.py"), name, str(place)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        return json.loads(place.read_text(encoding="utf-8"))

    return call
