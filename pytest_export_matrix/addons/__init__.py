"""What a project registers itself, since each costs minutes or gigabytes: one folder each.

    from pytest_export_matrix.on_request import AOT_INDUCTOR, CAFFE2, ONNXRUNTIME_NODE

    def pytest_export_matrix_register(registry):
        for entry in (*AOT_INDUCTOR, *CAFFE2, *ONNXRUNTIME_NODE):
            registry.add(entry)

    aot_inductor      compiles what torch.export has captured, half a minute a file, for C++ and
                      for Python
    caffe2            installs two gigabytes: caffe2_tracing, tracing and scripting in PyTorch 1.10,
                      the last one with Caffe2
    detectron2        detectron2's own models under its own exporters; see its `entries`
    onnxruntime_node  installs the engine's npm package

`entries.py` of a folder NAME holds the entries, as the tuple NAME in capital letters. Nothing of
the package imports a folder of these: each can be deleted. Files of one format go to every runtime
that takes it, so what PyTorch and ONNX Runtime of today say of Caffe2's operators, and Caffe2 of a
plain ONNX file, are cells as well.
"""
