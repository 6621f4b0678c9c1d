"""Write and read what `prepare` keeps of a case: the inputs and the eager answer."""

from __future__ import annotations

import os
from typing import Any, Dict, Tuple

from pytest_export_matrix.compare.answers import KeptCase
from pytest_export_matrix.compare.noise import noise_from
from pytest_export_matrix.vocabulary.entries import FULL
from pytest_export_matrix.vocabulary.pytrees import unflatten
from pytest_export_matrix.worker import dataclass_json, protocol
from pytest_export_matrix.worker.messages import EagerAnswer

ARRAYS = "data.npz"


def write(folder: str, inputs: Any, outputs: Any, noise: Any) -> None:
    """Keep the arrays of a case in `folder`: input_0.., output_0.., noise_0.."""
    import numpy as np

    arrays: Dict[str, Any] = {f"input_{i}": tensor.numpy() for i, tensor in enumerate(inputs)}
    arrays.update({f"output_{i}": array for i, array in enumerate(outputs)})
    arrays.update({f"noise_{i}": array for i, array in enumerate(noise)})
    np.savez(os.path.join(folder, ARRAYS), **arrays)


def read(folder: str, precision: str = FULL) -> KeptCase:
    """The case that was kept in `folder`, with the noise in `precision`. Raises TypeError where
    the folder holds no case."""
    import numpy as np

    answer = protocol.read_json(folder, protocol.ANSWER)
    eager = dataclass_json.read(EagerAnswer, answer["eager"], folder)
    arrays = {}
    with np.load(os.path.join(folder, ARRAYS), allow_pickle=False) as data:
        for name in ("input", "output", "noise"):
            count = sum(key.startswith(name) for key in data.files)
            arrays[name] = [data[f"{name}_{i}"] for i in range(count)]
    noise = unflatten(arrays["noise"], eager.noise(precision))
    return KeptCase(
        arrays["input"],
        arrays["output"],
        eager.inputs,
        eager.outputs,
        eager.label,
        noise_from(noise) if noise else None,
    )


def arguments(case: KeptCase, device: str) -> Tuple[Any, ...]:
    """The inputs of a case as the model takes them: torch tensors on `device`."""
    import torch

    tensors = [torch.from_numpy(array).to(device) for array in case.input]
    structured: Tuple[Any, ...] = unflatten(tensors, case.inputs)
    return structured
