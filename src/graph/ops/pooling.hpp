/// What the four ops of pooling share: two ways of pooling, each with its transpose, which is its derivative.
#pragma once

#include "graph/ops/common.hpp"
#include "kernels/pooling.hpp"

namespace hebb {

/// The options as attributes, and back.
Attributes to_attributes(const PoolOptions& options);
PoolOptions pool_options(const Attributes& attributes);

/// Shape rules: images -> outputs; and outputs -> images, whose shape is the attribute `images`. With a
/// second operand, that one is images. Throw ShapeError, saying what does not fit.
Signature pool_signature(std::span<const Tensor> inputs, const Attributes& attributes);
Signature unpool_signature(std::span<const Tensor> inputs, const Attributes& attributes);

/// Extents for the kernels, of images that fit.
PoolShape pool_shape(const Shape& images, const Attributes& attributes);

/// Pixels of a whole window: terms of the error of sums over one.
std::int64_t window_pixels(const Node& node);

/// The fast kernel of a node whose images have that shape.
BlockKernel pool_kernel(Pooling pooling, const Shape& images, const Node& node);

/// Calls visit(window, offset of the output) for every window and channel of all images.
template <class Visit>
void for_each_window(const PoolShape& s, const Visit& visit) {
  for (std::int64_t output = 0; output < s.batch * s.output_size(); ++output) {
    const std::int64_t pixel = output / s.channels % (s.output_height * s.output_width);
    visit(s.window(pixel / s.output_width, pixel % s.output_width), output);
  }
}

/// Calls visit(offset) for the elements of a window in the channel and image of an output.
template <class Visit>
void for_each_in_window(const PoolShape& s, const PoolShape::Window& window, std::int64_t output,
                        const Visit& visit) {
  const std::int64_t image = output / s.output_size();
  for (std::int64_t y = window.y; y < window.y_end; ++y) {
    for (std::int64_t x = window.x; x < window.x_end; ++x)
      visit(((image * s.height + y) * s.width + x) * s.channels + output % s.channels);
  }
}

/// The offset of the first of the largest elements of a window; NaN is larger than all.
template <class T>
std::int64_t largest_in_window(const PoolShape& s, const PoolShape::Window& window, std::int64_t output,
                               const T* order) {
  std::int64_t best = -1;
  for_each_in_window(s, window, output, [&](std::int64_t at) {
    if (best < 0 || order[at] > order[best] || (std::isnan(order[at]) && !std::isnan(order[best]))) best = at;
  });
  return best;
}

/// Random images that fit some options, with strides below, at and beyond the window.
struct SampledPooling {
  explicit SampledPooling(Sampler& sampler);
  Shape output() const;

  Shape images;
  PoolOptions options;
};

}  // namespace hebb
