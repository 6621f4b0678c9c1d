// Runs a TorchScript file with libtorch; no Python is loaded into the process.
//
//   libtorch_runner MODEL DEVICE THREADS [LIBRARY ...]
//
// MODEL is what torch.jit.save has written, DEVICE "cpu" or "cuda", each LIBRARY a shared library
// with operators that the model needs beside PyTorch's. Then every line INPUT<tab>OUTPUT on standard
// input is answered: INPUT is a torch.save of the tuple of the model's arguments, OUTPUT becomes
// what torch.load reads as the model's answer.

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/script.h>

#include <cstdio>
#include <string>
#include <vector>

#include "serve.hpp"

// `value` with its tensors on `device`; a list of tensors becomes the typed list that models take.
c10::IValue on_device(const c10::IValue& value, const torch::Device& device) {
  if (value.isTensor()) return value.toTensor().to(device);
  if (value.isTuple()) {
    std::vector<c10::IValue> items;
    for (const auto& item : value.toTuple()->elements()) items.push_back(on_device(item, device));
    return c10::ivalue::Tuple::create(std::move(items));
  }
  if (value.isGenericDict()) {
    const auto found = value.toGenericDict();
    c10::impl::GenericDict dict(found.keyType(), found.valueType());
    for (const auto& item : found) dict.insert(item.key(), on_device(item.value(), device));
    return dict;
  }
  if (value.isList()) {
    std::vector<c10::IValue> items;
    bool tensors = true;
    for (const c10::IValue item : value.toList()) {
      items.push_back(on_device(item, device));
      tensors = tensors && item.isTensor();
    }
    const auto type = tensors ? c10::TensorType::get() : value.toList().elementType();
    c10::impl::GenericList list(type);
    for (const auto& item : items) list.push_back(item);
    return list;
  }
  return value;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s MODEL DEVICE THREADS [LIBRARY ...]\n", argv[0]);
    return 2;
  }
  const std::string path = argv[1];
  const std::string name = argv[2];
  at::set_num_threads(std::stoi(argv[3]));
  const c10::InferenceMode no_gradients;
  torch::jit::Module model;

  const auto load = [&] {
    if (name == "cuda") {
      serve::load_library("libtorch_cuda.so");
      // By default convolutions round their inputs to ten bits (TF32).
      at::globalContext().setAllowTF32CuDNN(false);
      at::globalContext().setAllowTF32CuBLAS(false);
    }
    for (int i = 4; i < argc; ++i) serve::load_library(argv[i]);
    model = torch::jit::load(path, torch::Device(name));
    model.eval();
  };
  const auto run = [&](const serve::Bytes& input, double& seconds) {
    const auto given = on_device(torch::jit::pickle_load(input), torch::Device(name));
    std::vector<c10::IValue> arguments;
    for (const auto& argument : given.toTuple()->elements()) arguments.push_back(argument);
    const serve::Clock clock;
    const auto answer = on_device(model.forward(std::move(arguments)), torch::kCPU);
    seconds = clock.seconds();
    return torch::jit::pickle_save(answer);
  };
  return serve::serve(load, run);
}
