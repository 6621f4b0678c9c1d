"""TensorFlow from Python: it runs the SavedModel that onnx2tf makes of an ONNX file.

https://github.com/PINTO0309/onnx2tf
https://www.tensorflow.org/guide/saved_model

What a user types, and what the session does each time that it loads a file:

    onnx2tf -i model.onnx -o saved_model -fdosm -kat input_0
    run = tf.saved_model.load("saved_model").signatures["serving_default"]
"""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from typing import Any, Dict, List, Optional, Sequence

from pytest_export_matrix.addons.tensorflow import conversion
from pytest_export_matrix.runtimes.onnxruntime import feeds
from pytest_export_matrix.vocabulary.outcomes import Failure

SIGNATURE = "serving_default"


class Session:
    """The signature of a SavedModel, on the CPU."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        # The folder that a worker works in is removed with it.
        with tempfile.TemporaryDirectory(dir=os.getcwd(), prefix="tensorflow-") as folder:
            converted = conversion.convert(path, folder, threads)
            tf = _tensorflow(threads)
            self.constant = tf.constant
            self.model = tf.saved_model.load(converted.folder)  # its signature does not keep it
        self.signature = self.model.signatures[SIGNATURE]
        self.takes = self.signature.structured_input_signature[1]
        answers = self.signature.structured_outputs
        self.inputs = _one_to_one(
            {name: _key_of_input(name) for name in converted.inputs}, list(self.takes), "inputs"
        )
        self.outputs = _one_to_one(
            {name: _key_of_output(name) for name in converted.outputs}, list(answers), "outputs"
        )
        self.orders = {
            key: conversion.order(converted.outputs[name], _dimensions(answers[key].shape))
            for name, key in self.outputs.items()
        }
        moved = [key for key, order in self.orders.items() if order]
        if moved:
            text = f"onnx2tf moved the channels of {', '.join(moved)} to the end; moved back here"
            warnings.warn(text, stacklevel=2)

    def run(self, arguments: Any) -> Any:
        given = {}
        for name, array in feeds(list(self.inputs), arguments).items():
            key = self.inputs[name]
            asked = self.takes[key].dtype.name
            if asked != str(array.dtype):
                raise TypeError(f"input {name} is {array.dtype}, the SavedModel takes {asked}")
            given[key] = self.constant(array)
        answer = self.signature(**given)
        return [_array(answer[key], self.orders[key]) for key in self.outputs.values()]

    @staticmethod
    def problem(device: str) -> Optional[str]:
        return None if device == "cpu" else f"TensorFlow is run on a CPU here, not on {device}"


def _tensorflow(threads: int) -> Any:
    """TensorFlow with so many threads, and without a GPU."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # all but what it says of every start
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


def _dimensions(shape: Any) -> Optional[List[Optional[int]]]:
    return None if shape.rank is None else list(shape.as_list())


def _array(tensor: Any, order: Optional[Sequence[int]]) -> Any:
    array = tensor.numpy()
    return array.transpose(order) if order else array


def _one_to_one(keys: Dict[str, str], found: Sequence[str], what: str) -> Dict[str, str]:
    """Return `keys`, of the SavedModel by names of the file. Raises Failure where the SavedModel
    has others: the order of a signature says nothing."""
    if sorted(keys.values()) != sorted(found):
        there, asked = ", ".join(sorted(found)), ", ".join(keys)
        raise Failure(f"the {what} of the SavedModel ({there}) are not those of the file ({asked})")
    return keys


def _key_of_output(name: str) -> str:
    """How onnx2tf writes a name: "onnx::Add_6" as "onnx____Add_6", "/head/Add" as "wa/head/Add"."""
    return re.sub("^/", "wa/", name.replace(":", "__"))


def _key_of_input(name: str) -> str:
    """How TensorFlow writes what onnx2tf has written: as the name of an argument in Python."""
    key = re.sub(r"\W", "_", _key_of_output(name))
    return key if key[:1].isalpha() else f"arg_{key}"
