// What a runner does around its engine: load once, answer the files it is asked about, and say how
// long each took. `pytest_export_matrix/runtimes/program.py` is the other end of it.
#pragma once

#include <dlfcn.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace serve {

using Bytes = std::vector<char>;

inline Bytes read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

inline void write(const std::string& path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

// Loads a shared library that registers operators, such as torchvision's.
inline void load_library(const char* path) {
  if (!dlopen(path, RTLD_LAZY | RTLD_GLOBAL)) throw std::runtime_error(dlerror());
}

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// Does `work`, which returns the seconds it took, and writes one line: "done SECONDS", or
// "failed WHY" with the line ends of the reason as \n.
template <typename Work>
bool report(FILE* answers, Work work) {
  std::string line;
  bool done = false;
  try {
    line = "done " + std::to_string(work());
    done = true;
  } catch (const std::exception& error) {
    line = std::string("failed ") + error.what();
    for (size_t at = 0; (at = line.find('\n', at)) != std::string::npos;) line.replace(at, 1, "\\n");
  }
  std::fprintf(answers, "%s\n", line.c_str());
  std::fflush(answers);
  return done;
}

// Calls load(), then for each line "INPUT<tab>OUTPUT" of standard input run(bytes of INPUT, seconds),
// whose result becomes OUTPUT; it sets the seconds that the engine took. The answers go to standard
// output, and what libraries print there to standard error instead.
template <typename Load, typename Run>
int serve(Load load, Run run) {
  FILE* answers = fdopen(dup(STDOUT_FILENO), "w");
  dup2(STDERR_FILENO, STDOUT_FILENO);
  const bool loaded = report(answers, [&] {
    const Clock clock;
    load();
    return clock.seconds();
  });
  if (!loaded) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    report(answers, [&] {
      const size_t tab = line.find('\t');
      if (tab == std::string::npos) throw std::runtime_error("no tab in " + line);
      double seconds = 0;
      write(line.substr(tab + 1), run(read(line.substr(0, tab)), seconds));
      return seconds;
    });
  }
  return 0;
}

}  // namespace serve
