#include <unistd.h>

#include "hebb/error.hpp"
#include "hebb/layers.hpp"
#include "nn/sizes.hpp"

namespace hebb {

std::int64_t checked_product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result) || result > (std::int64_t{1} << 62)) {
    throw ConfigError("a layer of " + std::to_string(a) + " x " + std::to_string(b) +
                      " parameters is too large");
  }
  return result;
}

std::int64_t checked_sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) throw ConfigError("the model has too many parameters");
  return result;
}

void require_memory(std::int64_t parameters) {
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  const double needed = static_cast<double>(parameters) * 2 * sizeof(float);
  if (needed <= memory) return;
  constexpr double kGigabyte = 1e9;
  throw ConfigError(std::to_string(parameters) + " parameters and their gradients take " +
                    std::to_string(static_cast<std::int64_t>(needed / kGigabyte)) + " GB; this machine has " +
                    std::to_string(static_cast<std::int64_t>(memory / kGigabyte)) + " GB of memory");
}

Shape sample_shape(const Shape& batch) {
  if (batch.rank() == 0) throw ShapeError("expected a batch [batch, ...], got a scalar");
  return Shape(std::vector<std::int64_t>(batch.extents().begin() + 1, batch.extents().end()));
}

std::int64_t Layer::parameter_count(const Shape&) const { return 0; }

Shape Layer::build(const Shape& input, Random& random) {
  Shape output = output_shape(input);
  require_memory(parameter_count(input));
  initialize(input, random);
  return output;
}

Tensor Layer::operator()(const Tensor& x, ForwardContext& context) const {
  const Scope scope{std::string(name())};
  return forward(x, context);
}

void Layer::visit(ParameterVisitor&) {}

void Layer::initialize(const Shape&, Random&) {}

void Layer::require_built(const Tensor& parameter) const {
  if (parameter.empty())
    throw Error(std::string(name()) + ": the layer has no parameters yet; build it first");
}

}  // namespace hebb
