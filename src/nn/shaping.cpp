/// Layers without parameters: dropout, flatten, reshape.
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/description.hpp"
#include "nn/sizes.hpp"

namespace hebb {

namespace {

void require_rate(std::string_view layer, double rate) {
  if (rate >= 0 && rate < 1) return;
  throw ConfigError(std::string(layer) + ": expected a rate from 0 to below 1, got " + number_text(rate));
}

/// Whether something is to be dropped now.
bool drops(std::string_view layer, double rate, const ForwardContext& context) {
  if (!context.training || rate == 0) return false;
  if (!context.key.empty()) return true;
  throw Error(std::string(layer) + ": training with dropout needs random numbers; set ForwardContext::key");
}

}  // namespace

Dropout::Dropout(double rate) : rate_(rate) { require_rate("dropout", rate); }

std::string Dropout::describe() const { return "dropout(" + number_text(rate_) + ")"; }

Tensor Dropout::forward(const Tensor& x, ForwardContext& context) const {
  if (!drops(name(), rate_, context)) return x;
  return dropout(x, rate_, context.key, context.next_stream++);
}

SpatialDropout::SpatialDropout(double rate) : rate_(rate) { require_rate("spatial_dropout", rate); }

std::string SpatialDropout::describe() const { return "spatial_dropout(" + number_text(rate_) + ")"; }

Shape SpatialDropout::output_shape(const Shape& input) const {
  if (input.rank() == 0) throw ShapeError("spatial_dropout: expected an axis of channels, got a scalar");
  return input;
}

Tensor SpatialDropout::forward(const Tensor& x, ForwardContext& context) const {
  output_shape(sample_shape(x.shape()));
  if (!drops(name(), rate_, context)) return x;
  std::vector<std::int64_t> channels(x.shape().extents().size(), 1);
  channels.front() = x.shape()[0];
  channels.back() = x.shape()[-1];
  const Tensor kept = bernoulli(context.key, 1 - rate_, Shape(channels), context.next_stream++);
  return x * (cast(kept, x.dtype()) * (1 / (1 - rate_)));
}

Tensor Flatten::forward(const Tensor& x, ForwardContext&) const {
  return reshape(x, {x.shape()[0], sample_shape(x.shape()).elements()});
}

Reshape::Reshape(std::vector<std::int64_t> extents) : extents_(std::move(extents)) {
  bool positive = !extents_.empty() && extents_.size() <= 8;
  for (const std::int64_t extent : extents_) positive = positive && extent > 0;
  if (!positive) throw ConfigError("reshape: expected 1 to 8 positive extents");
  try {
    Shape{extents_};
  } catch (const ShapeError& error) {
    throw ConfigError(std::string("reshape: ") + error.what());
  }
}

std::string Reshape::describe() const {
  std::string text = "reshape(";
  for (std::size_t i = 0; i < extents_.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(extents_[i]);
  return text + ")";
}

Shape Reshape::output_shape(const Shape& input) const {
  const Shape output(extents_);
  if (output.elements() != input.elements()) {
    throw ShapeError("reshape: " + std::to_string(input.elements()) + " elements of shape " +
                     to_string(input) + " do not fill the shape " + to_string(output));
  }
  return output;
}

Tensor Reshape::forward(const Tensor& x, ForwardContext&) const {
  std::vector<std::int64_t> extents = {x.shape()[0]};
  extents.insert(extents.end(), extents_.begin(), extents_.end());
  return reshape(x, extents);
}

}  // namespace hebb
