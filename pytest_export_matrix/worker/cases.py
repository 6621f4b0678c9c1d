"""What `prepare` has kept of a case: the inputs and the eager answer."""

from __future__ import annotations

import os
from typing import Any, Dict, Tuple

from pytest_export_matrix.vocabulary.pytrees import unflatten
from pytest_export_matrix.worker import protocol


def read(folder: str) -> Dict[str, Any]:
    import numpy as np

    case: Dict[str, Any] = protocol.read_json(folder, protocol.ANSWER)
    with np.load(os.path.join(folder, "data.npz"), allow_pickle=False) as data:
        for name in ("input", "output"):
            keys = [key for key in data.files if key.startswith(name)]
            case[name] = [data[f"{name}_{i}"] for i in range(len(keys))]
    return case


def arguments(case: Dict[str, Any], device: str) -> Tuple[Any, ...]:
    """The inputs of a case as the model takes them: torch tensors on `device`."""
    import torch

    tensors = [torch.from_numpy(array).to(device) for array in case["input"]]
    structured: Tuple[Any, ...] = unflatten(tensors, case["inputs"])
    return structured
