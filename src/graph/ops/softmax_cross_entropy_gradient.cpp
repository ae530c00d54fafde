#include "graph/ops/cross_entropy.hpp"
#include "kernels/softmax.hpp"

namespace hebb {

namespace {

std::vector<Tensor> vjp(const Tensor& y, const Tensor& g) {
  const auto& inputs = y.node().inputs;
  const Tensor& logits = inputs[0];
  const Tensor& weight = inputs[2];
  const std::int64_t rows = weight.size();
  // y = w (p - t): the target is constant, and p has the derivative of softmax.
  const Tensor weighted = g * reshape(weight, {rows, 1});
  const Tensor p = softmax(logits);
  const Tensor product = weighted * p;
  const Tensor difference = softmax_cross_entropy_gradient(
      logits, inputs[1], full(1.0, weight.shape(), weight.dtype()), y.node().attributes.real("smoothing"));
  return {product - p * sum(product, {1}, true), Tensor(), sum(g * difference, {1})};
}

}  // namespace

extern const Op op_softmax_cross_entropy_gradient;
const Op op_softmax_cross_entropy_gradient = {
    .name = "softmax_cross_entropy_gradient",
    .arity = 3,
    .formula = "w (softmax(x) - t), t = (1 - s) one_hot(label) + s / classes",
    .infer = [](std::span<const Tensor> inputs, const Attributes&) -> Signature {
      const DType type = require_logits_and_labels(inputs);
      require_type(inputs[2], type);
      if (inputs[2].shape() != inputs[1].shape()) throw ShapeError("expected one weight for each label");
      return {inputs[0].shape(), type};
    },
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const std::int64_t classes = call.shape(0)[1];
      const auto smoothing = static_cast<T>(call.node.attributes.real("smoothing"));
      for (std::int64_t i = 0; i < call.shape(0)[0]; ++i) {
        const T* x = call.in(0) + i * classes;
        T* y = call.out() + i * classes;
        const std::int64_t label = call.in_i32(1)[i];
        if (label < 0 || label >= classes) {
          std::fill_n(y, classes, std::numeric_limits<T>::quiet_NaN());
          continue;
        }
        const Exponentials exponentials(x, classes);
        for (std::int64_t k = 0; k < classes; ++k) {
          const T target = (k == label ? 1 - smoothing : 0) + smoothing / static_cast<T>(classes);
          y[k] = call.in(2)[i] * exponentials.probability(x[k]) - call.in(2)[i] * target;
        }
      }
    }),
    .vjp = vjp,
    .kernel = [](const Node& node) -> Kernel {
      const std::int64_t rows = node.shape[0];
      const std::int64_t classes = node.shape[1];
      const auto smoothing = static_cast<float>(node.attributes.real("smoothing"));
      return [=](const void* const* operands, void* result) {
        softmax_cross_entropy_gradient(
            {static_cast<const float*>(operands[0]), static_cast<const std::int32_t*>(operands[1]), rows,
             classes, smoothing},
            static_cast<const float*>(operands[2]), static_cast<float*>(result));
      };
    },
    // Softmax's error, times the weight, and the subtraction's.
    .error = {.ulp = 40,
              .scale = ErrorBound::Scale::one,
              .terms = [](const Node& node) { return node.shape[1]; }},
    .sample =
        [](Sampler& s) {
          const Shape rows = s.shape(1, 1);
          const std::int64_t classes = 1 + s.extent();
          return softmax_cross_entropy_gradient(s.normal({rows[0], classes}),
                                                s.integers(rows, 0, classes - 1), s.normal(rows),
                                                s.chance() ? 0.1 : 0.0);
        },
};

Tensor softmax_cross_entropy_gradient(const Tensor& logits, const Tensor& labels, const Tensor& weight,
                                      double smoothing) {
  return apply(op_softmax_cross_entropy_gradient, {logits, labels, weight}, smoothing_attribute(smoothing));
}

}  // namespace hebb
