#include "graph/ops/reduction.hpp"

namespace hebb {

extern const Op op_var;
const Op op_var = {
    .name = "var",
    .formula = "mean of (x - mean(x))^2 over the axes",
    .infer = nonempty_reduction_signature,
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const std::vector<std::int64_t> target = reduction_targets(call.node);
      const auto count = static_cast<T>(reduced_count(call.node));
      std::vector<T> mean(static_cast<std::size_t>(call.node.shape.elements()));
      for (std::size_t i = 0; i < target.size(); ++i)
        mean[static_cast<std::size_t>(target[i])] += call.in(0)[i] / count;
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for (std::size_t i = 0; i < target.size(); ++i) {
        const T distance = call.in(0)[i] - mean[static_cast<std::size_t>(target[i])];
        call.out()[target[i]] += distance * distance / count;
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      Axes axes;
      for (const std::int64_t axis : y.node().attributes.list("axes")) axes.push_back(static_cast<int>(axis));
      const double factor = 2.0 / static_cast<double>(reduced_count(y.node()));
      return {(x - mean(x, axes, true)) * unreduced(g * factor, y.node())};
    },
    .kernel = [](const Node& node) { return reduction_kernel(node, ReduceCode::var); },
    // The distance's rounding is relative to the elements, not to itself; its square doubles it.
    .error = {.ulp = 16, .scale = ErrorBound::Scale::one, .terms = reduced_count},
    .sample = [](Sampler& s) { return sample_reduction(op_var, s, 2); },
};

Tensor var(const Tensor& x, const Axes& axes, bool keep) {
  return apply(op_var, {x}, reduction_attributes(x, axes, keep));
}

}  // namespace hebb
