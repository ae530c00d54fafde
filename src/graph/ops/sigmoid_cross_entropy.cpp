#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_sigmoid_cross_entropy;
const Op op_sigmoid_cross_entropy = {
    .name = "sigmoid_cross_entropy",
    .arity = 2,
    .formula = "max(x, 0) - x * t + log(1 + exp(-|x|))",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto a, auto b) {
      using T = decltype(a);
      return std::max(a, T{0}) - a * b + std::log1p(std::exp(-std::abs(a)));
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto& inputs = y.node().inputs;
      return {g * (sigmoid(inputs[0]) - inputs[1]), neg(g * inputs[0])};
    },
    .emit =
        [](Emitter& e, const Node&, std::span<const Emitted> x) {
          return e.add(e.sub(e.max(x[0], e.constant(0.0)), e.mul(x[0], x[1])),
                       e.log1p(e.exp(e.neg(e.abs(x[0])))));
        },
    .error = {.ulp = 12, .scale = ErrorBound::Scale::one},
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return sigmoid_cross_entropy(s.normal(shape), s.uniform(shape, 0.0, 1.0));
        },
};

Tensor sigmoid_cross_entropy(const Tensor& logits, const Tensor& targets) {
  return apply_pointwise(op_sigmoid_cross_entropy, {logits, targets});
}

}  // namespace hebb
