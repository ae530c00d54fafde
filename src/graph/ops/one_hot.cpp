#include "graph/ops/axis.hpp"
#include "kernels/gather.hpp"

namespace hebb {

extern const Op op_one_hot;
const Op op_one_hot = {
    .name = "one_hot",
    .formula = "y[i, k] = 1 if labels[i] = k, else 0",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      require_type(inputs[0], DType::i32);
      std::vector<std::int64_t> extents = inputs[0].shape().extents();
      extents.push_back(attributes.integer("classes"));
      return {Shape(std::move(extents)), DType::f32};
    },
    .reference = Reference([](const auto& call) {
      const std::int64_t classes = call.node.shape[-1];
      for (std::int64_t i = 0; i < call.node.shape.elements(); ++i) {
        call.out()[i] = call.in_i32(0)[i / classes] == i % classes ? 1 : 0;
      }
    }),
    .derivative = Derivative::none,
    .kernel = [](const Node& node) -> Kernel {
      const std::int64_t count = node.inputs[0].size();
      const std::int64_t classes = node.shape[-1];
      return [=](const void* const* operands, void* result) {
        one_hot_rows({static_cast<const std::int32_t*>(operands[0]), count, classes, 1},
                     static_cast<float*>(result));
      };
    },
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          const std::int64_t classes = s.extent();
          return one_hot(s.integers(s.shape(0, 2), -1, classes), classes);
        },
};

Tensor one_hot(const Tensor& labels, std::int64_t classes) {
  return apply(op_one_hot, {labels}, {{"classes", classes}});
}

}  // namespace hebb
