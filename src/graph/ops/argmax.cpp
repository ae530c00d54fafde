#include "graph/ops/axis.hpp"
#include "kernels/gather.hpp"

namespace hebb {

extern const Op op_argmax;
const Op op_argmax = {
    .name = "argmax",
    .formula = "index of the first largest x along the axis",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      require_float(inputs);
      const Shape& shape = inputs[0].shape();
      const std::int64_t axis = attributes.integer("axis");
      if (shape[static_cast<int>(axis)] == 0)
        throw ShapeError("axis " + std::to_string(axis) + " has no elements");
      std::vector<std::int64_t> extents = shape.extents();
      extents.erase(extents.begin() + axis);
      return {Shape(std::move(extents)), DType::i32};
    },
    .reference = Reference([](const auto& call) {
      const AxisView v = view_along(call.shape(0), call.node.attributes.integer("axis"));
      for (std::int64_t unit = 0; unit < v.outer * v.inner; ++unit) {
        const auto* x = call.in(0) + unit / v.inner * v.extent * v.inner + unit % v.inner;
        std::int64_t best = 0;
        for (std::int64_t k = 1; k < v.extent; ++k) {
          const auto candidate = x[k * v.inner];
          const auto largest = x[best * v.inner];
          if (candidate > largest || (std::isnan(candidate) && !std::isnan(largest))) best = k;
        }
        call.out_i32()[unit] = static_cast<std::int32_t>(best);
      }
    }),
    .derivative = Derivative::none,
    .kernel = [](const Node& node) -> Kernel {
      const AxisView v = view_along(node.inputs[0].shape(), node.attributes.integer("axis"));
      return [v](const void* const* operands, void* result) {
        argmax(v.outer, v.extent, v.inner, static_cast<const float*>(operands[0]),
               static_cast<std::int32_t*>(result));
      };
    },
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          const SampledAxis drawn = sample_axis(s, 1);
          return argmax(s.distinct(drawn.shape), drawn.axis);
        },
};

Tensor argmax(const Tensor& x, int axis) {
  return apply(op_argmax, {x}, {{"axis", resolved_axis(op_argmax, x, axis)}});
}

}  // namespace hebb
