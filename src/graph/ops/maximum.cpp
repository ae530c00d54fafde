#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_maximum;
const Op op_maximum = {
    .name = "maximum",
    .arity = 2,
    .formula = "max(a, b)",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto a, auto b) { return a > b || a != a ? a : b; }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto& inputs = y.node().inputs;
      // Where both are equal, each gets half of the gradient.
      const Tensor of_a = less(inputs[1], inputs[0]) + 0.5 * equal(inputs[0], inputs[1]);
      return {g * of_a, g * (1.0 - of_a)};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.max(x[0], x[1]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          // Apart, so that finite differences never step over the kink.
          const Tensor a = s.distinct(shape);
          return maximum(a, a + s.away_from(shape, {0.0}, 0.05));
        },
};

Tensor maximum(const Tensor& a, const Tensor& b) { return apply_pointwise(op_maximum, {a, b}); }

}  // namespace hebb
