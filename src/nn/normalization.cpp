#include <cmath>

#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/description.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

void require_epsilon(std::string_view layer, double epsilon) {
  if (epsilon > 0 && std::isfinite(epsilon)) return;
  throw ConfigError(std::string(layer) + ": expected a positive epsilon, got " + number_text(epsilon));
}

std::int64_t channels(std::string_view layer, const Shape& input) {
  if (input.rank() > 0 && input.elements() > 0) return input[-1];
  throw ShapeError(std::string(layer) + ": expected at least one axis with elements, got shape " +
                   to_string(input));
}

void require_channels(std::string_view layer, const Shape& x, const Tensor& scale) {
  if (x.rank() > 1 && x[-1] == scale.shape()[0]) return;
  throw ShapeError(std::string(layer) + ": expected a last axis of " + std::to_string(scale.shape()[0]) +
                   ", got shape " + to_string(x));
}

Tensor constant(double value, std::int64_t count) {
  Random unused;
  return Initializer("constant", value)({count}, {}, unused);
}

/// To mean 0 and variance 1 over the axes.
Tensor standardized(const Tensor& x, const Axes& axes, double epsilon) {
  return (x - mean(x, axes, true)) / sqrt(var(x, axes, true) + epsilon);
}

constexpr std::int64_t kFlops = 8;  // an element: mean, variance, difference, quotient, scale, shift

}  // namespace

LayerNorm::LayerNorm(double epsilon) : epsilon_(epsilon) { require_epsilon("layer_norm", epsilon); }

std::string LayerNorm::describe() const {
  return epsilon_ == 1e-5 ? "layer_norm" : "layer_norm(epsilon=" + number_text(epsilon_) + ")";
}

Shape LayerNorm::output_shape(const Shape& input) const {
  channels("layer_norm", input);
  return input;
}

std::int64_t LayerNorm::parameter_count(const Shape& input) const {
  return 2 * channels("layer_norm", input);
}

std::int64_t LayerNorm::flops(const Shape& input) const { return checked_product(kFlops, input.elements()); }

void LayerNorm::initialize(const Shape& input, Random&) {
  scale_ = constant(1, input[-1]);
  shift_ = constant(0, input[-1]);
}

Tensor LayerNorm::forward(const Tensor& x, ForwardContext&) const {
  require_built(scale_);
  require_channels(name(), x.shape(), scale_);
  return standardized(x, {-1}, epsilon_) * scale_ + shift_;
}

void LayerNorm::visit(ParameterVisitor& visitor) {
  visitor("scale", scale_);
  visitor("shift", shift_);
}

GroupNorm::GroupNorm(std::int64_t groups, double epsilon) : groups_(groups), epsilon_(epsilon) {
  require_epsilon("group_norm", epsilon);
  if (groups >= 1 && groups < std::int64_t{1} << 31) return;
  throw ConfigError("group_norm: expected groups from 1 to 2147483647, got " + std::to_string(groups));
}

std::string GroupNorm::describe() const {
  return "group_norm(" + std::to_string(groups_) +
         (epsilon_ == 1e-5 ? ")" : ", epsilon=" + number_text(epsilon_) + ")");
}

Shape GroupNorm::output_shape(const Shape& input) const {
  const std::int64_t count = channels("group_norm", input);
  if (count % groups_ == 0) return input;
  throw ShapeError("group_norm: " + std::to_string(groups_) + " groups do not divide the " +
                   std::to_string(count) + " channels of the input");
}

std::int64_t GroupNorm::parameter_count(const Shape& input) const {
  return 2 * channels("group_norm", input);
}

std::int64_t GroupNorm::flops(const Shape& input) const { return checked_product(kFlops, input.elements()); }

void GroupNorm::initialize(const Shape& input, Random&) {
  scale_ = constant(1, input[-1]);
  shift_ = constant(0, input[-1]);
}

Tensor GroupNorm::forward(const Tensor& x, ForwardContext&) const {
  require_built(scale_);
  require_channels(name(), x.shape(), scale_);
  const std::int64_t count = x.shape()[-1];
  const std::int64_t places = sample_shape(x.shape()).elements() / count;
  const Tensor grouped = reshape(x, {x.shape()[0], places, groups_, count / groups_});
  return reshape(standardized(grouped, {1, 3}, epsilon_), x.shape().extents()) * scale_ + shift_;
}

