/// A value for each pattern, laid out as the kernels of bits take them.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/bit_sums.hpp"
#include "memory/pattern_bits.hpp"

namespace hebb::memory {

/// Values of type T in blocks of 512, in the order of lanes (kernels/bit_sums.hpp). Places without a pattern
/// hold anything, for their bits are never set, unless the user keeps them zero.
template <class T>
class PatternValues {
 public:
  void resize(std::int64_t blocks) { blocks_.resize(static_cast<std::size_t>(blocks)); }
  T* block(std::int64_t b) { return blocks_[static_cast<std::size_t>(b)].values; }
  const T* block(std::int64_t b) const { return blocks_[static_cast<std::size_t>(b)].values; }
  T& operator[](std::int64_t pattern) { return block(pattern / PatternBits::kBlock)[place(pattern)]; }
  const T& operator[](std::int64_t pattern) const {
    return block(pattern / PatternBits::kBlock)[place(pattern)];
  }

  /// The sum of the values whose pattern is up at a unit.
  auto sum_where_up(const PatternBits& patterns, std::int64_t unit) const {
    decltype(sum_where_set(nullptr, static_cast<const T*>(nullptr))) sum = 0;
    for (std::int64_t b = 0; b < patterns.blocks(); ++b)
      sum += sum_where_set(patterns.line(b, unit), block(b));
    return sum;
  }
  /// Adds `delta` where a pattern is up at a unit, subtracts it where it is down.
  template <class D>
  void add(const PatternBits& patterns, std::int64_t unit, D delta) {
    for (std::int64_t b = 0; b < patterns.blocks(); ++b) add_by_bits(patterns.line(b, unit), block(b), delta);
  }

 private:
  static std::size_t place(std::int64_t pattern) {
    return lane_place<T>(static_cast<std::size_t>(pattern % PatternBits::kBlock));
  }
  struct alignas(64) Block {
    T values[PatternBits::kBlock] = {};
  };
  std::vector<Block> blocks_;
};

/// The overlap of a state x with every pattern, [patterns]: sum_i xi^mu_i x_i, xi = +-1, with x = +-1 or 0
/// and 1.
std::vector<std::int64_t> raw_overlaps(const PatternBits& patterns, const BitVector& state,
                                       bool plus_minus_one);

/// Patterns that are up at a unit.
std::int64_t count_up(const PatternBits& patterns, std::int64_t unit);
/// sum_mu xi^mu_i xi^mu_j.
std::int64_t agreement(const PatternBits& patterns, std::int64_t i, std::int64_t j);

}  // namespace hebb::memory
