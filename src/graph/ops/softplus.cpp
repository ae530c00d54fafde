#include "graph/ops/common.hpp"

namespace hebb {

// max(x, 0) + log(1 + exp(-|x|)) neither overflows nor loses small values.
extern const Op op_softplus;
const Op op_softplus = {
    .name = "softplus",
    .formula = "log(1 + exp(x))",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) {
      using T = decltype(x);
      return std::max(x, T{0}) + std::log1p(std::exp(-std::abs(x)));
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      return {g * sigmoid(x)};
    },
    .emit =
        [](Emitter& e, const Node&, std::span<const Emitted> x) {
          return e.add(e.max(x[0], e.constant(0.0)), e.log1p(e.exp(e.neg(e.abs(x[0])))));
        },
    .error = {.ulp = 8},
    .sample = [](Sampler& s) { return softplus(s.normal(s.shape())); },
};

Tensor softplus(const Tensor& x) { return apply_pointwise(op_softplus, {x}); }

}  // namespace hebb
