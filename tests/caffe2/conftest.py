"""The Caffe2 environment, and detectors that have been exported in it once for all tests.

EXPORT_MATRIX_CAFFE2_PYTHON names its interpreter; without it these tests are skipped.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = "EXPORT_MATRIX_CAFFE2_PYTHON"

#: (height, width) of each image. Exported is the first of each. 128 x 640 is neither resized nor
#: padded; 197 x 261 is where a factor in float32 resizes to another number of pixels.
SIZES = {
    1: [[(192, 256)], [(128, 640)], [(300, 400)], [(144, 192)], [(197, 261)]],
    2: [[(192, 256), (240, 192)], [(128, 640)] * 2, [(300, 400), (128, 256)]],
}
PICTURES = 4  # in the last nothing is detected


@dataclass
class Caffe2:
    """Tasks of `inside` in the Caffe2 environment, each in a process of its own."""

    python: str
    folder: Path
    counter: Any = field(default_factory=itertools.count)

    def task(self, name: str, **request: Any) -> Task:
        folder = self.folder / f"{next(self.counter)}_{name}"
        folder.mkdir()
        (folder / "request.json").write_text(json.dumps(request))
        ran = subprocess.run(
            ["nice", self.python, str(Path(__file__).parent / "inside.py"), name, str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        return Task(json.loads((folder / "answer.json").read_text()), folder)


@dataclass
class Task:
    answer: Any
    folder: Path

    @property
    def arrays(self) -> dict[str, Any]:
        import numpy as np

        with np.load(self.folder / "answer.npz") as data:
            return dict(data)

    def detections(self, counts: Sequence[int]) -> list[Any]:
        """The answer to each case, in the structure of the model; None where there is none."""
        found: list[Any] = [[{} for _ in range(count)] for count in counts]
        for key, array in self.arrays.items():
            case, image, name = key.split(".")
            found[int(case)][int(image)][name] = array
        return [None if not answer[0] else answer for answer in found]


@dataclass
class Subject:
    """A detector of the conformance suite for a number of images: its eager answers of today, and
    what is asked of the Caffe2 environment about it."""

    request: dict[str, Any]
    cases: list[str]
    reference: list[Any]
    noise: list[Any]


@pytest.fixture(scope="session")
def caffe2(tmp_path_factory: pytest.TempPathFactory) -> Caffe2:
    python = os.environ.get(PYTHON)
    if not python:
        pytest.skip(f"{PYTHON} names no interpreter with torch 1.10.2")
    return Caffe2(python, tmp_path_factory.mktemp("caffe2"))


@pytest.fixture(scope="session")
def subject_of(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return functools.lru_cache(functools.partial(make, tmp_path_factory))


def make(
    tmp_path_factory: pytest.TempPathFactory, architecture: str, images: int, convention: str = ""
) -> Subject:
    """Everything that today's torch does: weights, pictures, answers. `convention` only tells
    apart the subjects that are made while torchvision is patched."""
    import numpy as np
    import torch

    from pytest_export_matrix import Detections
    from pytest_export_matrix.compare.noise import pool
    from pytest_export_matrix.samples import pictures
    from pytest_export_matrix.worker.eager import EagerModel, noise_of
    from pytest_export_matrix.worker.model import save_weights

    folder = tmp_path_factory.mktemp(f"{architecture}_{images}")
    module = importlib.import_module(f"conformance.architectures.{architecture}")
    model = module.build(backbone="resnet10")
    weights = save_weights(model, str(folder))
    asked = [
        (f"{sizes}, picture {seed}", pictures.pictures(sizes, seed))
        for sizes in SIZES[images]
        for seed in range(PICTURES)
    ]
    if images == 2:
        asked += [
            (f"two of picture {seed}", pictures.pictures([(192, 256)], seed) * 2)
            for seed in range(PICTURES)
        ]
    arrays, reference, noise = {}, [], []
    for number, (_, batch) in enumerate(asked):
        arrays.update({f"{number}.{i}": picture for i, picture in enumerate(batch)})
        with torch.no_grad():
            given = ([torch.from_numpy(picture) for picture in batch],)
            answers = EagerModel(model, "cpu").answers(given)
        reference.append(answers.answer)
        noise.append(noise_of(Detections(score_threshold=0.3), answers))
    pool(noise)
    np.savez(folder / "images.npz", **arrays)
    request = {
        "architecture": architecture,
        "keywords": {"backbone": "resnet10"},
        "weights": weights,
        "images": str(folder / "images.npz"),
        "counts": [len(batch) for _, batch in asked],
    }
    return Subject(request, [name for name, _ in asked], reference, noise)
