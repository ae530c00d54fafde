#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_mish;
const Op op_mish = {
    .name = "mish",
    .formula = "x * tanh(log(1 + exp(x)))",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) {
      using T = decltype(x);
      return x * std::tanh(std::max(x, T{0}) + std::log1p(std::exp(-std::abs(x))));
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const Tensor t = tanh(softplus(x));
      return {g * (t + x * (1.0 - t * t) * sigmoid(x))};
    },
    .emit =
        [](Emitter& e, const Node&, std::span<const Emitted> x) {
          return e.mul(x[0], e.tanh(e.add(e.max(x[0], e.constant(0.0)), e.log1p(e.exp(e.neg(e.abs(x[0])))))));
        },
    .error = {.ulp = 14},
    .sample = [](Sampler& s) { return mish(s.normal(s.shape())); },
};

Tensor mish(const Tensor& x) { return apply_pointwise(op_mish, {x}); }

}  // namespace hebb
