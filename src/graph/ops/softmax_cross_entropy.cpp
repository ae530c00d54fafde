#include "graph/ops/cross_entropy.hpp"
#include "kernels/softmax.hpp"

namespace hebb {

extern const Op op_softmax_cross_entropy;
const Op op_softmax_cross_entropy = {
    .name = "softmax_cross_entropy",
    .arity = 2,
    .formula = "-sum over k of t[k] log(softmax(x)[k]), t = (1 - s) one_hot(label) + s / classes",
    .infer = [](std::span<const Tensor> inputs, const Attributes&) -> Signature {
      const DType type = require_logits_and_labels(inputs);
      return {inputs[1].shape(), type};
    },
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const std::int64_t classes = call.shape(0)[1];
      const auto smoothing = static_cast<T>(call.node.attributes.real("smoothing"));
      for (std::int64_t i = 0; i < call.shape(0)[0]; ++i) {
        const T* x = call.in(0) + i * classes;
        const std::int64_t label = call.in_i32(1)[i];
        if (label < 0 || label >= classes) {
          call.out()[i] = std::numeric_limits<T>::quiet_NaN();
          continue;
        }
        const Exponentials exponentials(x, classes);
        T loss = (smoothing - 1) * exponentials.log_probability(x[label]);
        for (std::int64_t k = 0; smoothing > 0 && k < classes; ++k) {
          loss -= smoothing / static_cast<T>(classes) * exponentials.log_probability(x[k]);
        }
        call.out()[i] = loss;
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto& inputs = y.node().inputs;
      return {softmax_cross_entropy_gradient(inputs[0], inputs[1], g, y.node().attributes.real("smoothing")),
              Tensor()};
    },
    .kernel = [](const Node& node) -> Kernel {
      const std::int64_t rows = node.inputs[0].shape()[0];
      const std::int64_t classes = node.inputs[0].shape()[1];
      const auto smoothing = static_cast<float>(node.attributes.real("smoothing"));
      return [=](const void* const* operands, void* result) {
        softmax_cross_entropy({static_cast<const float*>(operands[0]),
                               static_cast<const std::int32_t*>(operands[1]), rows, classes, smoothing},
                              static_cast<float*>(result));
      };
    },
    // As for logsumexp.
    .error = {.ulp = 40,
              .scale = ErrorBound::Scale::one,
              .terms = [](const Node& node) { return 2 * node.inputs[0].shape()[1]; }},
    .sample =
        [](Sampler& s) {
          const Shape rows = s.shape(1, 1);
          const std::int64_t classes = 1 + s.extent();
          return softmax_cross_entropy(s.normal({rows[0], classes}), s.integers(rows, 0, classes - 1),
                                       s.chance() ? 0.1 : 0.0);
        },
};

Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& labels, double smoothing) {
  return apply(op_softmax_cross_entropy, {logits, labels}, smoothing_attribute(smoothing));
}

}  // namespace hebb
