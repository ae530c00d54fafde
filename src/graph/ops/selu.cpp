#include "graph/ops/common.hpp"

namespace hebb {

namespace {

// Klambauer et al. 2017, equation (14).
constexpr double kScale = 1.0507009873554805;
constexpr double kAlpha = 1.6732632423543772;

}  // namespace

extern const Op op_selu;
const Op op_selu = {
    .name = "selu",
    .formula = "scale * (x where x > 0, else alpha * (exp(x) - 1))",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) {
      return static_cast<decltype(x)>(kScale) *
             (x > 0 ? x : static_cast<decltype(x)>(kAlpha) * std::expm1(x));
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      return {g * where(less(0.0, x), kScale, kScale * kAlpha * exp(minimum(x, 0.0)))};
    },
    .emit =
        [](Emitter& e, const Node&, std::span<const Emitted> x) {
          return e.mul(e.constant(kScale), e.select(e.less(e.constant(0.0), x[0]), x[0],
                                                    e.mul(e.expm1(x[0]), e.constant(kAlpha))));
        },
    .error = {.ulp = 8},
    .sample = [](Sampler& s) { return selu(s.away_from(s.shape(), {0.0})); },
};

Tensor selu(const Tensor& x) { return apply_pointwise(op_selu, {x}); }

}  // namespace hebb
