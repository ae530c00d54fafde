#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_hard_swish;
const Op op_hard_swish = {
    .name = "hard_swish",
    .formula = "x * min(max(x / 6 + 1/2, 0), 1)",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) {
      using T = decltype(x);
      return x * std::min(std::max(x / 6 + T{0.5}, T{0}), T{1});
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      // Chosen, not multiplied: an infinite x must not meet the 0 outside.
      const Tensor inside = less(-3.0, x) * less(x, 3.0);
      return {g * (hard_sigmoid(x) + where(inside, x, 0.0) * (1.0 / 6.0))};
    },
    .emit =
        [](Emitter& e, const Node&, std::span<const Emitted> x) {
          return e.mul(
              x[0], e.min(e.max(e.add(e.mul(x[0], e.constant(1.0 / 6.0)), e.constant(0.5)), e.constant(0.0)),
                          e.constant(1.0)));
        },
    .error = {.ulp = 6, .scale = ErrorBound::Scale::one},
    .sample =
        [](Sampler& s) {
          return hard_swish(s.away_from(s.shape(), {-3.0, 3.0}));
        },
};

Tensor hard_swish(const Tensor& x) { return apply_pointwise(op_hard_swish, {x}); }

}  // namespace hebb
