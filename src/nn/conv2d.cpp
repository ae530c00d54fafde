#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/convolution.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

ConvOptions conv_options(const Conv2dOptions& o, const Shape& image) {
  const auto [top, bottom] = window_of(o).padding_of(image[0]);
  const auto [left, right] = window_of(o).padding_of(image[1]);
  return {.stride = {o.stride, o.stride},
          .padding = {top, bottom, left, right},
          .dilation = {o.dilation, o.dilation},
          .groups = o.groups};
}

}  // namespace

Conv2d::Conv2d(std::int64_t channels, Conv2dOptions options)
    : channels_(channels), options_(std::move(options)) {
  require_options(kind(), channels, options_);
}

std::string Conv2d::describe() const { return "conv(" + describe_options(channels_, options_) + ")"; }

Shape Conv2d::output_shape(const Shape& input) const {
  const Shape image = image_shape(kind(), input);
  require_groups(kind(), options_, image[2]);
  const WindowAxis window = window_of(options_);
  const auto extent = [&](int axis) {
    const std::int64_t places = window.places(image[axis]);
    if (places > 0) return places;
    const auto [before, after] = window.padding_of(image[axis]);
    throw ShapeError("conv: the filter covers " + std::to_string(window.covered()) + " pixels, the input " +
                     to_string(input) + " with its padding has " +
                     std::to_string(image[axis] + before + after) + (axis == 0 ? " rows" : " columns"));
  };
  return {extent(0), extent(1), channels_};
}

std::int64_t Conv2d::parameter_count(const Shape& input) const {
  const std::int64_t window = checked_product(options_.kernel, options_.kernel);
  const std::int64_t inputs = checked_product(window, image_shape(kind(), input)[2] / options_.groups);
  return checked_product(checked_sum(inputs, options_.bias ? 1 : 0), channels_);
}

std::int64_t Conv2d::flops(const Shape& input) const {
  const Shape output = output_shape(input);
  const std::int64_t window = checked_product(options_.kernel, options_.kernel);
  const std::int64_t inputs = checked_product(window, image_shape(kind(), input)[2] / options_.groups);
  return checked_product(checked_product(2, inputs), output.elements()) + options_.activation.flops(output);
}

void Conv2d::initialize(const Shape& input, Random& random) {
  const std::int64_t inputs = image_shape(kind(), input)[2] / options_.groups;
  const std::int64_t window = options_.kernel * options_.kernel;
  filter_ = filter_initializer(options_)({options_.kernel, options_.kernel, inputs, channels_},
                                         {window * inputs, window * channels_ / options_.groups}, random);
  bias_ = options_.bias ? Initializer("zeros")({channels_}, {}, random) : Tensor();
}

Tensor Conv2d::forward(const Tensor& x, ForwardContext&) const {
  require_built(filter_);
  const Tensor images = images_of(kind(), x);
  Tensor y = conv2d(images, filter_, conv_options(options_, sample_shape(images.shape())));
  if (options_.bias) y = y + bias_;
  return options_.activation(y);
}

void Conv2d::visit(ParameterVisitor& visitor) {
  visitor("filter", filter_);
  if (options_.bias) visitor("bias", bias_);
}

}  // namespace hebb
