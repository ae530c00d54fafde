#include "graph/ops/axis.hpp"
#include "kernels/copy.hpp"

namespace hebb {

extern const Op op_slice;
const Op op_slice = {
    .name = "slice",
    .formula = "elements begin .. end-1 of x along the axis",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      const Shape& shape = inputs[0].shape();
      const std::int64_t axis = attributes.integer("axis");
      const std::int64_t begin = attributes.integer("begin");
      const std::int64_t end = attributes.integer("end");
      const std::int64_t extent = shape[static_cast<int>(axis)];
      if (begin < 0 || begin > end || end > extent) {
        throw ShapeError("elements " + std::to_string(begin) + " .. " + std::to_string(end) + " of axis " +
                         std::to_string(axis) + ", which has " + std::to_string(extent));
      }
      return {with_extent(shape, axis, end - begin), inputs[0].dtype()};
    },
    .reference = Reference([](const auto& call) {
      const std::int64_t axis = call.node.attributes.integer("axis");
      const std::int64_t begin = call.node.attributes.integer("begin");
      const AxisView v = view_along(call.node.shape, axis);
      const std::int64_t extent = call.shape(0)[static_cast<int>(axis)];
      in_own_type(call, [&]<class E>(E* out) {
        for (std::int64_t i = 0; i < v.outer * v.extent * v.inner; ++i) {
          const std::int64_t outer = i / (v.extent * v.inner);
          out[i] =
              static_cast<const E*>(call.operands[0])[(outer * (extent - v.extent) + begin) * v.inner + i];
        }
      });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Attributes& attributes = y.node().attributes;
      const auto axis = static_cast<int>(attributes.integer("axis"));
      const std::int64_t after = y.node().inputs[0].shape()[axis] - attributes.integer("end");
      return {pad(g, axis, attributes.integer("begin"), after)};
    },
    .kernel = [](const Node& node) -> Kernel {
      const std::int64_t axis = node.attributes.integer("axis");
      const AxisView from = view_along(node.inputs[0].shape(), axis);
      const AxisView to = view_along(node.shape, axis);
      const auto bytes = [&](std::int64_t elements) {
        return static_cast<std::size_t>(elements) * size_of(node.dtype);
      };
      const BlockCopy blocks = {to.outer, bytes(to.extent * to.inner), bytes(from.extent * from.inner),
                                bytes(to.extent * to.inner)};
      const std::size_t offset = bytes(node.attributes.integer("begin") * from.inner);
      return [=](const void* const* operands, void* result) {
        copy_blocks(blocks, static_cast<const std::byte*>(operands[0]) + offset, result);
      };
    },
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          const SampledAxis drawn = sample_axis(s, 1);
          const std::int64_t extent = drawn.shape[drawn.axis];
          const std::int64_t begin = s.integer(0, extent - 1);
          return apply(op_slice, {s.normal(drawn.shape)},
                       {{"axis", static_cast<std::int64_t>(drawn.shape.checked_axis(drawn.axis))},
                        {"begin", begin},
                        {"end", s.integer(begin + 1, extent)}});
        },
};

Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t end) {
  const std::int64_t resolved = resolved_axis(op_slice, x, axis);
  if (begin == 0 && end == x.shape()[axis]) return x;
  return apply(op_slice, {x}, {{"axis", resolved}, {"begin", begin}, {"end", end}});
}

}  // namespace hebb
