#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_minimum;
const Op op_minimum = {
    .name = "minimum",
    .arity = 2,
    .formula = "min(a, b)",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto a, auto b) { return a < b || a != a ? a : b; }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto& inputs = y.node().inputs;
      // Where both are equal, each gets half of the gradient.
      const Tensor of_a = less(inputs[0], inputs[1]) + 0.5 * equal(inputs[0], inputs[1]);
      return {g * of_a, g * (1.0 - of_a)};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.min(x[0], x[1]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          // Apart, so that finite differences never step over the kink.
          const Tensor a = s.distinct(shape);
          return minimum(a, a + s.away_from(shape, {0.0}, 0.05));
        },
};

Tensor minimum(const Tensor& a, const Tensor& b) { return apply_pointwise(op_minimum, {a, b}); }

}  // namespace hebb
