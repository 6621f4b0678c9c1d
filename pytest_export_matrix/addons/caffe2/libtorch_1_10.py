"""libtorch 1.10: TorchScript in C++, as it is, or with Caffe2 operators inside.

A net that `caffe2_tracing` made takes and gives the tensors of a net; what is before and after it
(resizing images, pasting masks), the caller's own work there, is done in the worker.
"""

from __future__ import annotations

import pickle
from typing import Any, Dict, Sequence

from pytest_export_matrix.addons.caffe2 import DESCRIPTION, pytorch_1_10
from pytest_export_matrix.addons.caffe2.description import Description
from pytest_export_matrix.addons.caffe2.engines import described
from pytest_export_matrix.addons.caffe2.model import Caffe2Model
from pytest_export_matrix.runtimes import libtorch
from pytest_export_matrix.vocabulary.pytrees import map_leaves


class Pickle:
    """The module `pickle`, but for lists of one item: what reads them in C++ in PyTorch 1.10 knows
    the opcode APPENDS and not APPEND."""

    class Pickler(pickle._Pickler):
        write: Any
        save: Any

        def _batch_appends(self, items: Any) -> None:
            self.write(pickle.MARK)
            for item in items:
                self.save(item)
            self.write(pickle.APPENDS)


class Session(libtorch.Session):
    """A TorchScript file; one with Caffe2 operators is called like the PyTorch model."""

    pickle = Pickle

    def __init__(
        self, path: str, device: str, threads: int, program: str, extras: Sequence[str]
    ) -> None:
        super().__init__(path, device, threads, program, extras)
        self._model = None
        text = pytorch_1_10.extra_file(path, DESCRIPTION)
        if text is not None:
            self._model = Caffe2Model(path, Net(super(), described(text, DESCRIPTION)))

    def run(self, arguments: Any) -> Any:
        if not self._model:
            return super().run(arguments)
        return map_leaves(lambda tensor: tensor.detach().numpy(), self._model(*arguments))

    problem = staticmethod(pytorch_1_10.Session.problem)


class Net:
    """The engine that `Caffe2Model` calls: arrays by name -> arrays by name."""

    def __init__(self, session: Any, about: Description) -> None:
        self._session, self.about = session, about

    def run(self, inputs: Dict[str, Any]) -> Dict[str, Any]:
        outputs = self._session.run(list(inputs.values()))
        return dict(zip(self.about.outputs, outputs))
