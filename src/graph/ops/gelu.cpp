#include "graph/ops/common.hpp"

namespace hebb {

namespace {

constexpr double kSqrtHalf = 0.7071067811865476;
constexpr double kInverseSqrtTwoPi = 0.3989422804014327;

}  // namespace

// 1 + erf cancels where x is far below 0: the error is relative to 1.
extern const Op op_gelu;
const Op op_gelu = {
    .name = "gelu",
    .formula = "x * (1 + erf(x / sqrt(2))) / 2",
    .infer = pointwise_signature,
    .reference = pointwise_reference(
        [](const Node&, auto x) { return x * (1 + std::erf(x * static_cast<decltype(x)>(kSqrtHalf))) / 2; }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const Tensor distribution = 0.5 * (1.0 + erf(x * kSqrtHalf));
      const Tensor density = exp(x * x * -0.5) * kInverseSqrtTwoPi;
      return {g * (distribution + x * density)};
    },
    .emit =
        [](Emitter& e, const Node&, std::span<const Emitted> x) {
          return e.mul(e.mul(x[0], e.constant(0.5)),
                       e.add(e.constant(1.0), e.erf(e.mul(x[0], e.constant(kSqrtHalf)))));
        },
    .error = {.ulp = 16, .scale = ErrorBound::Scale::one},
    .sample = [](Sampler& s) { return gelu(s.normal(s.shape())); },
};

Tensor gelu(const Tensor& x) { return apply_pointwise(op_gelu, {x}); }

}  // namespace hebb
