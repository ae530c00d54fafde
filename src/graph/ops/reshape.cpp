#include "graph/ops/axis.hpp"

namespace hebb {

extern const Op op_full;

namespace {

/// The extents with -1 replaced by what the number of elements leaves for it.
std::vector<std::int64_t> resolve(const Tensor& x, std::vector<std::int64_t> extents) {
  const auto missing = std::find(extents.begin(), extents.end(), -1);
  if (missing == extents.end()) return extents;
  *missing = 1;
  const auto fail = [&](const std::string& why) -> ShapeError {
    return ShapeError("reshape(" + to_string(x.shape()) + "): " + why);
  };
  if (std::find(missing, extents.end(), -1) != extents.end()) throw fail("only one extent may be -1");
  const std::int64_t known = Shape(extents).elements();
  if (known == 0) throw fail("an extent of -1 beside one of 0 could be anything");
  if (x.size() % known != 0) {
    throw fail(std::to_string(x.size()) + " elements cannot be divided into groups of " +
               std::to_string(known));
  }
  *missing = x.size() / known;
  return extents;
}

}  // namespace

extern const Op op_reshape;
const Op op_reshape = {
    .name = "reshape",
    .formula = "the same elements under another shape",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      const Shape shape(attributes.list("extents"));
      if (shape.elements() != inputs[0].size()) {
        throw ShapeError("shape " + to_string(shape) + " has " + std::to_string(shape.elements()) +
                         " elements, the operand " + std::to_string(inputs[0].size()));
      }
      return {shape, inputs[0].dtype()};
    },
    .reference = Reference([](const auto& call) {
      in_own_type(call, [&]<class E>(E* out) {
        std::copy_n(static_cast<const E*>(call.operands[0]), call.node.shape.elements(), out);
      });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      return {reshape(g, y.node().inputs[0].shape().extents())};
    },
    .is_view = true,
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          std::vector<std::int64_t> extents = shape.extents();
          if (extents.size() >= 2 && s.chance()) {  // merge the first two axes
            extents[1] *= extents[0];
            extents.erase(extents.begin());
          } else {
            extents.insert(extents.begin() + s.integer(0, shape.rank()), 1);
          }
          return reshape(s.normal(shape), extents);
        },
};

Tensor reshape(const Tensor& x, const std::vector<std::int64_t>& extents) {
  if (x.empty()) throw Error("reshape: the operand is an empty tensor");
  // Nothing changes: no node. Chains of reshapes are left as they are, since each link may be what somebody
  // asks the gradient of; plans see through them anyway.
  if (extents == x.shape().extents()) return x;
  const Tensor y = apply(op_reshape, {x}, {{"extents", resolve(x, extents)}});
  return x.node().op == &op_full ? full(x.node().attributes.real("value"), y.shape(), x.dtype()) : y;
}

}  // namespace hebb
