"""How formats, runtimes and languages are called where people read."""

from __future__ import annotations

NAMES = {
    "torchscript": "TorchScript",
    "onnx": "ONNX",
    "pytorch": "PyTorch",
    "onnxruntime": "ONNX Runtime",
    "caffe2": "Caffe2",
    "caffe2_cpp": "Caffe2 (C++)",
    "pytorch_1_10": "PyTorch 1.10",
    "libtorch_1_10": "libtorch 1.10",
    "aot_inductor": "AOTInductor",
    "aot_inductor_python": "AOTInductor (Python)",
    "onnx_reference": "ONNX reference",
    "onnxruntime_node": "ONNX Runtime (Node.js)",
    "onnxruntime_web": "ONNX Runtime (browser)",
    "openvino": "OpenVINO",
    "openvino_f32": "OpenVINO (float32)",
    "ncnn_f32": "ncnn (float32)",
    "mnn": "MNN",
    "mnn_f32": "MNN (float32)",
    "executorch": "ExecuTorch",
    "executorch_cpp": "ExecuTorch (C++)",
    "litert": "LiteRT",
    "onnxruntime_openvino": "ONNX Runtime (OpenVINO)",
    "onnxruntime_cuda": "ONNX Runtime (CUDA)",
    "tensorflow": "TensorFlow",
    "tensorrt": "TensorRT",
    "coreml": "Core ML",
}
#: Runtimes that are one engine in another language or precision, by their names.
ENGINES = {
    "caffe2_cpp": "caffe2",
    "libtorch": "pytorch",
    "libtorch_1_10": "pytorch_1_10",
    "aot_inductor_python": "aot_inductor",
    "onnxruntime_node": "onnxruntime",
    "onnxruntime_web": "onnxruntime",
    "onnxruntime_cuda": "onnxruntime",
    "onnxruntime_openvino": "openvino",
    "openvino_f32": "openvino",
    "ncnn_f32": "ncnn",
    "mnn_f32": "mnn",
    "executorch_cpp": "executorch",
}
LANGUAGES = {"c++": "C++", "python": "Python", "javascript": "JavaScript"}


def shown(name: str) -> str:
    """The name of a format or a runtime as its makers write it."""
    return NAMES.get(name, name)


def engine(runtime: str) -> str:
    """The engine that a runtime is."""
    return ENGINES.get(runtime, runtime)


def language(name: str) -> str:
    return LANGUAGES.get(name, name)


def runs_in(format: str, runtime: str) -> str:
    """The format, and the runtime where it has another name."""
    return ": ".join(dict.fromkeys([shown(format), shown(runtime)]))


NOT_RUN, NO_EXTRAS = "not run", "None"
