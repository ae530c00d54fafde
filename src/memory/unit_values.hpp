/// What the two states of a unit count for.
#pragma once

#include <cstdint>

#include "hebb/binary_memory.hpp"
#include "memory/bit_vector.hpp"

namespace hebb::memory {

class UnitValues {
 public:
  explicit UnitValues(const BinaryOptions& options)
      : plus_minus_one_(options.units == Units::plus_minus_one), bias_(options.bias) {}

  bool plus_minus_one() const { return plus_minus_one_; }
  /// x of a unit that is up or down.
  std::int32_t value(bool up) const { return up ? 1 : plus_minus_one_ ? -1 : 0; }
  /// What x changes by when a unit that is up or down flips.
  std::int32_t step(bool up) const { return value(!up) - value(up); }
  /// sum_i x_i^2.
  std::int64_t sum_of_squares(const BitVector& state) const {
    return plus_minus_one_ ? state.size() : state.count();
  }
  bool has_bias() const { return !bias_.empty(); }
  double bias(std::int64_t unit) const {
    return bias_.empty() ? 0.0 : static_cast<double>(bias_[static_cast<std::size_t>(unit)]);
  }
  /// sum_i b_i x_i.
  double bias_sum(const BitVector& state) const {
    double sum = 0;
    for (std::size_t i = 0; i < bias_.size(); ++i)
      sum += static_cast<double>(bias_[i]) * value(state.get(static_cast<std::int64_t>(i)));
    return sum;
  }

 private:
  bool plus_minus_one_;
  const std::vector<float>& bias_;
};

}  // namespace hebb::memory
