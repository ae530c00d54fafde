#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_broadcast_to;
const Op op_broadcast_to = {
    .name = "broadcast_to",
    .formula = "x repeated along axes of extent 1 and new leading axes",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      const Shape shape(attributes.list("shape"));
      if (broadcast_shapes(inputs[0].shape(), shape) != shape) {
        throw ShapeError(to_string(inputs[0].shape()) + " does not broadcast to " + to_string(shape));
      }
      return {shape, require_float(inputs)};
    },
    .reference = pointwise_reference([](const Node&, auto x) { return x; }),
    // The caller sums back to the operand's shape.
    .vjp = [](const Tensor&, const Tensor& g) -> std::vector<Tensor> { return {g}; },
    .emit = [](Emitter&, const Node&, std::span<const Emitted> x) { return x[0]; },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return broadcast_to(s.normal(s.broadcastable(shape)), shape);
        },
};

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (x.node().op != nullptr && x.node().op->name == "full" && broadcast_shapes(x.shape(), shape) == shape) {
    return full(x.node().attributes.real("value"), shape, x.dtype());
  }
  return apply(op_broadcast_to, {x}, {{"shape", shape.extents()}});
}

}  // namespace hebb
