#include "graph/ops/convolution.hpp"

#include <algorithm>

namespace hebb {

Attributes to_attributes(const ConvOptions& options) {
  return {{"stride", attribute_list(options.stride)},
          {"padding", attribute_list(options.padding)},
          {"dilation", attribute_list(options.dilation)},
          {"groups", options.groups}};
}

ConvOptions conv_options(const Attributes& attributes) {
  ConvOptions options;
  take_numbers(attributes, "stride", options.stride, 1);
  take_numbers(attributes, "padding", options.padding, 0);
  take_numbers(attributes, "dilation", options.dilation, 1);
  options.groups = attributes.integer("groups");
  if (options.groups < 1) throw ShapeError("groups must be 1 or more");
  return options;
}

Shape conv2d_output(const Shape& images, const Shape& filter, const Attributes& attributes) {
  const ConvOptions o = conv_options(attributes);
  if (images.rank() != 4 || filter.rank() != 4) {
    throw ShapeError(
        "expected images [n, height, width, channels] and a filter [height, width, channels / groups, "
        "outputs]");
  }
  if (images[3] % o.groups != 0 || filter[3] % o.groups != 0 || images[3] / o.groups != filter[2]) {
    throw ShapeError("images of " + std::to_string(images[3]) + " channels in " + std::to_string(o.groups) +
                     " groups, a filter for " + std::to_string(filter[2]) + " channels and " +
                     std::to_string(filter[3]) + " outputs");
  }
  std::int64_t extents[2];
  for (const int axis : {0, 1}) {
    const auto a = static_cast<std::size_t>(axis);
    const std::int64_t padded = images[axis + 1] + o.padding[2 * a] + o.padding[2 * a + 1];
    const std::int64_t covered = o.dilation[a] * (filter[axis] - 1) + 1;
    if (filter[axis] < 1 || covered > padded) {
      throw ShapeError("the filter covers " + std::to_string(covered) + (axis == 0 ? " rows" : " columns") +
                       ", the image with its padding has " + std::to_string(padded));
    }
    extents[axis] = (padded - covered) / o.stride[a] + 1;
  }
  return {images[0], extents[0], extents[1], filter[3]};
}

ConvolutionShape convolution_shape(const Shape& images, const Shape& filter, const Attributes& attributes) {
  const ConvOptions o = conv_options(attributes);
  const Shape output = conv2d_output(images, filter, attributes);
  return {.batch = images[0],
          .height = images[1],
          .width = images[2],
          .channels = images[3],
          .filter_height = filter[0],
          .filter_width = filter[1],
          .output_height = output[1],
          .output_width = output[2],
          .outputs = filter[3],
          .stride_y = o.stride[0],
          .stride_x = o.stride[1],
          .top = o.padding[0],
          .left = o.padding[2],
          .dilation_y = o.dilation[0],
          .dilation_x = o.dilation[1],
          .groups = o.groups};
}

SampledConvolution::SampledConvolution(Sampler& s) {
  std::int64_t filter_extents[2];
  std::int64_t image_extents[2];
  for (const int axis : {0, 1}) {
    const auto a = static_cast<std::size_t>(axis);
    filter_extents[axis] = s.integer(1, 3);
    options.stride[a] = s.integer(1, 4);
    options.dilation[a] = s.integer(1, 2);
    for (const std::size_t side : {2 * a, 2 * a + 1})
      options.padding[side] = s.chance() ? s.integer(0, 4) : 0;
    const std::int64_t covered = options.dilation[a] * (filter_extents[axis] - 1) + 1;
    const std::int64_t least = covered - options.padding[2 * a] - options.padding[2 * a + 1];
    image_extents[axis] = std::max<std::int64_t>(least, 1) + s.integer(0, 8);
  }
  // One in four has a filter for each channel.
  const bool depthwise = s.chance() && s.chance();
  options.groups = depthwise ? s.integer(1, 37) : s.chance() ? 1 : s.integer(1, 3);
  const std::int64_t depth = depthwise ? 1 : s.integer(1, 3);
  const std::int64_t outputs = options.groups * (depthwise    ? 1
                                                 : s.chance() ? s.integer(1, 3)
                                                              : s.integer(8, 20));
  images = s.normal({s.integer(1, 3), image_extents[0], image_extents[1], depth * options.groups});
  filter = s.normal({filter_extents[0], filter_extents[1], depth, outputs});
}

Shape SampledConvolution::output() const {
  return conv2d_output(images.shape(), filter.shape(), to_attributes(options));
}

}  // namespace hebb
