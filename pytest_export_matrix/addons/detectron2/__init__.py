"""detectron2's own models, exported by detectron2's own exporters.

    entries    what a project registers: environments, architectures, exporters, a runtime
    models     a configuration of the zoo as a detector under test
    outputs    its answers as dicts of tensors
    tracing, scripting, caffe2
               TracingAdapter, scripting_with_instances, Caffe2Tracer
    sessions   Caffe2Model, and the same for TorchScript of Caffe2Tracer
    published  the table of detectron2's deployment guide, and ours beside it
    folder     a source without compiled operators, only the Python files

`entries`, `published` and `folder` can be imported without detectron2 and without torch. The
methods are those of detectron2's deployment guide:
https://detectron2.readthedocs.io/en/latest/tutorials/deployment.html
"""

#: The extra file of a TorchScript file of Caffe2Tracer that tells `sessions` how to run it.
ABOUT = "detectron2_caffe2.json"
