#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_elu;
const Op op_elu = {
    .name = "elu",
    .formula = "x where x > 0, else alpha * (exp(x) - 1)",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node& node, auto x) {
      return x > 0 ? x : static_cast<decltype(x)>(node.attributes.real("alpha")) * std::expm1(x);
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const double alpha = y.node().attributes.real("alpha");
      // Through min(x, 0): the exponential of a large x must not meet the 0 that deselects it.
      return {g * where(less(0.0, x), 1.0, alpha * exp(minimum(x, 0.0)))};
    },
    .emit =
        [](Emitter& e, const Node& node, std::span<const Emitted> x) {
          return e.select(e.less(e.constant(0.0), x[0]), x[0],
                          e.mul(e.expm1(x[0]), e.constant(node.attributes.real("alpha"))));
        },
    .error = {.ulp = 6},
    .sample = [](Sampler& s) { return elu(s.away_from(s.shape(), {0.0}), s.real(0.5, 1.5)); },
};

Tensor elu(const Tensor& x, double alpha) { return apply_pointwise(op_elu, {x}, {{"alpha", alpha}}); }

}  // namespace hebb
