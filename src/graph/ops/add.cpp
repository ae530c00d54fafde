#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_add;
const Op op_add = {
    .name = "add",
    .arity = 2,
    .formula = "a + b",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto a, auto b) { return a + b; }),
    .vjp = [](const Tensor&, const Tensor& g) -> std::vector<Tensor> {
      return {g, g};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.add(x[0], x[1]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return add(s.normal(shape), s.normal(s.broadcastable(shape)));
        },
};

Tensor add(const Tensor& a, const Tensor& b) {
  // Gradients bring constants with them: leaving out what changes nothing keeps graphs short.
  if (stays_itself(a, b, 0.0)) return a;
  if (stays_itself(b, a, 0.0)) return b;
  return apply_pointwise(op_add, {a, b});
}

}  // namespace hebb
