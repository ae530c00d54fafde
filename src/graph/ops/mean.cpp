#include "graph/ops/reduction.hpp"

namespace hebb {

extern const Op op_mean;
const Op op_mean = {
    .name = "mean",
    .formula = "sum of x over the axes / number of elements",
    .infer = nonempty_reduction_signature,
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const std::vector<std::int64_t> target = reduction_targets(call.node);
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for (std::size_t i = 0; i < target.size(); ++i) call.out()[target[i]] += call.in(0)[i];
      const auto count = static_cast<T>(reduced_count(call.node));
      for (std::int64_t i = 0; i < call.node.shape.elements(); ++i) call.out()[i] /= count;
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const double share = 1.0 / static_cast<double>(reduced_count(y.node()));
      return {broadcast_to(unreduced(g * share, y.node()), y.node().inputs[0].shape())};
    },
    .kernel = [](const Node& node) { return reduction_kernel(node, ReduceCode::mean); },
    .error = {.ulp = 2, .scale = ErrorBound::Scale::operands, .terms = reduced_count},
    .sample = [](Sampler& s) { return sample_reduction(op_mean, s, 1); },
};

Tensor mean(const Tensor& x, const Axes& axes, bool keep) { return apply_reduction(op_mean, x, axes, keep); }

}  // namespace hebb
