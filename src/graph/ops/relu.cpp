#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_relu;
const Op op_relu = {
    .name = "relu",
    .formula = "max(x, 0)",
    .infer = pointwise_signature,
    .reference =
        pointwise_reference([](const Node&, auto x) { return x > 0 || x != x ? x : decltype(x){0}; }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> { return {g * less(0.0, y)}; },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.max(x[0], e.constant(0.0)); },
    .sample = [](Sampler& s) { return relu(s.away_from(s.shape(), {0.0})); },
};

Tensor relu(const Tensor& x) { return apply_pointwise(op_relu, {x}); }

}  // namespace hebb
