/// Layers without parameters: dropout, flatten, reshape.
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/description.hpp"
#include "nn/sizes.hpp"

namespace hebb {

Dropout::Dropout(double rate) : rate_(rate) {
  if (!(rate >= 0 && rate < 1)) {
    throw ConfigError("dropout: expected a rate from 0 to below 1, got " + number_text(rate));
  }
}

std::string Dropout::describe() const { return "dropout(" + number_text(rate_) + ")"; }

Tensor Dropout::forward(const Tensor& x, ForwardContext& context) const {
  if (!context.training || rate_ == 0) return x;
  if (context.key.empty()) {
    throw Error(std::string(name()) +
                ": training with dropout needs random numbers; set ForwardContext::key");
  }
  return dropout(x, rate_, context.key, context.next_stream++);
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
