#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_erf;
const Op op_erf = {
    .name = "erf",
    .formula = "2 / sqrt(pi) * integral of exp(-t^2) from 0 to x",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return std::erf(x); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      return {g * (exp(neg(x * x)) * 1.1283791670955126)};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.erf(x[0]); },
    .error = {.ulp = 10},
    .sample = [](Sampler& s) { return erf(s.normal(s.shape())); },
};

Tensor erf(const Tensor& x) { return apply_pointwise(op_erf, {x}); }

}  // namespace hebb
