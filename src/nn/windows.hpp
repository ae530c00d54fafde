/// What layers share that walk over images with a window.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "hebb/shape.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

/// A window along one axis: `extent` pixels, `dilation` from one to the next.
struct WindowAxis {
  std::int64_t extent = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< on both sides, or kSamePadding
  std::int64_t dilation = 1;

  std::int64_t covered() const { return dilation * (extent - 1) + 1; }
  /// Rows before and after `pixels` of them.
  std::array<std::int64_t, 2> padding_of(std::int64_t pixels) const;
  /// Places of the window in `pixels` with their padding; 0 where it does not fit.
  std::int64_t places(std::int64_t pixels) const;
};

/// Throws ConfigError, naming the layer's kind, unless least <= value < 2^31.
void require_number(std::string_view kind, std::string_view what, std::int64_t value, std::int64_t least);

/// [height, width, channels] of a sample, which may lack its only channel. Throws ShapeError, naming the
/// layer's kind, for what is no image.
Shape image_shape(std::string_view kind, const Shape& sample);
/// A batch of such samples as [batch, height, width, channels].
Tensor images_of(std::string_view kind, const Tensor& x);

}  // namespace hebb
