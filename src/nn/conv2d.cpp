#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/sizes.hpp"
#include "nn/windows.hpp"

namespace hebb {

namespace {

WindowAxis axis_of(const Conv2dOptions& o) {
  return {.extent = o.kernel, .stride = o.stride, .padding = o.padding, .dilation = o.dilation};
}

ConvOptions conv_options(const Conv2dOptions& o, const Shape& image) {
  const auto [top, bottom] = axis_of(o).padding_of(image[0]);
  const auto [left, right] = axis_of(o).padding_of(image[1]);
  return {.stride = {o.stride, o.stride},
          .padding = {top, bottom, left, right},
          .dilation = {o.dilation, o.dilation},
          .groups = o.groups};
}

}  // namespace

Conv2d::Conv2d(std::int64_t channels, Conv2dOptions options)
    : channels_(channels), options_(std::move(options)) {
  require_number(kind(), "channels", channels, 1);
  require_number(kind(), "a kernel", options_.kernel, 1);
  require_number(kind(), "a stride", options_.stride, 1);
  require_number(kind(), "a dilation", options_.dilation, 1);
  require_number(kind(), "groups", options_.groups, 1);
  if (options_.padding != kSamePadding) require_number(kind(), "a padding", options_.padding, 0);
  if (channels % options_.groups != 0) {
    throw ConfigError("conv: " + std::to_string(options_.groups) + " groups do not divide " +
                      std::to_string(channels) + " channels");
  }
}

std::string Conv2d::describe() const {
  const Conv2dOptions usual;
  std::string text = "conv(" + std::to_string(channels_);
  const auto add = [&](const char* key, std::int64_t value, std::int64_t otherwise) {
    if (value != otherwise) text += ", " + std::string(key) + "=" + std::to_string(value);
  };
  add("kernel", options_.kernel, usual.kernel);
  add("stride", options_.stride, usual.stride);
  if (options_.padding == kSamePadding) {
    text += ", padding=same";
  } else {
    add("padding", options_.padding, usual.padding);
  }
  add("dilation", options_.dilation, usual.dilation);
  add("groups", options_.groups, usual.groups);
  if (!options_.activation.is_none()) text += ", act=" + options_.activation.describe();
  if (!options_.bias) text += ", bias=false";
  if (!options_.init.is_auto()) text += ", init=" + options_.init.describe();
  return text + ")";
}

Shape Conv2d::output_shape(const Shape& input) const {
  const Shape image = image_shape(kind(), input);
  if (image[2] % options_.groups != 0) {
    throw ShapeError("conv: " + std::to_string(options_.groups) + " groups do not divide the " +
                     std::to_string(image[2]) + " channels of the input");
  }
  const WindowAxis window = axis_of(options_);
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
  const Initializer init =
      options_.init.is_auto() ? options_.activation.suitable_initializer() : options_.init;
  const std::int64_t inputs = image_shape(kind(), input)[2] / options_.groups;
  const std::int64_t window = options_.kernel * options_.kernel;
  filter_ = init({options_.kernel, options_.kernel, inputs, channels_},
                 {window * inputs, window * channels_ / options_.groups}, random);
  bias_ = options_.bias ? Initializer("zeros")({channels_}, {}, random) : Tensor();
}

Tensor Conv2d::forward(const Tensor& x, ForwardContext&) const {
  require_built(filter_);
  const Shape image = image_shape(kind(), sample_shape(x.shape()));
  const Tensor images = x.shape().rank() == 4 ? x : reshape(x, {x.shape()[0], image[0], image[1], image[2]});
  Tensor y = conv2d(images, filter_, conv_options(options_, image));
  if (options_.bias) y = y + bias_;
  return options_.activation(y);
}

void Conv2d::visit(ParameterVisitor& visitor) {
  visitor("filter", filter_);
  if (options_.bias) visitor("bias", bias_);
}

}  // namespace hebb
