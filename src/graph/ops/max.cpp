#include "graph/ops/reduction.hpp"

namespace hebb {

extern const Op op_max;
const Op op_max = {
    .name = "max",
    .formula = "largest x over the axes",
    .infer = nonempty_reduction_signature,
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const std::vector<std::int64_t> target = reduction_targets(call.node);
      std::fill_n(call.out(), call.node.shape.elements(), -std::numeric_limits<T>::infinity());
      for (std::size_t i = 0; i < target.size(); ++i) {
        T& best = call.out()[target[i]];
        const T x = call.in(0)[i];
        if (x > best || std::isnan(x)) best = x;  // once NaN, nothing compares
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      const Tensor is_largest = equal(x, unreduced(y, y.node()));
      Axes axes;
      for (const std::int64_t axis : y.node().attributes.list("axes")) axes.push_back(static_cast<int>(axis));
      return {is_largest * (unreduced(g, y.node()) / sum(is_largest, axes, true))};
    },
    .kernel = [](const Node& node) { return reduction_kernel(node, ReduceCode::max); },
    .error = {.ulp = 0},
    .sample = [](Sampler& s) { return sample_reduction(op_max, s, 1, &Sampler::distinct); },
};

Tensor max(const Tensor& x, const Axes& axes, bool keep) { return apply_reduction(op_max, x, axes, keep); }

}  // namespace hebb
