#include "graph/ops/common.hpp"

namespace hebb {

namespace {

constexpr double kSqrtTwoOverPi = 0.7978845608028654;
constexpr double kCubic = 0.044715;

}  // namespace

// 1 + tanh cancels where x is far below 0: the error is relative to 1.
extern const Op op_gelu_tanh;
const Op op_gelu_tanh = {
    .name = "gelu_tanh",
    .formula = "x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) {
      using T = decltype(x);
      return x * (1 + std::tanh(static_cast<T>(kSqrtTwoOverPi) * (x + static_cast<T>(kCubic) * x * x * x))) /
             2;
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const Tensor t = tanh(kSqrtTwoOverPi * (x + kCubic * x * x * x));
      const Tensor inner = kSqrtTwoOverPi * (1.0 + 3.0 * kCubic * x * x);
      return {g * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner)};
    },
    .emit =
        [](Emitter& e, const Node&, std::span<const Emitted> x) {
          const Emitted cube = e.mul(e.mul(x[0], x[0]), x[0]);
          const Emitted inner =
              e.mul(e.constant(kSqrtTwoOverPi), e.add(x[0], e.mul(e.constant(kCubic), cube)));
          return e.mul(e.mul(x[0], e.constant(0.5)), e.add(e.constant(1.0), e.tanh(inner)));
        },
    .error = {.ulp = 16, .scale = ErrorBound::Scale::one},
    .sample = [](Sampler& s) { return gelu_tanh(s.normal(s.shape())); },
};

Tensor gelu_tanh(const Tensor& x) { return apply_pointwise(op_gelu_tanh, {x}); }

}  // namespace hebb
