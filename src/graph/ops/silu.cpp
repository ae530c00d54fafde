#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_silu;
const Op op_silu = {
    .name = "silu",
    .formula = "x * sigmoid(x)",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return x / (1 + std::exp(-x)); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const Tensor s = sigmoid(x);
      return {g * (s * (1.0 + x * (1.0 - s)))};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.mul(x[0], e.sigmoid(x[0])); },
    .error = {.ulp = 6},
    .sample = [](Sampler& s) { return silu(s.normal(s.shape())); },
};

Tensor silu(const Tensor& x) { return apply_pointwise(op_silu, {x}); }

}  // namespace hebb
