/// Pooling of images whose channels are neighbours in memory: [batch, height, width, channels]; and its
/// transposes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/epilogue.hpp"

namespace hebb {

/// Extents of a pooling. Every window holds a pixel of the image at least.
struct PoolShape {
  std::int64_t batch = 0;
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t window_height = 1, window_width = 1;
  std::int64_t output_height = 0, output_width = 0;
  std::int64_t stride_y = 1, stride_x = 1;
  std::int64_t top = 0, left = 0;  ///< rows and columns beyond the image before it, which no window counts

  std::int64_t image_size() const { return height * width * channels; }
  std::int64_t output_size() const { return output_height * output_width * channels; }

  /// Pixels of a window: rows [y, y_end), columns [x, x_end).
  struct Window {
    std::int64_t y, y_end, x, x_end;
    std::int64_t pixels() const { return (y_end - y) * (x_end - x); }
  };
  Window window(std::int64_t output_y, std::int64_t output_x) const {
    const std::int64_t y = output_y * stride_y - top;
    const std::int64_t x = output_x * stride_x - left;
    return {std::max<std::int64_t>(y, 0), std::min(y + window_height, height), std::max<std::int64_t>(x, 0),
            std::min(x + window_width, width)};
  }
};

/// The ways of pooling. Each is linear in its first operand.
enum class Pooling : std::uint8_t {
  mean,               ///< images -> outputs: the mean of each window
  mean_transposed,    ///< outputs -> images: each output divided among the pixels of its window
  at_largest,         ///< images -> outputs: of each window the element where `order`, images too, is largest
  largest_transposed  ///< outputs -> images: each output to that element
};

/// Computes one way of pooling, image by image; `order` is needed for the last two. Of several largest
/// elements the first counts, row by row; NaN is larger than all. The epilogue sees the result as [pixels of
/// all images, channels].
void pool(Pooling pooling, const PoolShape& shape, const float* from, const float* order, float* result,
          const Epilogue& epilogue);

}  // namespace hebb
