/// Memory for intermediate values.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace hebb {

/// Memory of one owner, for one use at a time. Grown as needed and kept.
class Scratch {
 public:
  /// `count` elements, 64-byte aligned; what was in them before is lost.
  float* floats(std::size_t count);

 private:
  std::unique_ptr<float, void (*)(void*)> data_{nullptr, std::free};
  std::size_t size_ = 0;
};

/// The same of the calling thread.
float* thread_scratch(std::size_t floats);

}  // namespace hebb
