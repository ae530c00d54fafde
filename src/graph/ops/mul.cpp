#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_mul;
const Op op_mul = {
    .name = "mul",
    .arity = 2,
    .formula = "a * b",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto a, auto b) { return a * b; }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto& inputs = y.node().inputs;
      return {g * inputs[1], g * inputs[0]};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.mul(x[0], x[1]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return mul(s.normal(shape), s.normal(s.broadcastable(shape)));
        },
};

Tensor mul(const Tensor& a, const Tensor& b) {
  // Gradients start from a constant 1: multiplying by it would only lengthen every graph.
  if (stays_itself(a, b, 1.0)) return a;
  if (stays_itself(b, a, 1.0)) return b;
  return apply_pointwise(op_mul, {a, b});
}

}  // namespace hebb
