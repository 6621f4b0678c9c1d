// Runs a NetDef in Caffe2, from C++; no Python is loaded into the process.
//
//   caffe2_runner INIT_NET PREDICT_NET THREADS COUNT BLOB ...
//
// INIT_NET and PREDICT_NET are files; the first COUNT of the blobs are the inputs, the others the
// outputs. Then every line INPUT<tab>OUTPUT on standard input is answered: INPUT is a torch.save of a
// tuple of the inputs, OUTPUT becomes what torch.load reads as that of the outputs.
// https://caffe2.ai/docs/tutorial-loading-pre-trained-models.html

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <caffe2/core/init.h>
#include <caffe2/core/workspace.h>
#include <caffe2/utils/proto_utils.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "serve.hpp"

caffe2::NetDef net_of(const std::string& path) {
  caffe2::NetDef net;
  if (!caffe2::ReadProtoFromBinaryFile(path, &net)) throw std::runtime_error("cannot read " + path);
  return net;
}

at::Tensor value_of(const caffe2::Workspace& workspace, const std::string& name) {
  const auto* blob = workspace.GetBlob(name);
  if (!blob || !caffe2::BlobIsTensorType(*blob, caffe2::CPU)) {
    throw std::runtime_error("Caffe2 left without a value: " + name);
  }
  return at::Tensor(blob->Get<caffe2::Tensor>().Clone());
}

// An error of PyTorch without its stack, whose addresses differ from run to run.
template <typename Work>
auto without_stack(Work work) {
  try {
    return work();
  } catch (const c10::Error& error) {
    throw std::runtime_error(error.what_without_backtrace());
  }
}

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: %s INIT_NET PREDICT_NET THREADS COUNT BLOB ...\n", argv[0]);
    return 2;
  }
  const auto first_output = argv + 5 + std::stoi(argv[4]);
  const std::vector<std::string> inputs(argv + 5, first_output), outputs(first_output, argv + argc);
  caffe2::GlobalInit();
  at::set_num_threads(std::stoi(argv[3]));
  caffe2::Workspace workspace;
  caffe2::NetDef net;
  bool created = false;

  const auto load = [&] {
    net = net_of(argv[2]);
    if (!workspace.RunNetOnce(net_of(argv[1]))) throw std::runtime_error("the weights were not set");
  };
  const auto run = [&](const serve::Bytes& input, double& seconds) {
    const auto given = torch::jit::pickle_load(input).toTuple()->elements();
    if (given.size() != inputs.size()) throw std::runtime_error("another number of inputs");
    for (size_t i = 0; i < inputs.size(); ++i) {
      auto* blob = workspace.CreateBlob(inputs[i]);
      caffe2::BlobSetTensor(blob, caffe2::Tensor(given[i].toTensor().contiguous()));
    }
    const serve::Clock clock;
    // A net asks for its inputs when it is created.
    if (!created && !workspace.CreateNet(net)) throw std::runtime_error("the net was not created");
    created = true;
    if (!workspace.RunNet(net.name())) throw std::runtime_error("the net did not run");
    seconds = clock.seconds();
    std::vector<c10::IValue> values;
    for (const auto& name : outputs) values.push_back(value_of(workspace, name));
    return torch::jit::pickle_save(c10::ivalue::Tuple::create(std::move(values)));
  };
  return serve::serve(
      [&] { without_stack([&] { return load(), 0; }); },
      [&](const serve::Bytes& input, double& seconds) {
        return without_stack([&] { return run(input, seconds); });
      });
}
