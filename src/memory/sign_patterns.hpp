/// Patterns of -1 and 1, a byte a unit: for memories that add them up with weights that are not whole.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hebb::memory {

class SignPatterns {
 public:
  /// Throws ConfigError unless units is in 1 to 2^24.
  explicit SignPatterns(std::int64_t units);

  std::int64_t units() const { return units_; }
  std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }
  std::span<const std::int8_t> row(std::int64_t index) const {
    return rows_[static_cast<std::size_t>(index)];
  }
  /// The same as numbers. Throws ShapeError when there is no pattern of this number.
  std::vector<float> values(std::int64_t index) const;

  /// Throws ShapeError for another size, DataError for values other than -1 and 1 and for a pattern that is
  /// there already.
  void append(std::span<const float> pattern);
  /// Those behind it move up. Throws ShapeError when there is none of this number.
  void remove(std::int64_t index);

  /// sum_i xi^mu_i state_i for every pattern mu.
  void sums(std::span<const double> state, std::span<double> result) const;
  /// sum_mu xi^mu_i weights_mu for every unit i.
  void superpose(std::span<const double> weights, std::span<double> result) const;
  /// The cosine between a state and each pattern; 0 for a state of zeros.
  std::vector<double> overlaps(std::span<const double> state) const;

 private:
  void check_index(std::int64_t index) const;

  std::int64_t units_;
  std::vector<std::vector<std::int8_t>> rows_;
};

/// Throws ShapeError unless a state has `units` values, and DataError unless they are finite and in [-1, 1].
std::vector<double> checked_state(std::span<const float> state, std::int64_t units);

}  // namespace hebb::memory
