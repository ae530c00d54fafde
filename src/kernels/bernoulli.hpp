/// Zeros and ones drawn by a counter-based generator.
#pragma once

#include <array>
#include <cstdint>

namespace hebb {

/// Random numbers 4 b .. 4 b + 3 are the result of Philox for the counter (b, b >> 32, stream, step) and the
/// key. An element is 1 where the upper 24 bits of its number are below the threshold, else 0.
struct Bernoulli {
  std::array<std::uint32_t, 2> key;
  std::uint32_t stream;
  std::uint32_t step;
  std::uint32_t threshold;

  /// Elements 4 * block .. min(4 * block_end, elements) - 1 of `out`.
  void fill(std::int64_t block, std::int64_t block_end, std::int64_t elements, float* out) const;
};

}  // namespace hebb
