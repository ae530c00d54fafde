#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_abs;
const Op op_abs = {
    .name = "abs",
    .formula = "|x|",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return std::abs(x); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      return {g * sign(x)};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.abs(x[0]); },
    .sample = [](Sampler& s) { return abs(s.away_from(s.shape(), {0.0})); },
};

Tensor abs(const Tensor& x) { return apply_pointwise(op_abs, {x}); }

}  // namespace hebb
