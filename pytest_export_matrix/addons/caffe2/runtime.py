"""Caffe2, and PyTorch 1.10 with Caffe2's operators: `Caffe2Model` around either.

NetDefs run in a workspace of Caffe2, ONNX files in Caffe2's own ONNX backend, TorchScript in
PyTorch. https://caffe2.ai/docs/tutorial-loading-pre-trained-models.html
"""

from __future__ import annotations

from typing import Any, Optional

from pytest_export_matrix.vocabulary.pytrees import map_leaves


class Session:
    """A converted model, called like the PyTorch model."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        import torch

        from pytest_export_matrix.addons.caffe2.model import Caffe2Model

        torch.set_num_threads(threads)
        self.model = Caffe2Model(path)

    def run(self, arguments: Any) -> Any:
        answer = self.model(*arguments)
        return map_leaves(lambda tensor: tensor.detach().numpy(), answer)

    @staticmethod
    def problem(device: str) -> Optional[str]:
        import torch

        if device != "cpu":
            return f"the Caffe2 operators of torch {torch.__version__} are used on the CPU alone"
        return None
