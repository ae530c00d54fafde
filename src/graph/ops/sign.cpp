#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_sign;
const Op op_sign = {
    .name = "sign",
    .formula = "-1, 0 or 1 as x is negative, 0 or positive",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return (x > 0 ? 1 : 0) - (x < 0 ? 1 : 0); }),
    .derivative = Derivative::zero,
    .vjp = [](const Tensor& y, const Tensor&) -> std::vector<Tensor> { return zero_gradients(y); },
    .emit =
        [](Emitter& e, const Node&, std::span<const Emitted> x) {
          return e.sub(e.less(e.constant(0.0), x[0]), e.less(x[0], e.constant(0.0)));
        },
    .sample = [](Sampler& s) { return sign(s.away_from(s.shape(), {0.0})); },
};

Tensor sign(const Tensor& x) { return apply_pointwise(op_sign, {x}); }

}  // namespace hebb
