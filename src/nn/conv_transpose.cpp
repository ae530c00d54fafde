#include <algorithm>

#include "hebb/error.hpp"
#include "hebb/image_layers.hpp"
#include "hebb/ops.hpp"
#include "nn/convolution.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

/// The convolution that this one is the transpose of.
Conv2dOptions convolution_of(const ConvTranspose2dOptions& o) {
  return {.kernel = o.kernel,
          .stride = o.stride,
          .padding = o.padding,
          .bias = o.bias,
          .activation = o.activation,
          .init = o.init};
}

std::int64_t output_extent(const ConvTranspose2dOptions& o, std::int64_t extent) {
  if (o.padding == kSamePadding) return checked_product(extent, o.stride);
  const std::int64_t whole = checked_sum(checked_product(extent - 1, o.stride), o.kernel + o.output_padding);
  if (whole > 2 * o.padding) return whole - 2 * o.padding;
  throw ShapeError("conv_transpose: a padding of " + std::to_string(o.padding) + " leaves nothing of " +
                   std::to_string(whole) + " places");
}

}  // namespace

ConvTranspose2d::ConvTranspose2d(std::int64_t channels, ConvTranspose2dOptions options)
    : channels_(channels), options_(std::move(options)) {
  require_options(kind(), channels, convolution_of(options_));
  require_number(kind(), "an output_padding", options_.output_padding, 0);
  if (options_.output_padding >= options_.stride) {
    throw ConfigError("conv_transpose: expected an output_padding below the stride, " +
                      std::to_string(options_.stride) + ", got " + std::to_string(options_.output_padding));
  }
  if (options_.output_padding > 0 && options_.padding == kSamePadding)
    throw ConfigError("conv_transpose: padding=same has no output_padding");
}

std::string ConvTranspose2d::describe() const {
  return "conv_transpose(" + describe_options(channels_, convolution_of(options_), options_.output_padding) +
         ")";
}

Shape ConvTranspose2d::output_shape(const Shape& input) const {
  const Shape image = image_shape(kind(), input);
  return {output_extent(options_, image[0]), output_extent(options_, image[1]), channels_};
}

std::int64_t ConvTranspose2d::parameter_count(const Shape& input) const {
  const std::int64_t window = checked_product(options_.kernel, options_.kernel);
  const std::int64_t inputs = checked_product(window, image_shape(kind(), input)[2]);
  return checked_product(checked_sum(inputs, options_.bias ? 1 : 0), channels_);
}

std::int64_t ConvTranspose2d::flops(const Shape& input) const {
  const std::int64_t window = checked_product(options_.kernel, options_.kernel);
  const std::int64_t outputs = checked_product(window, channels_);
  return checked_product(checked_product(2, outputs), input.elements()) +
         options_.activation.flops(output_shape(input));
}

void ConvTranspose2d::initialize(const Shape& input, Random& random) {
  const std::int64_t inputs = image_shape(kind(), input)[2];
  const std::int64_t window = options_.kernel * options_.kernel;
  // Windows a stride apart overlap: so many inputs feed an output, on the average.
  const std::int64_t feeding = std::max<std::int64_t>(window / (options_.stride * options_.stride), 1);
  filter_ = filter_initializer(convolution_of(options_))(
      {options_.kernel, options_.kernel, channels_, inputs}, {feeding * inputs, window * channels_}, random);
  bias_ = options_.bias ? Initializer("zeros")({channels_}, {}, random) : Tensor();
}

Tensor ConvTranspose2d::forward(const Tensor& x, ForwardContext&) const {
  require_built(filter_);
  const Tensor images = images_of(kind(), x);
  const Shape output = output_shape(sample_shape(images.shape()));
  const WindowAxis window = window_of(convolution_of(options_));
  const auto [top, bottom] = window.padding_of(output[0]);
  const auto [left, right] = window.padding_of(output[1]);
  Tensor y = conv2d_image_gradient(
      images, filter_, {x.shape()[0], output[0], output[1], channels_},
      {.stride = {options_.stride, options_.stride}, .padding = {top, bottom, left, right}});
  if (options_.bias) y = y + bias_;
  return options_.activation(y);
}

void ConvTranspose2d::visit(ParameterVisitor& visitor) {
  visitor("filter", filter_);
  if (options_.bias) visitor("bias", bias_);
}

}  // namespace hebb
