// Runs an AOTInductor package with libtorch; no Python is loaded into the process.
//
//   aot_inductor_runner MODEL DEVICE THREADS [LIBRARY ...]
//
// MODEL is what torch._inductor.aoti_compile_and_package has written, for DEVICE, "cpu" or "cuda";
// each LIBRARY is a shared library with operators that the model needs beside PyTorch's. Then every
// line INPUT<tab>OUTPUT on standard input is answered: INPUT is a torch.save of the tuple of the
// model's tensors, OUTPUT becomes what torch.load reads as the list of those that it answers.

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "serve.hpp"

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s MODEL DEVICE THREADS [LIBRARY ...]\n", argv[0]);
    return 2;
  }
  const std::string path = argv[1];
  const c10::Device device(argv[2]);
  at::set_num_threads(std::stoi(argv[3]));
  const c10::InferenceMode no_gradients;
  std::unique_ptr<torch::inductor::AOTIModelPackageLoader> model;

  const auto load = [&] {
    if (device.is_cuda()) {
      serve::load_library("libtorch_cuda.so");
      // By default convolutions round their inputs to ten bits (TF32).
      at::globalContext().setAllowTF32CuDNN(false);
      at::globalContext().setAllowTF32CuBLAS(false);
    }
    for (int i = 4; i < argc; ++i) serve::load_library(argv[i]);
    model = std::make_unique<torch::inductor::AOTIModelPackageLoader>(path);
  };
  const auto run = [&](const serve::Bytes& input, double& seconds) {
    const auto given = torch::jit::pickle_load(input).toTuple();
    std::vector<at::Tensor> tensors;
    for (const auto& value : given->elements()) tensors.push_back(value.toTensor().to(device));
    const serve::Clock clock;
    std::vector<at::Tensor> answer = model->run(tensors);
    for (auto& tensor : answer) tensor = tensor.to(at::kCPU);
    seconds = clock.seconds();
    return torch::jit::pickle_save(answer);
  };
  return serve::serve(load, run);
}
