"""AOTInductor packages from Python. Those from C++ are a session of `libtorch`.

https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html
"""

from __future__ import annotations

from typing import Any

from pytest_export_matrix.runtimes import pytorch
from pytest_export_matrix.trees import map_leaves


class Session:
    """A compiled package, which is for the device that it was compiled for.

    Its inputs are not checked, which is the engine's own default: called with other shapes than it
    was compiled for, it may answer wrongly without a word.
    """

    def __init__(self, path: str, device: str, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.device = device
        self.model = torch._inductor.aoti_load_package(path)

    def run(self, arguments: Any) -> Any:
        import torch

        tensors = map_leaves(lambda array: torch.from_numpy(array).to(self.device), arguments)
        with torch.no_grad():
            answer = self.model(*tensors)
        return map_leaves(lambda tensor: tensor.detach().cpu().numpy(), answer)

    problem = staticmethod(pytorch.Session.problem)
