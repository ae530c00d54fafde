#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_step;
const Op op_step = {
    .name = "step",
    .formula = "1 where x >= 0, else 0",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return x >= 0 ? 1 : 0; }),
    .derivative = Derivative::zero,
    .vjp = [](const Tensor& y, const Tensor&) -> std::vector<Tensor> { return zero_gradients(y); },
    .emit = [](Emitter& e, const Node&,
               std::span<const Emitted> x) { return e.less_equal(e.constant(0.0), x[0]); },
    .sample = [](Sampler& s) { return step(s.away_from(s.shape(), {0.0})); },
};

Tensor step(const Tensor& x) { return apply_pointwise(op_step, {x}); }

}  // namespace hebb
