/// What ops along one axis, and ops that move elements of any type, share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph/ops/common.hpp"

namespace hebb {

/// A shape seen from one axis: [outer, extent, inner].
struct AxisView {
  std::int64_t outer = 1;
  std::int64_t extent = 1;
  std::int64_t inner = 1;
};

inline AxisView view_along(const Shape& shape, std::int64_t axis) {
  AxisView view;
  for (int k = 0; k < shape.rank(); ++k)
    (k < axis ? view.outer : k == axis ? view.extent : view.inner) *= shape[k];
  return view;
}

/// The operand's shape with another extent along an axis.
inline Shape with_extent(const Shape& shape, std::int64_t axis, std::int64_t extent) {
  std::vector<std::int64_t> extents = shape.extents();
  extents[static_cast<std::size_t>(axis)] = extent;
  return Shape(std::move(extents));
}

/// The axis as a non-negative number. Throws ShapeError naming the op.
inline std::int64_t resolved_axis(const Op& op, const Tensor& x, int axis) {
  if (x.empty()) throw Error(std::string(op.name) + ": an operand is an empty tensor");
  try {
    return static_cast<std::int64_t>(x.shape().checked_axis(axis));
  } catch (const ShapeError& error) {
    throw ShapeError(std::string(op.name) + ": " + error.what());
  }
}

/// Hands `body` the result's elements in their own type, for ops that only move them.
template <class Call, class Body>
void in_own_type(const Call& call, const Body& body) {
  switch (call.node.dtype) {
    case DType::i32: body(static_cast<std::int32_t*>(call.result)); break;
    case DType::u8: body(static_cast<std::uint8_t*>(call.result)); break;
    default: body(call.out()); break;
  }
}

/// A random shape and one of its axes, of at least that extent.
struct SampledAxis {
  Shape shape;
  int axis;
};

inline SampledAxis sample_axis(Sampler& s, std::int64_t least_extent) {
  const Shape drawn = s.shape(1);
  const auto axis = static_cast<int>(s.integer(0, drawn.rank() - 1));
  const Shape shape = with_extent(drawn, axis, std::max(least_extent, drawn[axis]));
  return {shape, s.chance() ? axis : axis - shape.rank()};
}

}  // namespace hebb
