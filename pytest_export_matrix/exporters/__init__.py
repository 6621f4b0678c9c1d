"""The export methods, one file each; this is the table of what can be carried out.

An export method is two functions that run in a worker. `capture(context)` turns the eager model
into the method's own form. `lower(captured, path, context)` writes a file from that and returns the
calling convention of the file (`context.FLAT` or `context.STRUCTURED`). Together they make the call
that a user would type: the first lines of each file here say which one. To add one: a file here and
its lines below.

Formats of one method share no capture, even where they name the same function: each is exported in
a process of its own.
"""

from __future__ import annotations

from pytest_export_matrix.vocabulary.entries import Exporter

_HERE = __name__
_BOTH = ("resolution", "batch")

EXPORTERS = (
    Exporter(
        "tracing",
        "torchscript",
        capture=f"{_HERE}.tracing:trace",
        lower=f"{_HERE}.tracing:save",
        suffix=".pt",
    ),
    Exporter(
        "scripting",
        "torchscript",
        capture=f"{_HERE}.scripting:script",
        lower=f"{_HERE}.scripting:save",
        suffix=".pt",
        needs_inputs=False,
    ),
    Exporter(
        "torch_export",
        "pt2",
        capture=f"{_HERE}.torch_export:capture",
        lower=f"{_HERE}.torch_export:save",
        suffix=".pt2",
        declares=_BOTH,
    ),
    Exporter(
        "tracing",
        "onnx",
        capture=f"{_HERE}.tracing:flat",
        lower=f"{_HERE}.tracing:onnx",
        suffix=".onnx",
        declares=_BOTH,
        modules=("torch", "onnx"),
    ),
    Exporter(
        "torch_export",
        "onnx",
        capture=f"{_HERE}.torch_export:onnx_call",
        lower=f"{_HERE}.torch_export:onnx",
        suffix=".onnx",
        declares=_BOTH,
        modules=("torch", "onnx", "onnxscript"),
    ),
)
