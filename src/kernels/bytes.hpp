/// From the bytes of images to the floats of a batch.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hebb {

/// result[i] = (bytes[i] - mean) * inverse, for `count` bytes. The result does not depend on the
/// instruction set: both operations round once, everywhere.
void scale_bytes(const std::uint8_t* bytes, float* result, std::size_t count, float mean, float inverse);

/// Sum and sum of squares of bytes, exact, the least and the greatest.
struct ByteSums {
  std::uint64_t sum = 0;
  std::uint64_t squares = 0;
  std::uint8_t low = 255;
  std::uint8_t high = 0;
};
ByteSums sum_bytes(const std::uint8_t* bytes, std::size_t count);

}  // namespace hebb
