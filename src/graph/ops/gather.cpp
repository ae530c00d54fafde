#include "kernels/gather.hpp"

#include "graph/ops/axis.hpp"

namespace hebb {

extern const Op op_gather;
const Op op_gather = {
    .name = "gather",
    .arity = 2,
    .formula = "y[i] = table[indices[i]]",
    .infer = [](std::span<const Tensor> inputs, const Attributes&) -> Signature {
      const DType type = require_float(inputs.first(1));
      require_type(inputs[1], DType::i32);
      const Shape& table = inputs[0].shape();
      if (table.rank() == 0) throw ShapeError("the table has no rows: its rank is 0");
      std::vector<std::int64_t> extents = inputs[1].shape().extents();
      extents.insert(extents.end(), table.extents().begin() + 1, table.extents().end());
      return {Shape(std::move(extents)), type};
    },
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const AxisView table = view_along(call.shape(0), 0);
      const std::int64_t count = call.shape(1).elements();
      for (std::int64_t i = 0; i < count * table.inner; ++i) {
        const std::int64_t row = call.in_i32(1)[i / table.inner];
        const bool within = row >= 0 && row < table.extent;
        call.out()[i] =
            within ? call.in(0)[row * table.inner + i % table.inner] : std::numeric_limits<T>::quiet_NaN();
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto& inputs = y.node().inputs;
      return {scatter_add(g, inputs[1], inputs[0].shape()[0]), Tensor()};
    },
    .kernel = [](const Node& node) -> Kernel {
      const AxisView table = view_along(node.inputs[0].shape(), 0);
      const std::int64_t count = node.inputs[1].size();
      return [=](const void* const* operands, void* result) {
        gather_rows({static_cast<const std::int32_t*>(operands[1]), count, table.extent, table.inner},
                    static_cast<const float*>(operands[0]), static_cast<float*>(result));
      };
    },
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          std::vector<std::int64_t> extents = {s.extent()};
          for (std::int64_t k = s.integer(0, 2); k > 0; --k) extents.push_back(s.integer(1, 5));
          const Shape table(std::move(extents));
          return gather(s.normal(table), s.integers(s.shape(0, 2), 0, table[0] - 1));
        },
};

Tensor gather(const Tensor& table, const Tensor& indices) { return apply(op_gather, {table, indices}); }

}  // namespace hebb
