#include "kernels/scratch.hpp"

#include <new>

namespace hebb {

float* Scratch::floats(std::size_t count) {
  if (size_ < count) {
    const std::size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
    data_.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (!data_) throw std::bad_alloc();
    size_ = count;
  }
  return data_.get();
}

float* thread_scratch(std::size_t floats) {
  thread_local Scratch scratch;
  return scratch.floats(floats);
}

}  // namespace hebb
