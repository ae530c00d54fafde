#include "graph/ops/common.hpp"

#include <algorithm>

namespace hebb {

extern const Op op_full;

DType require_float(std::span<const Tensor> inputs) {
  const DType type = inputs.front().dtype();
  if (type != DType::f32 && type != DType::f64) {
    throw ShapeError("expected floating-point operands, got " + std::string(to_string(type)));
  }
  for (const Tensor& input : inputs) require_type(input, type);
  return type;
}

void require_type(const Tensor& input, DType type) {
  if (input.dtype() != type) {
    throw ShapeError("expected an operand of type " + std::string(to_string(type)) + ", got " +
                     std::string(to_string(input.dtype())));
  }
}

Signature pointwise_signature(std::span<const Tensor> inputs, const Attributes&) {
  const DType type = require_float(inputs);
  Shape shape = inputs.front().shape();
  for (const Tensor& input : inputs.subspan(1)) shape = broadcast_shapes(shape, input.shape());
  return {shape, type};
}

namespace {

bool is_scalar_constant(const Tensor& tensor) {
  return !tensor.empty() && tensor.node().op == &op_full && tensor.shape().rank() == 0;
}

}  // namespace

Tensor apply_pointwise(const Op& op, std::vector<Tensor> inputs, Attributes attributes) {
  auto strong = std::find_if(inputs.begin(), inputs.end(), [](const Tensor& input) {
    return !input.empty() && !is_scalar_constant(input);
  });
  if (strong == inputs.end()) {  // among constants alone, one that was made f64 on purpose decides
    strong = std::find_if(inputs.begin(), inputs.end(),
                          [](const Tensor& input) { return !input.empty() && input.dtype() == DType::f64; });
  }
  if (strong != inputs.end()) {
    const DType type = strong->dtype();
    for (Tensor& input : inputs) {
      if (is_scalar_constant(input) && input.dtype() != type && (type == DType::f64 || type == DType::f32)) {
        input = full(input.node().attributes.real("value"), {}, type);
      }
    }
  }
  return apply(op, std::move(inputs), std::move(attributes));
}

bool is_constant(const Tensor& tensor, double value) {
  return tensor.node().op == &op_full && tensor.node().attributes.real("value") == value;
}

bool stays_itself(const Tensor& x, const Tensor& other, double neutral) {
  const bool same_type = x.dtype() == DType::f64 || (x.dtype() == DType::f32 && other.dtype() == DType::f32);
  return is_constant(other, neutral) && same_type && broadcast_shapes(x.shape(), other.shape()) == x.shape();
}

std::vector<std::int64_t> broadcast_offsets(const Shape& result, const Shape& operand) {
  std::vector<std::int64_t> offsets(static_cast<std::size_t>(result.elements()));
  for_each_broadcast(result, operand, [&](std::int64_t linear, std::int64_t offset) {
    offsets[static_cast<std::size_t>(linear)] = offset;
  });
  return offsets;
}

Signature comparison_signature(std::span<const Tensor> inputs, const Attributes& attributes) {
  if (inputs[0].dtype() != DType::i32) return pointwise_signature(inputs, attributes);
  for (const Tensor& input : inputs) require_type(input, DType::i32);
  return {broadcast_shapes(inputs[0].shape(), inputs[1].shape()), DType::f32};
}

std::vector<Tensor> zero_gradients(const Tensor& y) {
  std::vector<Tensor> gradients;
  for (const Tensor& input : y.node().inputs) {
    const bool real = input.dtype() == DType::f32 || input.dtype() == DType::f64;
    gradients.push_back(real ? full(0.0, input.shape(), input.dtype()) : Tensor());
  }
  return gradients;
}

std::vector<std::int64_t> checked_axes(const Shape& shape, const Axes& axes) {
  std::vector<std::int64_t> result;
  if (axes.empty()) {
    for (int axis = 0; axis < shape.rank(); ++axis) result.push_back(axis);
    return result;
  }
  for (const int axis : axes) result.push_back(static_cast<std::int64_t>(shape.checked_axis(axis)));
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) {
    throw ShapeError("the same axis is named twice");
  }
  return result;
}

