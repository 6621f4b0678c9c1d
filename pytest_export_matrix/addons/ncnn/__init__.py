"""ncnn from Python, on a CPU, with files of pnnx.

https://github.com/Tencent/ncnn/wiki
https://github.com/Tencent/ncnn/wiki/use-ncnn-with-pytorch-or-onnx

A blob of ncnn is a batch of tensors of at most four dimensions. Which dimension of an input or an
output is the batch stands in the script that pnnx writes beside the file; a tensor that has none is
one blob. By default ncnn stores and computes in float16 where it has code for it; `Float32Session`
has it compute in float32.
"""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Optional, Sequence

#: A blob in the script of pnnx, and the dimension that is its batch.
BLOB = re.compile(r"\b((?:in|out)\d+)\.numpy\(.*batch_index=(-?\d+)")


class Session:
    """A network, with ncnn's own choice of precision."""

    off: Sequence[str] = ()

    def __init__(self, path: str, device: str, threads: int) -> None:
        import ncnn

        self.net, stem = ncnn.Net(), os.path.splitext(path)[0]
        self.net.opt.num_threads = threads
        self.net.opt.use_vulkan_compute = False
        for option in self.off:
            setattr(self.net.opt, option, False)
        self._succeeded(self.net.load_param(path), "load the network")
        self._succeeded(self.net.load_model(f"{stem}.bin"), "load the weights")
        with open(f"{stem}.py", encoding="utf-8") as script:
            self.batch = {name: int(axis) for name, axis in BLOB.findall(script.read())}
        self.outputs = sorted(
            (name for name in self.batch if name.startswith("out")), key=lambda name: int(name[3:])
        )

    def run(self, arguments: Any) -> Any:
        import numpy as np

        extractor, answers = self.net.create_extractor(), []
        for name, array in self._feeds(arguments).items():
            self._succeeded(extractor.input(name, self._blob(name, array)), f"take {name}")
        for name in self.outputs:
            code, blob = extractor.extract(name)
            self._succeeded(code, f"compute {name}")
            answers.append(np.array(blob.numpy(batch_index=self.batch[name])))
        return answers

    def _feeds(self, arguments: Sequence[Any]) -> Dict[str, Any]:
        """The arguments by the names of pnnx for them: in0, in1, ..."""
        names = self.net.input_names()
        given = {f"in{i}": argument for i, argument in enumerate(arguments)}
        if not set(names) <= set(given) & set(self.batch):
            asked, there = ", ".join(names), ", ".join(given)
            raise ValueError(f"the network takes {asked}; given are {there}")
        return {name: given[name] for name in names}

    def _blob(self, name: str, array: Any) -> Any:
        """An input as ncnn takes it: pnnx replaces int64 by int32."""
        import ncnn
        import numpy as np

        if array.dtype == np.int64 and np.array_equal(array, array.astype(np.int32)):
            array = array.astype(np.int32)
        if array.dtype not in (np.float32, np.int32) or not array.ndim:
            what = f"{array.dtype} of {array.ndim} dimensions"
            raise ValueError(f"ncnn takes tensors of float32 and int32; {name} is {what}")
        return ncnn.Mat(np.ascontiguousarray(array), batch_index=self.batch[name]).clone()

    @staticmethod
    def _succeeded(code: int, what: str) -> None:
        if code:
            raise RuntimeError(f"ncnn could not {what} (code {code}); its log says why")

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"ncnn does not run on {device}"


class Float32Session(Session):
    off = (
        "use_fp16_packed",
        "use_fp16_storage",
        "use_fp16_arithmetic",
        "use_bf16_packed",
        "use_bf16_storage",
    )
