// Doubles the float32 numbers of a file. How it goes wrong is its argument.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

int main(int, char** argv) {
  const std::string how = argv[1];
  if (how == "segfaults_on_load") std::raise(SIGSEGV);
  if (how == "fails_on_load") {
    std::cout << "failed no such operator\\nsee the table of operators" << std::endl;
    return 1;
  }
  std::cout << "done 0.25" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const size_t tab = line.find('\t');
    std::ifstream input(line.substr(0, tab), std::ios::binary);
    std::vector<char> bytes(std::istreambuf_iterator<char>(input), {});
    float* numbers = reinterpret_cast<float*>(bytes.data());
    for (size_t i = 0; i < bytes.size() / sizeof(float); ++i) numbers[i] *= 2;
    if (how == "segfaults_on_run") std::raise(SIGSEGV);
    if (how == "exits_on_run") return 0;
    if (how == "hangs_on_run") pause();
    if (how == "prints_garbage") std::cout << "Segmentation fault? no, chatter" << std::endl;
    const int times = how == "answers_twice" ? 2 : how == "writes_nothing" ? 0 : 1;
    if (times) {
      std::ofstream output(line.substr(tab + 1), std::ios::binary);
      for (int i = 0; i < times; ++i) output.write(bytes.data(), bytes.size());
    }
    std::cout << "done 0.125" << std::endl;
  }
}
