#include "hebb/error.hpp"
#include "hebb/image_layers.hpp"
#include "hebb/ops.hpp"
#include "nn/convolution.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

/// [length, channels] of a sample, which may lack its only channel.
Shape sequence_shape(const Shape& sample) {
  if (sample.elements() > 0) {
    if (sample.rank() == 2) return sample;
    if (sample.rank() == 1) return {sample[0], 1};
  }
  throw ShapeError("conv1d: expected sequences [length, channels], got " + to_string(sample));
}

}  // namespace

Conv1d::Conv1d(std::int64_t channels, Conv1dOptions options)
    : channels_(channels), options_(std::move(options)) {
  require_options(kind(), channels, options_);
}

std::string Conv1d::describe() const { return "conv1d(" + describe_options(channels_, options_) + ")"; }

Shape Conv1d::output_shape(const Shape& input) const {
  const Shape sequence = sequence_shape(input);
  require_groups(kind(), options_, sequence[1]);
  const WindowAxis window = window_of(options_);
  const std::int64_t places = window.places(sequence[0]);
  if (places > 0) return {places, channels_};
  const auto [before, after] = window.padding_of(sequence[0]);
  throw ShapeError("conv1d: the filter covers " + std::to_string(window.covered()) + " places, the input " +
                   to_string(input) + " with its padding has " +
                   std::to_string(sequence[0] + before + after));
}

std::int64_t Conv1d::parameter_count(const Shape& input) const {
  const std::int64_t inputs = checked_product(options_.kernel, sequence_shape(input)[1] / options_.groups);
  return checked_product(checked_sum(inputs, options_.bias ? 1 : 0), channels_);
}

std::int64_t Conv1d::flops(const Shape& input) const {
  const Shape output = output_shape(input);
  const std::int64_t inputs = checked_product(options_.kernel, sequence_shape(input)[1] / options_.groups);
  return checked_product(checked_product(2, inputs), output.elements()) + options_.activation.flops(output);
}

void Conv1d::initialize(const Shape& input, Random& random) {
  const std::int64_t inputs = sequence_shape(input)[1] / options_.groups;
  filter_ = filter_initializer(options_)(
      {options_.kernel, inputs, channels_},
      {options_.kernel * inputs, options_.kernel * channels_ / options_.groups}, random);
  bias_ = options_.bias ? Initializer("zeros")({channels_}, {}, random) : Tensor();
}

Tensor Conv1d::forward(const Tensor& x, ForwardContext&) const {
  require_built(filter_);
  const Shape sequence = sequence_shape(sample_shape(x.shape()));
  const Shape& filter = filter_.shape();
  const auto [before, after] = window_of(options_).padding_of(sequence[0]);
  // An image of one row.
  Tensor y = conv2d(reshape(x, {x.shape()[0], 1, sequence[0], sequence[1]}),
                    reshape(filter_, {1, filter[0], filter[1], filter[2]}),
                    {.stride = {1, options_.stride},
                     .padding = {0, 0, before, after},
                     .dilation = {1, options_.dilation},
                     .groups = options_.groups});
  if (options_.bias) y = y + bias_;
  return reshape(options_.activation(y), {y.shape()[0], y.shape()[2], channels_});
}

void Conv1d::visit(ParameterVisitor& visitor) {
  visitor("filter", filter_);
  if (options_.bias) visitor("bias", bias_);
}

}  // namespace hebb
