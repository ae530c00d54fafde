#include "graph/ops/axis.hpp"
#include "kernels/copy.hpp"

namespace hebb {

extern const Op op_pad;
const Op op_pad = {
    .name = "pad",
    .formula = "x with copies of the value before and after it along the axis",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      const DType type = require_float(inputs);
      const Shape& shape = inputs[0].shape();
      const std::int64_t axis = attributes.integer("axis");
      const std::int64_t before = attributes.integer("before");
      const std::int64_t after = attributes.integer("after");
      constexpr std::int64_t kMost = std::int64_t{1} << 60;  // what memory cannot hold is refused by Shape
      if (before < 0 || after < 0 || before > kMost || after > kMost) {
        throw ShapeError("cannot add " + std::to_string(before) + " elements before and " +
                         std::to_string(after) + " after");
      }
      return {with_extent(shape, axis, before + shape[static_cast<int>(axis)] + after), type};
    },
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const std::int64_t axis = call.node.attributes.integer("axis");
      const std::int64_t before = call.node.attributes.integer("before");
      const AxisView from = view_along(call.shape(0), axis);
      const AxisView to = view_along(call.node.shape, axis);
      std::fill_n(call.out(), call.node.shape.elements(), static_cast<T>(call.node.attributes.real("value")));
      for (std::int64_t i = 0; i < from.outer * from.extent * from.inner; ++i) {
        const std::int64_t outer = i / (from.extent * from.inner);
        call.out()[(outer * (to.extent - from.extent) + before) * to.inner + i] = call.in(0)[i];
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto axis = static_cast<int>(y.node().attributes.integer("axis"));
      const std::int64_t before = y.node().attributes.integer("before");
      return {slice(g, axis, before, before + y.node().inputs[0].shape()[axis])};
    },
    .kernel = [](const Node& node) -> Kernel {
      const std::int64_t axis = node.attributes.integer("axis");
      const AxisView from = view_along(node.inputs[0].shape(), axis);
      const AxisView to = view_along(node.shape, axis);
      const std::int64_t stride = to.extent * to.inner;
      const std::int64_t before = node.attributes.integer("before") * to.inner;
      const std::int64_t run = from.extent * from.inner;
      const auto value = static_cast<float>(node.attributes.real("value"));
      const auto bytes = [](std::int64_t elements) {
        return static_cast<std::size_t>(elements) * sizeof(float);
      };
      return [=](const void* const* operands, void* result) {
        auto* out = static_cast<float*>(result);
        fill_blocks(to.outer, before, stride, value, out);
        copy_blocks({to.outer, bytes(run), bytes(run), bytes(stride)}, operands[0], out + before);
        fill_blocks(to.outer, stride - before - run, stride, value, out + before + run);
      };
    },
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          const SampledAxis drawn = sample_axis(s, 1);
          return apply(op_pad, {s.normal(drawn.shape)},
                       {{"axis", static_cast<std::int64_t>(drawn.shape.checked_axis(drawn.axis))},
                        {"before", s.integer(0, 3)},
                        {"after", s.integer(0, 3)},
                        {"value", s.chance() ? 0.0 : 1.5}});
        },
};

Tensor pad(const Tensor& x, int axis, std::int64_t before, std::int64_t after, double value) {
  const std::int64_t resolved = resolved_axis(op_pad, x, axis);
  if (before == 0 && after == 0) return x;
  return apply(op_pad, {x}, {{"axis", resolved}, {"before", before}, {"after", after}, {"value", value}});
}

}  // namespace hebb
