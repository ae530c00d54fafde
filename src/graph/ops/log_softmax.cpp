#include "graph/ops/axis.hpp"
#include "kernels/softmax.hpp"

namespace hebb {

extern const Op op_log_softmax;
const Op op_log_softmax = {
    .name = "log_softmax",
    .formula = "x - log(sum of exp(x) along the axis)",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      inputs[0].shape().checked_axis(static_cast<int>(attributes.integer("axis")));
      return {inputs[0].shape(), require_float(inputs)};
    },
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const AxisView v = view_along(call.shape(0), call.node.attributes.integer("axis"));
      for (std::int64_t unit = 0; unit < v.outer * v.inner; ++unit) {
        const std::int64_t at = unit / v.inner * v.extent * v.inner + unit % v.inner;
        const T* x = call.in(0) + at;
        T* y = call.out() + at;
        T largest = -std::numeric_limits<T>::infinity();
        for (std::int64_t k = 0; k < v.extent; ++k) largest = std::max(largest, x[k * v.inner]);
        T sum = 0;
        for (std::int64_t k = 0; k < v.extent; ++k) sum += std::exp(x[k * v.inner] - largest);
        for (std::int64_t k = 0; k < v.extent; ++k) {
          y[k * v.inner] = x[k * v.inner] - largest - std::log(sum);
        }
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto axis = static_cast<int>(y.node().attributes.integer("axis"));
      return {g - exp(y) * sum(g, {axis}, true)};
    },
    .kernel = [](const Node& node) -> Kernel {
      const AxisView v = view_along(node.shape, node.attributes.integer("axis"));
      return [shape = SoftmaxShape{v.outer, v.extent, v.inner}](const void* const* operands, void* result) {
        log_softmax(shape, static_cast<const float*>(operands[0]), static_cast<float*>(result));
      };
    },
    // As for logsumexp: relative errors of the exponentials become absolute ones of their logarithm.
    .error = {.ulp = 32,
              .scale = ErrorBound::Scale::one,
              .terms =
                  [](const Node& node) {
                    return node.shape[static_cast<int>(node.attributes.integer("axis"))];
                  }},
    .sample =
        [](Sampler& s) {
          const SampledAxis drawn = sample_axis(s, 2);
          return log_softmax(s.normal(drawn.shape), drawn.axis);
        },
};

Tensor log_softmax(const Tensor& x, int axis) {
  return apply(op_log_softmax, {x}, {{"axis", resolved_axis(op_log_softmax, x, axis)}});
}

}  // namespace hebb