void GroupNorm::visit(ParameterVisitor& visitor) {
  visitor("scale", scale_);
  visitor("shift", shift_);
}

InstanceNorm::InstanceNorm(double epsilon) : epsilon_(epsilon) { require_epsilon("instance_norm", epsilon); }

std::string InstanceNorm::describe() const {
  return epsilon_ == 1e-5 ? "instance_norm" : "instance_norm(epsilon=" + number_text(epsilon_) + ")";
}

Shape InstanceNorm::output_shape(const Shape& input) const {
  channels("instance_norm", input);
  return input;
}

std::int64_t InstanceNorm::parameter_count(const Shape& input) const {
  return 2 * channels("instance_norm", input);
}

std::int64_t InstanceNorm::flops(const Shape& input) const {
  return checked_product(kFlops, input.elements());
}

void InstanceNorm::initialize(const Shape& input, Random&) {
  scale_ = constant(1, input[-1]);
  shift_ = constant(0, input[-1]);
}

Tensor InstanceNorm::forward(const Tensor& x, ForwardContext&) const {
  require_built(scale_);
  require_channels(name(), x.shape(), scale_);
  const std::int64_t count = x.shape()[-1];
  const Tensor sequence = reshape(x, {x.shape()[0], sample_shape(x.shape()).elements() / count, count});
  return reshape(standardized(sequence, {1}, epsilon_), x.shape().extents()) * scale_ + shift_;
}

void InstanceNorm::visit(ParameterVisitor& visitor) {
  visitor("scale", scale_);
  visitor("shift", shift_);
}

BatchNorm::BatchNorm(BatchNormOptions options) : options_(options) {
  require_epsilon("batch_norm", options.epsilon);
  if (!(options.momentum > 0 && options.momentum <= 1)) {
    throw ConfigError("batch_norm: expected a momentum above 0 and up to 1, got " +
                      number_text(options.momentum));
  }
}

std::string BatchNorm::describe() const {
  const BatchNormOptions usual;
  std::string text;
  if (options_.momentum != usual.momentum) text += "momentum=" + number_text(options_.momentum);
  if (options_.epsilon != usual.epsilon)
    text += (text.empty() ? "" : ", ") + ("epsilon=" + number_text(options_.epsilon));
  return text.empty() ? "batch_norm" : "batch_norm(" + text + ")";
}

Shape BatchNorm::output_shape(const Shape& input) const {
  channels("batch_norm", input);
  return input;
}

std::int64_t BatchNorm::parameter_count(const Shape& input) const {
  return 2 * channels("batch_norm", input);
}

std::int64_t BatchNorm::flops(const Shape& input) const { return checked_product(kFlops, input.elements()); }

void BatchNorm::initialize(const Shape& input, Random&) {
  scale_ = constant(1, input[-1]);
  shift_ = constant(0, input[-1]);
  running_mean_ = constant(0, input[-1]);
  running_variance_ = constant(1, input[-1]);
}

Tensor BatchNorm::forward(const Tensor& x, ForwardContext& context) const {
  require_built(scale_);
  require_channels(name(), x.shape(), scale_);
  Tensor centred;
  Tensor variance = running_variance_;
  if (context.training) {
    Axes others;
    for (int axis = 0; axis + 1 < x.shape().rank(); ++axis) others.push_back(axis);
    // With the reduced axes kept, as the derivative of the variance has it: one difference serves both.
    const std::vector<std::int64_t>& channels = scale_.shape().extents();
    const Tensor kept = mean(x, others, true);
    centred = x - kept;
    const Tensor centre = reshape(kept, channels);
    variance = reshape(var(x, others, true), channels);
    const auto n = static_cast<double>(x.size() / x.shape()[-1]);
    if (n > 1) {
      const double m = options_.momentum;
      context.update(running_mean_, context.current(running_mean_) * (1 - m) + centre * m);
      context.update(running_variance_,
                     context.current(running_variance_) * (1 - m) + variance * (m * n / (n - 1)));
    }
  }
  if (centred.empty()) centred = x - running_mean_;
  // One factor for each channel, so that an element costs a subtraction and a product.
  return centred * (scale_ / sqrt(variance + options_.epsilon)) + shift_;
}

void BatchNorm::visit(ParameterVisitor& visitor) {
  visitor("scale", scale_);
  visitor("shift", shift_);
  visitor("running_mean", running_mean_, false);
  visitor("running_variance", running_variance_, false);
}

}  // namespace hebb
