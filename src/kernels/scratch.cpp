#include "kernels/scratch.hpp"

#include <cstdlib>
#include <memory>
#include <new>

namespace hebb {

float* thread_scratch(std::size_t floats) {
  struct Buffer {
    std::unique_ptr<float, void (*)(void*)> data{nullptr, std::free};
    std::size_t size = 0;
  };
  thread_local Buffer buffer;
  if (buffer.size < floats) {
    const std::size_t bytes = (floats * sizeof(float) + 63) / 64 * 64;
    buffer.data.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (!buffer.data) throw std::bad_alloc();
    buffer.size = floats;
  }
  return buffer.data.get();
}

}  // namespace hebb
