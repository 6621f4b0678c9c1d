"""Conversion to Caffe2 and its runtime: what works inside of torch 1.10.2, the last with Caffe2.

    rename      names of weights: those of today as those of 2021
    parts       modules made of Caffe2 operators
    table       what stands for what, and a model with its parts replaced
    description what has to be known to use a net
    nets        a model with its parts replaced, as one net from tensors to tensors
    convert     a net as NetDef, TorchScript or ONNX
    processing  images to tensors, and tensors to detections, around a net
    engines     who executes a net
    model       `Caffe2Model`: called like the PyTorch model
    conventions what torchvision of 2021 did otherwise

`rename` and `description` can be imported without torch.
"""

#: The name of the description inside of a file.
DESCRIPTION = "caffe2_model.json"
#: The files of a NetDef: both nets, and their description.
INIT, PREDICT, ABOUT = "init_net.pb", "predict_net.pb", "model.json"
