/// What plans for batches have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hebb/shape.hpp"

namespace hebb {

inline constexpr std::size_t kMostPlans = 8;  ///< batch sizes whose plans are kept

/// The shape of n samples.
inline Shape with_batch(std::int64_t n, const Shape& sample) {
  std::vector<std::int64_t> extents = {n};
  extents.insert(extents.end(), sample.extents().begin(), sample.extents().end());
  return Shape(std::move(extents));
}

}  // namespace hebb
