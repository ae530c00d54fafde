#include "kernels/transpose.hpp"

#include <memory>
#include <numeric>

#include "graph/ops/axis.hpp"

namespace hebb {

namespace {

std::vector<std::int64_t> checked_order(const Shape& shape, const std::vector<int>& order) {
  std::vector<std::int64_t> result;
  if (order.empty()) {
    for (int axis = shape.rank(); axis-- > 0;) result.push_back(axis);
    return result;
  }
  std::vector<bool> used(static_cast<std::size_t>(shape.rank()));
  for (const int axis : order) {
    const std::size_t resolved = shape.checked_axis(axis);
    if (used[resolved]) throw ShapeError("transpose: axis " + std::to_string(axis) + " is named twice");
    used[resolved] = true;
    result.push_back(static_cast<std::int64_t>(resolved));
  }
  if (static_cast<int>(result.size()) != shape.rank()) {
    throw ShapeError("transpose: " + std::to_string(result.size()) +
                     " axes are named, the operand of shape " + to_string(shape) + " has " +
                     std::to_string(shape.rank()));
  }
  return result;
}

std::vector<std::int64_t> permuted(const Shape& shape, const std::vector<std::int64_t>& order) {
  std::vector<std::int64_t> extents;
  for (const std::int64_t axis : order) extents.push_back(shape[static_cast<int>(axis)]);
  return extents;
}

/// Whether the elements stay where they are: only axes of extent 1 move.
bool moves_nothing(const Shape& shape, const std::vector<std::int64_t>& order) {
  std::vector<std::int64_t> real;
  std::copy_if(order.begin(), order.end(), std::back_inserter(real),
               [&](std::int64_t axis) { return shape[static_cast<int>(axis)] != 1; });
  return std::is_sorted(real.begin(), real.end());
}

}  // namespace

extern const Op op_transpose;
const Op op_transpose = {
    .name = "transpose",
    .formula = "axis i of y is axis order[i] of x",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      return {Shape(permuted(inputs[0].shape(), attributes.list("order"))), inputs[0].dtype()};
    },
    .reference = Reference([](const auto& call) {
      const auto& order = call.node.attributes.list("order");
      const Shape& shape = call.node.shape;
      const auto strides = call.shape(0).strides();
      in_own_type(call, [&]<class E>(E* out) {
        for (std::int64_t linear = 0; linear < shape.elements(); ++linear) {
          std::int64_t rest = linear;
          std::int64_t from = 0;
          for (int axis = shape.rank(); axis-- > 0;) {
            from +=
                rest % shape[axis] * strides[static_cast<std::size_t>(order[static_cast<std::size_t>(axis)])];
            rest /= shape[axis];
          }
          out[linear] = static_cast<const E*>(call.operands[0])[from];
        }
      });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const auto& order = y.node().attributes.list("order");
      std::vector<int> inverse(order.size());
      for (std::size_t i = 0; i < order.size(); ++i)
        inverse[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
      return {transpose(g, inverse)};
    },
    .kernel = [](const Node& node) -> Kernel {
      const Transposition transposition(node.inputs[0].shape().extents(), node.attributes.list("order"),
                                        size_of(node.dtype));
      return [transposition](const void* const* operands, void* result) {
        transposition.run(operands[0], result);
      };
    },
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape(1);
          std::vector<std::int64_t> order(static_cast<std::size_t>(shape.rank()));
          std::iota(order.begin(), order.end(), 0);
          for (std::size_t i = order.size(); i-- > 1;) {
            std::swap(order[i], order[static_cast<std::size_t>(s.integer(0, static_cast<std::int64_t>(i)))]);
          }
          return apply(op_transpose, {s.normal(shape)}, {{"order", order}});
        },
};

Tensor transpose(const Tensor& x, const std::vector<int>& order) {
  if (x.empty()) throw Error("transpose: the operand is an empty tensor");
  const std::vector<std::int64_t> checked = checked_order(x.shape(), order);
  if (moves_nothing(x.shape(), checked)) return reshape(x, permuted(x.shape(), checked));
  return apply(op_transpose, {x}, {{"order", checked}});
}

}  // namespace hebb
