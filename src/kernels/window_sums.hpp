/// Sums of overlapping windows of a row.
#pragma once

#include <cstdint>

namespace hebb {

/// A row of pixels, and windows of `taps` neighbouring pixels, which may go beyond it: window i begins
/// `before` pixels before pixel i * stride.
struct WindowSums {
  const float* windows = nullptr;  ///< a vector beyond each window may be read
  std::int64_t window_step = 0;    ///< elements between windows
  std::int64_t count = 0;          ///< of windows
  std::int64_t taps = 1, stride = 1, before = 0;
  std::int64_t channels = 1;    ///< fewer than a vector has lanes
  const float* bias = nullptr;  ///< null, or a number for each channel
  float* row = nullptr;         ///< [pixels, channels]
  std::int64_t pixels = 0;
};

/// row[x, c] = bias[c] + the sum of what the windows have for that pixel.
void window_sums(const WindowSums& sums);

}  // namespace hebb
