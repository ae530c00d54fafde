// An outside program that uses files and data sets: a built-in set, and an array through a file and back.
#include <cstdio>
#include <hebb/datasets.hpp>
#include <hebb/io.hpp>
#include <iostream>

int main() {
  const hebb::DataSplits iris = hebb::load_dataset("iris");
  const hebb::Tensor written = hebb::Tensor::rows({{1.0f, 2.0f, 3.0f}});
  const char* path = "hebb_install_test.npy";
  hebb::write_npy(path, written);
  const hebb::Tensor read = hebb::read_npy(path);
  std::remove(path);
  if (iris.train->size() != 150 || read.to_vector() != written.to_vector()) {
    std::cerr << "expected 150 samples and equal arrays, got " << iris.train->size() << " samples\n";
    return 1;
  }
  std::cout << "train works\n";
}
