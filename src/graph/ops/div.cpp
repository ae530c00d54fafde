#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_div;
const Op op_div = {
    .name = "div",
    .arity = 2,
    .formula = "a / b",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto a, auto b) { return a / b; }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& b = y.node().inputs[1];
      return {g / b, neg(g * y / b)};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.div(x[0], x[1]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return div(s.normal(shape), s.away_from(s.broadcastable(shape), {0.0}, 0.3));
        },
};

Tensor div(const Tensor& a, const Tensor& b) {
  // Gradients bring constants with them: leaving out what changes nothing keeps graphs short.
  if (stays_itself(a, b, 1.0)) return a;
  return apply_pointwise(op_div, {a, b});
}

}  // namespace hebb
