#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_tanh;
const Op op_tanh = {
    .name = "tanh",
    .formula = "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return std::tanh(x); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> { return {g * (1.0 - y * y)}; },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.tanh(x[0]); },
    .error = {.ulp = 4},
    .sample = [](Sampler& s) { return tanh(s.normal(s.shape())); },
};

Tensor tanh(const Tensor& x) { return apply_pointwise(op_tanh, {x}); }

}  // namespace hebb
