"""AOTInductor packages from Python. Those from C++ are a session of `libtorch`.

https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html
"""

from __future__ import annotations

from pytest_export_matrix.runtimes import pytorch


class Session(pytorch.Session):
    """A compiled package, which is for the device that it was compiled for.

    Its inputs are not checked, which is the engine's own default: called with other shapes than it
    was compiled for, it may answer wrongly without a word.
    """

    def load(self, path: str) -> None:
        import torch

        self.module = torch._inductor.aoti_load_package(path)
