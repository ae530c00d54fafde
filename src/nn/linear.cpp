#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "hebb/ops.hpp"
#include "nn/sizes.hpp"

namespace hebb {

Linear::Linear(std::int64_t units, LinearOptions options) : units_(units), options_(std::move(options)) {
  if (units < 1 || units >= (std::int64_t{1} << 31)) {
    throw ConfigError("dense: expected 1 to 2147483647 units, got " + std::to_string(units));
  }
}

std::string Linear::describe() const {
  std::string text = "dense(" + std::to_string(units_);
  if (!options_.activation.is_none()) text += ", act=" + options_.activation.describe();
  if (!options_.bias) text += ", bias=false";
  if (!options_.init.is_auto()) text += ", init=" + options_.init.describe();
  return text + ")";
}

Shape Linear::output_shape(const Shape& input) const {
  if (input.elements() == 0)
    throw ShapeError("dense: the input has no elements, its shape is " + to_string(input));
  return {units_};
}

std::int64_t Linear::parameter_count(const Shape& input) const {
  return checked_product(checked_sum(input.elements(), options_.bias ? 1 : 0), units_);
}

std::int64_t Linear::flops(const Shape& input) const {
  return checked_product(checked_product(2, input.elements()), units_) + options_.activation.flops({units_});
}

void Linear::initialize(const Shape& input, Random& random) {
  const Initializer init =
      options_.init.is_auto() ? options_.activation.suitable_initializer() : options_.init;
  weight_ = init({input.elements(), units_}, {input.elements(), units_}, random);
  bias_ = options_.bias ? Initializer("zeros")({units_}, {}, random) : Tensor();
}

Tensor Linear::forward(const Tensor& x, ForwardContext&) const {
  require_built(weight_);
  const Shape sample = sample_shape(x.shape());
  if (sample.elements() != weight_.shape()[0]) {
    throw ShapeError(std::string(name()) + ": expected " + std::to_string(weight_.shape()[0]) +
                     " inputs a sample, got shape " + to_string(sample));
  }
  const Tensor rows = x.shape().rank() == 2 ? x : reshape(x, {x.shape()[0], sample.elements()});
  Tensor y = matmul(rows, weight_);
  if (options_.bias) y = y + bias_;
  return options_.activation(y);
}

void Linear::visit(ParameterVisitor& visitor) {
  visitor("weight", weight_);
  if (options_.bias) visitor("bias", bias_);
}

}  // namespace hebb
