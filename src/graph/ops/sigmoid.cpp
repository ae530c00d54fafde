#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_sigmoid;
const Op op_sigmoid = {
    .name = "sigmoid",
    .formula = "1 / (1 + exp(-x))",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return 1 / (1 + std::exp(-x)); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> { return {g * (y * (1.0 - y))}; },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.sigmoid(x[0]); },
    .error = {.ulp = 4},
    .sample = [](Sampler& s) { return sigmoid(s.normal(s.shape())); },
};

Tensor sigmoid(const Tensor& x) { return apply_pointwise(op_sigmoid, {x}); }

}  // namespace hebb
