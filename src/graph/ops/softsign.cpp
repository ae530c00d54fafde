#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_softsign;
const Op op_softsign = {
    .name = "softsign",
    .formula = "x / (1 + |x|)",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return x / (1 + std::abs(x)); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const Tensor scale = 1.0 / (1.0 + abs(x));
      return {g * (scale * scale)};
    },
    .emit = [](Emitter& e, const Node&,
               std::span<const Emitted> x) { return e.div(x[0], e.add(e.constant(1.0), e.abs(x[0]))); },
    .error = {.ulp = 3},
    .sample = [](Sampler& s) { return softsign(s.away_from(s.shape(), {0.0})); },
};

Tensor softsign(const Tensor& x) { return apply_pointwise(op_softsign, {x}); }

}  // namespace hebb
