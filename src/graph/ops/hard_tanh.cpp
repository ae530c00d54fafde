#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_hard_tanh;
const Op op_hard_tanh = {
    .name = "hard_tanh",
    .formula = "min(max(x, -1), 1)",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) {
      using T = decltype(x);
      return std::min(std::max(x, T{-1}), T{1});
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      return {g * (less(-1.0, x) * less(x, 1.0))};
    },
    .emit = [](Emitter& e, const Node&,
               std::span<const Emitted> x) { return e.min(e.max(x[0], e.constant(-1.0)), e.constant(1.0)); },
    .sample =
        [](Sampler& s) {
          return hard_tanh(s.away_from(s.shape(), {-1.0, 1.0}));
        },
};

Tensor hard_tanh(const Tensor& x) { return apply_pointwise(op_hard_tanh, {x}); }

}  // namespace hebb
