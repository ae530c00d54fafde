/// Mean, deviation and extent of the inputs of a data set.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "hebb/data.hpp"

namespace hebb {

/// Mean, sum of squared differences and extent of a column, gathered block by block in a fixed order, so
/// that the result does not depend on threads. Blocks are joined by the formulas of Chan, Golub, LeVeque,
/// "Updating formulae and a pairwise algorithm for computing sample variances", 1979, eq. 2.1.
struct Moments {
  double count = 0;
  double mean = 0;
  double squares = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  /// Takes in `size` numbers, `stride` apart.
  void add_block(const float* first, std::size_t stride, std::size_t size);
  double deviation() const { return count > 0 ? std::sqrt(squares / count) : 0; }
};

/// The array of bytes behind a data set, or null if it is not one.
const ArrayDataset* bytes_of_images(const Dataset& data);

/// Whether all inputs of a sample are alike (pixels), so that they are summed up as one.
bool holds_images(const Dataset& data);

/// 0 .. size-1.
std::vector<std::int64_t> every_sample(const Dataset& data);

/// Of each input over the samples `indices`, or of all inputs together. Throws DataError for inputs that
/// are not finite.
std::vector<Moments> input_moments(const Dataset& data, std::span<const std::int64_t> indices, bool together);

}  // namespace hebb
