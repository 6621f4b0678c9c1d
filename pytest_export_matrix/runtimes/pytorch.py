"""PyTorch from Python: TorchScript files by torch.jit.load, pt2 archives by torch.export.load."""

from __future__ import annotations

from typing import Any, Optional

from pytest_export_matrix.vocabulary.pytrees import map_leaves


class Session:
    """A loaded TorchScript module or exported program."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.device = device
        self.module: Any = None
        self.load(path)

    def load(self, path: str) -> None:
        import torch

        if path.endswith(".pt2"):
            self.module = torch.export.load(path).module()
        else:
            self.module = torch.jit.load(path, map_location=self.device)

    def run(self, arguments: Any) -> Any:
        import torch

        tensors = map_leaves(lambda array: torch.from_numpy(array).to(self.device), arguments)
        with torch.no_grad():
            answer = self.module(*tensors)
        return map_leaves(lambda tensor: tensor.detach().cpu().numpy(), answer)

    @staticmethod
    def problem(device: str) -> Optional[str]:
        import torch

        if device == "cuda" and not torch.cuda.is_available():
            return f"torch {torch.__version__} finds no CUDA device"
        return None
