#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_clip;
const Op op_clip = {
    .name = "clip",
    .formula = "min(max(x, low), high)",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node& node, auto x) {
      return x < node.attributes.real("low")    ? static_cast<decltype(x)>(node.attributes.real("low"))
             : x > node.attributes.real("high") ? static_cast<decltype(x)>(node.attributes.real("high"))
                                                : x;
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const Attributes& limits = y.node().attributes;
      return {g * (less_equal(limits.real("low"), x) * less_equal(x, limits.real("high")))};
    },
    .emit =
        [](Emitter& e, const Node& node, std::span<const Emitted> x) {
          return e.min(e.max(x[0], e.constant(node.attributes.real("low"))),
                       e.constant(node.attributes.real("high")));
        },
    .sample =
        [](Sampler& s) {
          return clip(s.away_from(s.shape(), {-0.5, 0.75}), -0.5, 0.75);
        },
};

Tensor clip(const Tensor& x, double low, double high) {
  if (!(low <= high)) {
    throw ConfigError("clip: expected low <= high, got " + std::to_string(low) + " and " +
                      std::to_string(high));
  }
  return apply_pointwise(op_clip, {x}, {{"low", low}, {"high", high}});
}

}  // namespace hebb
