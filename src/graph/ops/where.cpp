#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_where;
const Op op_where = {
    .name = "where",
    .arity = 3,
    .formula = "a where condition is not 0, else b",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto c, auto a, auto b) { return c != 0 ? a : b; }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& condition = y.node().inputs[0];
      // Chosen, not multiplied: a NaN in the gradient of one branch must not reach the other.
      return {Tensor(), where(condition, g, 0.0), where(condition, 0.0, g)};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.select(x[0], x[1], x[2]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return where(s.integers_as_floats(s.broadcastable(shape), 0, 1), s.normal(shape),
                       s.normal(s.broadcastable(shape)));
        },
};

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  return apply_pointwise(op_where, {condition, a, b});
}

}  // namespace hebb
