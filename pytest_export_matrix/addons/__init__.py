"""Entries that a project registers itself, because they cost minutes or gigabytes.

    from pytest_export_matrix.on_request import AOT_INDUCTOR, CAFFE2, ONNXRUNTIME_NODE

    def pytest_export_matrix_register(registry):
        for entry in (*AOT_INDUCTOR, *CAFFE2, *ONNXRUNTIME_NODE):
            registry.add(entry)

    aot_inductor      compiles what torch.export has captured, half a minute for each file, for C++
                      and for Python
    caffe2            installs two gigabytes: caffe2_tracing, tracing and scripting in PyTorch 1.10,
                      the last one with Caffe2
    caffe2_cpp        Caffe2 from C++, in the same environment
    coreml            converts with the coremltools beside PyTorch; its files run on macOS alone
    detectron2        detectron2's own models under its own exporters; see its `entries`
    executorch        .pte files, where executorch is installed beside torch
    litert            .tflite files: to export them, installs a PyTorch of five gigabytes
    mnn               installs 56 MB: ONNX files in MNN
    ncnn              installs 89 MB: ncnn in float32 and in what it chooses itself, with files of
                      pnnx, which takes another 85 MB beside PyTorch
    onnx_reference    the reference evaluator of ONNX: minutes for each cell of a detector
    onnxruntime_node  installs the engine's npm package
    onnxruntime_providers
                      installs ONNX Runtime with OpenVINO, 0.3 GB, and with CUDA, 2.5 GB
    onnxruntime_web   the same for browsers, in a page of the Chromium that is installed
    openvino          installs a quarter of a gigabyte: in float32, and in what it chooses itself
    tensorflow        installs 2.5 GB: onnx2tf, half a minute for each file, and TensorFlow
    tensorrt          installs 0.4 GB: TensorRT for RTX, for GPUs that it supports

`entries.py` in a folder NAME holds the entries, as the tuple NAME in capital letters. Nothing else
in the package imports such a folder, so each can be deleted. Every runtime gets the files of the
formats that it takes. So there are also cells for Caffe2's operators in today's PyTorch and ONNX
Runtime, and for plain ONNX files in Caffe2.
"""
