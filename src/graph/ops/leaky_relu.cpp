#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_leaky_relu;
const Op op_leaky_relu = {
    .name = "leaky_relu",
    .formula = "x where x > 0, else slope * x",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node& node, auto x) {
      return x > 0 ? x : static_cast<decltype(x)>(node.attributes.real("slope")) * x;
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      return {g * where(less(0.0, x), 1.0, y.node().attributes.real("slope"))};
    },
    .emit =
        [](Emitter& e, const Node& node, std::span<const Emitted> x) {
          return e.select(e.less(e.constant(0.0), x[0]), x[0],
                          e.mul(x[0], e.constant(node.attributes.real("slope"))));
        },
    .error = {.ulp = 2},
    .sample = [](Sampler& s) { return leaky_relu(s.away_from(s.shape(), {0.0}), s.real(0.01, 0.3)); },
};

Tensor leaky_relu(const Tensor& x, double slope) {
  return apply_pointwise(op_leaky_relu, {x}, {{"slope", slope}});
}

}  // namespace hebb
