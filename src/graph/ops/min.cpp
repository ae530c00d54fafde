#include "graph/ops/reduction.hpp"

namespace hebb {

extern const Op op_min;
const Op op_min = {
    .name = "min",
    .formula = "smallest x over the axes",
    .infer = nonempty_reduction_signature,
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const std::vector<std::int64_t> target = reduction_targets(call.node);
      std::fill_n(call.out(), call.node.shape.elements(), std::numeric_limits<T>::infinity());
      for (std::size_t i = 0; i < target.size(); ++i) {
        T& best = call.out()[target[i]];
        const T x = call.in(0)[i];
        if (x < best || std::isnan(x)) best = x;  // once NaN, nothing compares
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const Tensor is_smallest = equal(x, unreduced(y, y.node()));
      Axes axes;
      for (const std::int64_t axis : y.node().attributes.list("axes")) axes.push_back(static_cast<int>(axis));
      return {is_smallest * (unreduced(g, y.node()) / sum(is_smallest, axes, true))};
    },
    .kernel = [](const Node& node) { return reduction_kernel(node, ReduceCode::min); },
    .error = {.ulp = 0},
    .sample = [](Sampler& s) { return sample_reduction(op_min, s, 1, &Sampler::distinct); },
};

Tensor min(const Tensor& x, const Axes& axes, bool keep) { return apply_reduction(op_min, x, axes, keep); }

}  // namespace hebb
