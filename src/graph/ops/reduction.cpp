#include "graph/ops/reduction.hpp"

#include <memory>

namespace hebb {

namespace {

std::int64_t count_over(const Shape& shape, const std::vector<std::int64_t>& axes) {
  std::int64_t count = 1;
  for (const std::int64_t axis : axes) count *= shape[static_cast<int>(axis)];
  return count;
}

}  // namespace

Kernel reduction_kernel(const Node& node, ReduceCode code) {
  const Shape& shape = node.inputs[0].shape();
  std::vector<std::int64_t> reduced(static_cast<std::size_t>(shape.rank()));
  for (const std::int64_t axis : node.attributes.list("axes")) reduced[static_cast<std::size_t>(axis)] = 1;
  return [reduction = Reduction(code, shape.extents(), reduced)](const void* const* operands, void* result) {
    reduction.run(static_cast<const float*>(operands[0]), static_cast<float*>(result));
  };
}

std::int64_t reduced_count(const Node& node) {
  return count_over(node.inputs[0].shape(), node.attributes.list("axes"));
}

Signature nonempty_reduction_signature(std::span<const Tensor> inputs, const Attributes& attributes) {
  if (count_over(inputs[0].shape(), attributes.list("axes")) == 0)
    throw ShapeError("the reduced axes have no elements");
  return reduction_signature(inputs, attributes);
}

Tensor apply_reduction(const Op& op, const Tensor& x, const Axes& axes, bool keep) {
  const Attributes attributes = reduction_attributes(x, axes, keep);
  const std::vector<Tensor> inputs = {x};
  if (count_over(x.shape(), attributes.list("axes")) != 1) return apply(op, inputs, attributes);
  return reshape(x, op.infer(inputs, attributes).shape.extents());
}

Tensor sample_reduction(const Op& op, Sampler& sampler, std::int64_t least_count,
                        Tensor (Sampler::*draw)(const Shape&)) {
  while (true) {
    const Shape shape = sampler.shape();
    const std::vector<std::int64_t> axes = checked_axes(shape, sampler.axes(shape));
    if (count_over(shape, axes) < least_count) continue;
    return apply(op, {(sampler.*draw)(shape)}, {{"axes", axes}, {"keep", std::int64_t{sampler.chance()}}});
  }
}

}  // namespace hebb
