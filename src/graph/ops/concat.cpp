#include "graph/ops/axis.hpp"
#include "kernels/copy.hpp"

namespace hebb {

namespace {

Signature infer(std::span<const Tensor> inputs, const Attributes& attributes) {
  const Shape& first = inputs[0].shape();
  const std::int64_t axis = attributes.integer("axis");
  std::int64_t extent = 0;
  for (const Tensor& input : inputs) {
    require_type(input, inputs[0].dtype());
    if (input.shape().rank() != first.rank() ||
        with_extent(input.shape(), axis, 0) != with_extent(first, axis, 0)) {
      throw ShapeError("the shapes differ in more than axis " + std::to_string(axis));
    }
    extent += input.shape()[static_cast<int>(axis)];
  }
  return {with_extent(first, axis, extent), inputs[0].dtype()};
}

std::vector<Tensor> vjp(const Tensor& y, const Tensor& g) {
  const auto axis = static_cast<int>(y.node().attributes.integer("axis"));
  std::vector<Tensor> parts;
  std::int64_t begin = 0;
  for (const Tensor& input : y.node().inputs) {
    const std::int64_t end = begin + input.shape()[axis];
    parts.push_back(slice(g, axis, begin, end));
    begin = end;
  }
  return parts;
}

/// Where a part's rows go.
struct Part {
  BlockCopy blocks;
  std::size_t offset;
};

std::vector<Part> parts_of(const Node& node, std::size_t element_size) {
  const std::int64_t axis = node.attributes.integer("axis");
  const AxisView whole = view_along(node.shape, axis);
  const std::size_t stride = static_cast<std::size_t>(whole.extent * whole.inner) * element_size;
  std::vector<Part> parts;
  std::size_t offset = 0;
  for (const Tensor& input : node.inputs) {
    const AxisView v = view_along(input.shape(), axis);
    const std::size_t bytes = static_cast<std::size_t>(v.extent * v.inner) * element_size;
    parts.push_back({{v.outer, bytes, bytes, stride}, offset});
    offset += bytes;
  }
  return parts;
}

}  // namespace

extern const Op op_concat;
const Op op_concat = {
    .name = "concat",
    .arity = kAnyArity,
    .formula = "the operands one after the other along the axis",
    .infer = infer,
    .reference = Reference([](const auto& call) {
      const std::int64_t axis = call.node.attributes.integer("axis");
      const AxisView whole = view_along(call.node.shape, axis);
      in_own_type(call, [&]<class E>(E* out) {
        std::int64_t begin = 0;
        for (std::size_t k = 0; k < call.operands.size(); ++k) {
          const AxisView v = view_along(call.shape(k), axis);
          for (std::int64_t i = 0; i < v.outer * v.extent * v.inner; ++i) {
            const std::int64_t outer = i / (v.extent * v.inner);
            out[outer * whole.extent * whole.inner + begin * v.inner + i % (v.extent * v.inner)] =
                static_cast<const E*>(call.operands[k])[i];
          }
          begin += v.extent;
        }
      });
    }),
    .vjp = vjp,
    .kernel = [](const Node& node) -> Kernel {
      return [parts = parts_of(node, size_of(node.dtype))](const void* const* operands, void* result) {
        for (std::size_t k = 0; k < parts.size(); ++k) {
          copy_blocks(parts[k].blocks, operands[k], static_cast<std::byte*>(result) + parts[k].offset);
        }
      };
    },
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          const SampledAxis drawn = sample_axis(s, 1);
          std::vector<Tensor> parts;
          const auto axis = static_cast<std::int64_t>(drawn.shape.checked_axis(drawn.axis));
          for (std::int64_t k = s.integer(1, 3); k >= 0; --k) {
            parts.push_back(s.normal(with_extent(drawn.shape, axis, s.integer(1, 5))));
          }
          return concat(parts, drawn.axis);
        },
};

Tensor concat(const std::vector<Tensor>& parts, int axis) {
  if (parts.empty()) throw ShapeError("concat: expected at least one tensor");
  const std::int64_t resolved = resolved_axis(op_concat, parts[0], axis);
  if (parts.size() == 1) return parts[0];
  return apply(op_concat, parts, {{"axis", resolved}});
}

}  // namespace hebb
