#include "graph/ops/reduction.hpp"

namespace hebb {

extern const Op op_full;
extern const Op op_sum;
const Op op_sum = {
    .name = "sum",
    .formula = "sum of x over the axes",
    .infer = reduction_signature,
    .reference = Reference([](const auto& call) {
      const std::vector<std::int64_t> target = reduction_targets(call.node);
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for (std::size_t i = 0; i < target.size(); ++i) call.out()[target[i]] += call.in(0)[i];
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      return {broadcast_to(unreduced(g, y.node()), y.node().inputs[0].shape())};
    },
    .kernel = [](const Node& node) { return reduction_kernel(node, ReduceCode::sum); },
    .error = {.scale = ErrorBound::Scale::operands, .terms = reduced_count},
    .sample = [](Sampler& s) { return sample_reduction(op_sum, s, 0); },
};

Tensor sum(const Tensor& x, const Axes& axes, bool keep) {
  if (!x.empty() && x.node().op == &op_full) {
    // Gradients start from constants: what is known of them now need not be computed in every run.
    const Attributes attributes = reduction_attributes(x, axes, keep);
    const Shape shape = reduction_signature({&x, 1}, attributes).shape;
    double count = 1;
    for (const std::int64_t axis : attributes.list("axes"))
      count *= static_cast<double>(x.shape()[static_cast<int>(axis)]);
    return full(count == 0 ? 0 : count * x.node().attributes.real("value"), shape, x.dtype());
  }
  return apply_reduction(op_sum, x, axes, keep);
}

}  // namespace hebb
