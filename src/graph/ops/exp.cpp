#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_exp;
const Op op_exp = {
    .name = "exp",
    .formula = "e to the power of x",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return std::exp(x); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> { return {g * y}; },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.exp(x[0]); },
    .error = {.ulp = 4},
    .sample = [](Sampler& s) { return exp(s.normal(s.shape())); },
};

Tensor exp(const Tensor& x) { return apply_pointwise(op_exp, {x}); }

}  // namespace hebb