Attributes reduction_attributes(const Tensor& x, const Axes& axes, bool keep) {
  return {{"axes", checked_axes(x.shape(), axes)}, {"keep", std::int64_t{keep}}};
}

Shape kept_shape(const Shape& shape, const std::vector<std::int64_t>& axes) {
  std::vector<std::int64_t> extents = shape.extents();
  for (const std::int64_t axis : axes) extents[static_cast<std::size_t>(axis)] = 1;
  return Shape(std::move(extents));
}

Signature reduction_signature(std::span<const Tensor> inputs, const Attributes& attributes) {
  const DType type = require_float(inputs);
  const Shape& shape = inputs[0].shape();
  const auto& axes = attributes.list("axes");
  if (attributes.flag("keep")) return {kept_shape(shape, axes), type};
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) extents.push_back(shape[axis]);
  }
  return {Shape(std::move(extents)), type};
}

Tensor unreduced(const Tensor& reduced, const Node& reduction) {
  return reshape(reduced,
                 kept_shape(reduction.inputs[0].shape(), reduction.attributes.list("axes")).extents());
}

std::vector<std::int64_t> reduction_targets(const Node& node) {
  const Shape& shape = node.inputs[0].shape();
  return broadcast_offsets(shape, kept_shape(shape, node.attributes.list("axes")));
}

void take_numbers(const Attributes& attributes, const char* name, std::span<std::int64_t> to,
                  std::int64_t least) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  const std::vector<std::int64_t>& values = attributes.list(name);
  const auto fits = [least](std::int64_t value) { return value >= least && value < kMost; };
  if (values.size() != to.size() || !std::all_of(values.begin(), values.end(), fits)) {
    throw ShapeError(std::string(name) + " must be " + std::to_string(to.size()) + " numbers from " +
                     std::to_string(least) + " to 2147483647");
  }
  std::copy(values.begin(), values.end(), to.begin());
}

extern const Op op_neg;
extern const Op op_mul;

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int lead = x.shape().rank() - shape.rank();
  Axes axes;
  for (int axis = 0; axis < x.shape().rank(); ++axis) {
    if (axis < lead || (shape[axis - lead] == 1 && x.shape()[axis] != 1)) axes.push_back(axis);
  }
  if (lead < 0 || broadcast_shapes(x.shape(), shape) != x.shape()) {
    throw ShapeError("sum_to: " + to_string(shape) + " does not broadcast to " + to_string(x.shape()));
  }
  if (axes.empty()) return reshape(x, shape.extents());
  // Signs, and factors that are the same for all that is summed, come after the sum: one that others need as
  // well is then computed once, and nothing is stored for it.
  const Node& node = x.node();
  if (node.op == &op_neg) return neg(sum_to(node.inputs[0], shape));
  if (node.op == &op_mul) {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const Tensor& factor = node.inputs[i];
      const Tensor& rest = node.inputs[1 - i];
      if (rest.shape() == x.shape() && factor.shape().rank() <= shape.rank() &&
          broadcast_shapes(factor.shape(), shape) == shape)
        return sum_to(rest, shape) * factor;
    }
  }
  return reshape(sum(x, axes, true), shape.extents());
}

Tensor dropout(const Tensor& x, double rate, const Tensor& key, std::int64_t stream) {
  if (!(rate >= 0.0 && rate < 1.0))
    throw ConfigError("dropout: expected a rate in [0, 1), got " + std::to_string(rate));
  if (rate == 0.0) return x;
  return x * (cast(bernoulli(key, 1.0 - rate, x.shape(), stream), x.dtype()) * (1.0 / (1.0 - rate)));
}

}  // namespace hebb
