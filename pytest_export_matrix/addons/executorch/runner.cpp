// Runs an ExecuTorch program; neither Python nor torch is loaded into the process.
//
//   executorch_runner MODEL THREADS
//
// MODEL is a .pte file. Then every line INPUT<tab>OUTPUT on standard input is answered: INPUT holds
// the model's tensors in their order, each as a line "DTYPE RANK SIZES..." and the bytes of its
// elements; OUTPUT becomes those that it answers, whose lines have "STRIDES..." as well, counted in
// elements. Dtypes are named as in numpy.
//
// https://docs.pytorch.org/executorch/stable/extension-module.html

#include <executorch/extension/module/module.h>
#include <executorch/extension/tensor/tensor.h>
#include <executorch/runtime/core/exec_aten/util/scalar_type_util.h>
#include <executorch/runtime/platform/platform.h>

#include <cstdio>
#include <cstring>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "serve.hpp"

namespace et = executorch::runtime;
using executorch::aten::ScalarType;
using executorch::aten::Tensor;
using executorch::extension::Module;
using executorch::extension::TensorPtr;

// The package has this library, without its header.
namespace executorch::extension::threadpool {
class ThreadPool {
 public:
  size_t get_thread_count() const;
  bool _unsafe_reset_threadpool(uint32_t threads);
};
ThreadPool* get_threadpool();
}  // namespace executorch::extension::threadpool

const std::pair<const char*, ScalarType> TYPES[] = {
    {"float32", ScalarType::Float}, {"float64", ScalarType::Double}, {"float16", ScalarType::Half},
    {"int64", ScalarType::Long},    {"int32", ScalarType::Int},      {"int16", ScalarType::Short},
    {"int8", ScalarType::Char},     {"uint8", ScalarType::Byte},     {"bool", ScalarType::Bool},
};

ScalarType type_of(const std::string& name) {
  for (const auto& [known, type] : TYPES)
    if (name == known) return type;
  throw std::runtime_error("an input is of dtype " + name + ", which this runner does not pass on");
}

std::string name_of(ScalarType type) {
  for (const auto& [name, known] : TYPES)
    if (type == known) return name;
  throw std::runtime_error(std::string("an output is of type ") + et::toString(type));
}

// What ExecuTorch logs as an error says what is wrong; it returns no more than a code.
std::mutex lock;
std::string logged;

void keep_log(et_timestamp_t, et_pal_log_level_t level, const char* file, const char*, size_t line,
              const char* message, size_t) {
  std::fprintf(stderr, "%c [%s:%zu] %s\n", static_cast<char>(level), file, line, message);
  if (level != kError && level != kFatal) return;
  const std::lock_guard<std::mutex> held(lock);
  logged += std::string(message) + "\n";
}

[[noreturn]] void fail(const std::string& what, et::Error error) {
  throw std::runtime_error(logged + what + ": " + et::to_string(error));
}

void check(const std::string& what, et::Error error) {
  if (error != et::Error::Ok) fail(what, error);
}

std::vector<TensorPtr> read_tensors(const serve::Bytes& bytes) {
  std::vector<TensorPtr> tensors;
  const char* at = bytes.data();
  for (const char* const end = at + bytes.size(); at != end;) {
    const auto* stop = static_cast<const char*>(std::memchr(at, '\n', end - at));
    if (!stop) throw std::runtime_error("the file of the inputs ends within a line");
    std::istringstream line(std::string(at, stop));
    std::string name;
    size_t rank = 0;
    line >> name >> rank;
    std::vector<executorch::aten::SizesType> sizes(rank);
    for (auto& size : sizes) line >> size;
    const ScalarType type = type_of(name);
    size_t count = et::elementSize(type);
    for (const auto size : sizes) count *= static_cast<size_t>(size);
    at = stop + 1;
    if (count > static_cast<size_t>(end - at))
      throw std::runtime_error("the file of the inputs is too short");
    std::vector<uint8_t> data(at, at + count);
    tensors.push_back(executorch::extension::make_tensor_ptr(sizes, std::move(data), type));
    at += count;
  }
  return tensors;
}

void write_tensor(const Tensor& tensor, serve::Bytes& bytes) {
  std::ostringstream line;
  line << name_of(tensor.scalar_type()) << ' ' << tensor.dim();
  for (const auto size : tensor.sizes()) line << ' ' << size;
  for (const auto stride : tensor.strides()) line << ' ' << stride;
  const std::string head = line.str() + "\n";
  const char* data = static_cast<const char*>(tensor.const_data_ptr());
  bytes.insert(bytes.end(), head.begin(), head.end());
  bytes.insert(bytes.end(), data, data + tensor.nbytes());
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s MODEL THREADS\n", argv[0]);
    return 2;
  }
  const auto threads = static_cast<uint32_t>(std::stoul(argv[2]));
  Module model(argv[1]);

  const auto load = [&] {
    et::register_pal(et::PalImpl::create(keep_log, __FILE__));
    auto* pool = executorch::extension::threadpool::get_threadpool();
    if (!pool || !pool->_unsafe_reset_threadpool(threads) || pool->get_thread_count() != threads)
      throw std::runtime_error("ExecuTorch did not take " + std::to_string(threads) + " threads");
    check("the program was not loaded",
          model.load(et::Program::Verification::InternalConsistency));
    check("the method forward was not loaded", model.load_forward());
  };
  const auto run = [&](const serve::Bytes& input, double& seconds) {
    logged.clear();
    const std::vector<TensorPtr> tensors = read_tensors(input);
    const auto meta = model.method_meta("forward");
    if (!meta.ok()) fail("the file has no inputs", meta.error());
    if (meta->num_inputs() != tensors.size())
      throw std::runtime_error("the file takes " + std::to_string(meta->num_inputs()) +
                               " inputs, " + std::to_string(tensors.size()) + " given");
    std::vector<et::EValue> values(tensors.begin(), tensors.end());
    const serve::Clock clock;
    const auto answer = model.forward(values);
    seconds = clock.seconds();
    if (!answer.ok()) fail("ExecuTorch did not answer", answer.error());
    serve::Bytes bytes;
    for (const auto& value : answer.get()) {
      if (!value.isTensor()) throw std::runtime_error("an output is no tensor");
      write_tensor(value.toTensor(), bytes);
    }
    return bytes;
  };
  return serve::serve(load, run);
}
