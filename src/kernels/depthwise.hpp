/// Convolutions of each channel by a filter of its own, whose products are too small for tiles: vectors are
/// neighbouring channels, and the sums of some pixels stay in registers.
#pragma once

#include <cstdint>

namespace hebb {

/// One row of outputs: result[x * result_step + c] = bias[c] + the sum over taps (u, v) of
/// image[x * pixel_step + u * row_step + v * column_step + c] filter[(u * columns + v) * channels + c].
struct DepthwiseRow {
  const float* image = nullptr;
  std::int64_t pixel_step = 0, row_step = 0, column_step = 0;
  const float* filter = nullptr;
  std::int64_t rows = 0, columns = 0, channels = 0;
  const float* bias = nullptr;  ///< null for zeros
  float* result = nullptr;
  std::int64_t result_step = 0;
  std::int64_t pixels = 0;
};
void depthwise_row(const DepthwiseRow& row);

/// What one row of outputs adds to the gradient with respect to the filter: element (u, v) of channel c,
/// filter[(u * columns + v) * channels + c], is or grows by the sum over pixels x of
/// image[x * pixel_step + u * row_step + v * column_step + c] slope[x * channels + c].
struct DepthwiseGradientRow {
  const float* image = nullptr;
  std::int64_t pixel_step = 0, row_step = 0, column_step = 0;
  const float* slope = nullptr;
  std::int64_t rows = 0, columns = 0, channels = 0;
  bool accumulate = false;
  float* filter = nullptr;
  std::int64_t pixels = 0;
};
void depthwise_gradient_row(const DepthwiseGradientRow& row);

}  // namespace hebb
