#include "graph/ops/pooling.hpp"

#include <algorithm>

namespace hebb {

namespace {

/// The shape of the outputs.
Shape pooled_shape(const Shape& images, const Attributes& attributes) {
  // Places in a window are counted in floats, which are exact so far.
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 24;
  const PoolOptions o = pool_options(attributes);
  if (images.rank() != 4) throw ShapeError("expected images [n, height, width, channels]");
  if (o.window[0] > kMostPixels / o.window[1]) throw ShapeError("a window has more than 2^24 pixels");
  std::int64_t extents[2];
  for (const int axis : {0, 1}) {
    const auto a = static_cast<std::size_t>(axis);
    const std::int64_t before = o.padding[2 * a];
    const std::int64_t after = o.padding[2 * a + 1];
    if (std::max(before, after) >= o.window[a]) throw ShapeError("padding must be smaller than the window");
    const std::int64_t padded = images[axis + 1] + before + after;
    if (images[axis + 1] < 1 || o.window[a] > padded) {
      throw ShapeError("the window has " + std::to_string(o.window[a]) + (axis == 0 ? " rows" : " columns") +
                       ", the image with its padding " + std::to_string(padded));
    }
    extents[axis] = (padded - o.window[a]) / o.stride[a] + 1;
  }
  return {images[0], extents[0], extents[1], images[3]};
}

Shape images_of(const Attributes& attributes) { return Shape(attributes.list("images")); }

}  // namespace

Attributes to_attributes(const PoolOptions& options) {
  return {{"window", attribute_list(options.window)},
          {"stride", attribute_list(options.stride)},
          {"padding", attribute_list(options.padding)}};
}

PoolOptions pool_options(const Attributes& attributes) {
  PoolOptions options;
  take_numbers(attributes, "window", options.window, 1);
  take_numbers(attributes, "stride", options.stride, 1);
  take_numbers(attributes, "padding", options.padding, 0);
  return options;
}

Signature pool_signature(std::span<const Tensor> inputs, const Attributes& attributes) {
  const DType type = require_float(inputs);
  for (const Tensor& input : inputs) {
    if (input.shape() != inputs[0].shape())
      throw ShapeError(to_string(inputs[0].shape()) + " in the order of " + to_string(input.shape()));
  }
  return {pooled_shape(inputs[0].shape(), attributes), type};
}

Signature unpool_signature(std::span<const Tensor> inputs, const Attributes& attributes) {
  const DType type = require_float(inputs);
  const Shape images = inputs.size() > 1 ? inputs[1].shape() : images_of(attributes);
  const Shape output = pooled_shape(images, attributes);
  if (output != inputs[0].shape())
    throw ShapeError("images " + to_string(images) + " give an output " + to_string(output));
  return {images, type};
}

PoolShape pool_shape(const Shape& images, const Attributes& attributes) {
  const PoolOptions o = pool_options(attributes);
  const Shape output = pooled_shape(images, attributes);
  return {.batch = images[0],
          .height = images[1],
          .width = images[2],
          .channels = images[3],
          .window_height = o.window[0],
          .window_width = o.window[1],
          .output_height = output[1],
          .output_width = output[2],
          .stride_y = o.stride[0],
          .stride_x = o.stride[1],
          .top = o.padding[0],
          .left = o.padding[2]};
}

BlockKernel pool_kernel(Pooling pooling, const Shape& images, const Node& node) {
  return [pooling, shape = pool_shape(images, node.attributes), ordered = node.inputs.size() > 1](
             const void* const* operands, const float*, void* result, const Epilogue& epilogue) {
    pool(pooling, shape, static_cast<const float*>(operands[0]),
         ordered ? static_cast<const float*>(operands[1]) : nullptr, static_cast<float*>(result), epilogue);
  };
}

std::int64_t window_pixels(const Node& node) {
  const PoolOptions options = pool_options(node.attributes);
  return options.window[0] * options.window[1];
}

SampledPooling::SampledPooling(Sampler& s) {
  std::int64_t extents[2];
  for (const int axis : {0, 1}) {
    const auto a = static_cast<std::size_t>(axis);
    options.window[a] = s.integer(1, 4);
    options.stride[a] = s.chance() ? options.window[a] : s.integer(1, 4);
    for (const std::size_t side : {2 * a, 2 * a + 1})
      options.padding[side] = s.chance() ? s.integer(0, options.window[a] - 1) : 0;
    const std::int64_t least = options.window[a] - options.padding[2 * a] - options.padding[2 * a + 1];
    extents[axis] = std::max<std::int64_t>(least, 1) + s.integer(0, 6);
  }
  images = {s.integer(1, 3), extents[0], extents[1], s.chance() ? s.integer(1, 4) : s.integer(8, 20)};
}

Shape SampledPooling::output() const { return pooled_shape(images, to_attributes(options)); }

}  // namespace hebb
