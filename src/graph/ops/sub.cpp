#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_sub;
const Op op_sub = {
    .name = "sub",
    .arity = 2,
    .formula = "a - b",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto a, auto b) { return a - b; }),
    .vjp = [](const Tensor&, const Tensor& g) -> std::vector<Tensor> {
      return {g, neg(g)};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.sub(x[0], x[1]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return sub(s.normal(shape), s.normal(s.broadcastable(shape)));
        },
};

Tensor sub(const Tensor& a, const Tensor& b) {
  // Gradients bring constants with them: leaving out what changes nothing keeps graphs short.
  if (stays_itself(a, b, 0.0)) return a;
  return apply_pointwise(op_sub, {a, b});
}

}  // namespace hebb
