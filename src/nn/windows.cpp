#include "nn/windows.hpp"

#include <algorithm>
#include <string>

#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/sizes.hpp"

namespace hebb {

std::array<std::int64_t, 2> WindowAxis::padding_of(std::int64_t pixels) const {
  if (padding != kSamePadding) return {padding, padding};
  const std::int64_t outputs = (pixels + stride - 1) / stride;
  const std::int64_t total = std::max<std::int64_t>((outputs - 1) * stride + covered() - pixels, 0);
  return {total / 2, total - total / 2};
}

std::int64_t WindowAxis::places(std::int64_t pixels) const {
  const auto [before, after] = padding_of(pixels);
  const std::int64_t padded = pixels + before + after;
  return pixels < 1 || covered() > padded ? 0 : (padded - covered()) / stride + 1;
}

void require_number(std::string_view kind, std::string_view what, std::int64_t value, std::int64_t least) {
  if (value >= least && value < std::int64_t{1} << 31) return;
  throw ConfigError(std::string(kind) + ": expected " + std::string(what) + " from " + std::to_string(least) +
                    " to 2147483647, got " + std::to_string(value));
}

Shape image_shape(std::string_view kind, const Shape& sample) {
  if (sample.elements() > 0) {
    if (sample.rank() == 3) return sample;
    if (sample.rank() == 2) return {sample[0], sample[1], 1};
  }
  throw ShapeError(std::string(kind) + ": expected images [height, width, channels], got " +
                   to_string(sample));
}

Tensor images_of(std::string_view kind, const Tensor& x) {
  const Shape image = image_shape(kind, sample_shape(x.shape()));
  return x.shape().rank() == 4 ? x : reshape(x, {x.shape()[0], image[0], image[1], image[2]});
}

}  // namespace hebb
