/// The samples that single neurons learn from.
#pragma once

#include <cstdint>
#include <span>

namespace hebb::neurons {

/// A view of samples, [count, features] floats, row-major, which are kept elsewhere.
class Samples {
 public:
  /// Throws ShapeError unless features >= 1 divides the number of values.
  Samples(std::span<const float> values, std::int64_t features);

  std::int64_t count() const { return count_; }
  std::int64_t features() const { return features_; }
  const float* row(std::int64_t i) const { return values_ + i * features_; }
  /// Throws DataError, naming sample and feature (from 0), for a value that is not finite.
  void require_finite() const;

 private:
  const float* values_;
  std::int64_t features_;
  std::int64_t count_;
};

}  // namespace hebb::neurons
