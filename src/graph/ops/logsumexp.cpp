#include "graph/ops/reduction.hpp"

namespace hebb {

extern const Op op_logsumexp;
const Op op_logsumexp = {
    .name = "logsumexp",
    .formula = "log(sum of exp(x) over the axes)",
    .infer = reduction_signature,
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const std::vector<std::int64_t> target = reduction_targets(call.node);
      constexpr T kLowest = -std::numeric_limits<T>::infinity();
      std::vector<T> shift(static_cast<std::size_t>(call.node.shape.elements()), kLowest);
      for (std::size_t i = 0; i < target.size(); ++i) {
        T& largest = shift[static_cast<std::size_t>(target[i])];
        largest = std::max(largest, call.in(0)[i]);
      }
      // Unshifted, infinite exponentials say 0 or infinity themselves; shifted they would be NaN.
      for (T& value : shift) value = std::isinf(value) ? 0 : value;
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for (std::size_t i = 0; i < target.size(); ++i) {
        call.out()[target[i]] += std::exp(call.in(0)[i] - shift[static_cast<std::size_t>(target[i])]);
      }
      for (std::size_t i = 0; i < shift.size(); ++i) call.out()[i] = std::log(call.out()[i]) + shift[i];
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      return {unreduced(g, y.node()) * exp(y.node().inputs[0] - unreduced(y, y.node()))};
    },
    .kernel = [](const Node& node) { return reduction_kernel(node, ReduceCode::logsumexp); },
    // Relative errors of the exponentials (2 ulp, and the rounding of x - largest, up to some 10 here) become
    // absolute ones of their logarithm.
    .error = {.ulp = 32, .scale = ErrorBound::Scale::one, .terms = reduced_count},
    .sample = [](Sampler& s) { return sample_reduction(op_logsumexp, s, 1); },
};

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep) {
  return apply_reduction(op_logsumexp, x, axes, keep);
}

}  // namespace hebb
