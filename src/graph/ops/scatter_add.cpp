#include "graph/ops/axis.hpp"
#include "kernels/gather.hpp"

namespace hebb {

namespace {

Signature infer(std::span<const Tensor> inputs, const Attributes& attributes) {
  const DType type = require_float(inputs.first(1));
  require_type(inputs[1], DType::i32);
  const auto& x = inputs[0].shape().extents();
  const auto& indices = inputs[1].shape().extents();
  if (x.size() < indices.size() || !std::equal(indices.begin(), indices.end(), x.begin())) {
    throw ShapeError("the first axes of x must be those of the indices");
  }
  std::vector<std::int64_t> extents = {attributes.integer("rows")};
  extents.insert(extents.end(), x.begin() + static_cast<std::ptrdiff_t>(indices.size()), x.end());
  return {Shape(std::move(extents)), type};
}

/// Elements of one row of the table.
std::int64_t width_of(const Node& node) { return view_along(node.shape, 0).inner; }

}  // namespace

extern const Op op_scatter_add;
const Op op_scatter_add = {
    .name = "scatter_add",
    .arity = 2,
    .formula = "y[r] = sum of x[i] over all i with indices[i] = r",
    .infer = infer,
    .reference = Reference([](const auto& call) {
      const std::int64_t width = width_of(call.node);
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for (std::int64_t i = 0; i < call.shape(1).elements(); ++i) {
        const std::int64_t row = call.in_i32(1)[i];
        if (row < 0 || row >= call.node.shape[0]) continue;
        for (std::int64_t k = 0; k < width; ++k) call.out()[row * width + k] += call.in(0)[i * width + k];
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      return {gather(g, y.node().inputs[1]), Tensor()};
    },
    .kernel = [](const Node& node) -> Kernel {
      const std::int64_t count = node.inputs[1].size();
      const std::int64_t rows = node.shape[0];
      const std::int64_t width = width_of(node);
      return [=](const void* const* operands, void* result) {
        scatter_add_rows({static_cast<const std::int32_t*>(operands[1]), count, rows, width},
                         static_cast<const float*>(operands[0]), static_cast<float*>(result));
      };
    },
    .error = {.scale = ErrorBound::Scale::operands,
              .terms = [](const Node& node) { return node.inputs[1].size(); }},
    .sample =
        [](Sampler& s) {
          const Shape indices = s.shape(0, 2);
          std::vector<std::int64_t> extents = indices.extents();
          if (s.chance()) extents.push_back(s.integer(1, 5));
          const std::int64_t rows = s.extent();
          return scatter_add(s.normal(Shape(std::move(extents))), s.integers(indices, 0, rows - 1), rows);
        },
};

Tensor scatter_add(const Tensor& x, const Tensor& indices, std::int64_t rows) {
  return apply(op_scatter_add, {x, indices}, {{"rows", rows}});
}

}  // namespace hebb
