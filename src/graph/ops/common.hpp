/// What the files of this folder share: shape rules, references and vjps of the common kinds of op.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/op.hpp"
#include "graph/sampler.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"

namespace hebb {

// ---- shape rules
// ----------------------------------------------------------------------------------------------------

/// Throws ShapeError unless every operand is of one floating-point type, which is returned.
DType require_float(std::span<const Tensor> inputs);
/// Throws ShapeError unless the operand has that type.
void require_type(const Tensor& input, DType type);
/// All operands floating point and broadcast together: the rule of element-wise ops.
Signature pointwise_signature(std::span<const Tensor> inputs, const Attributes& attributes);

// ---- applying
// ---------------------------------------------------------------------------------------------------------

/// Applies an element-wise op after letting scalar constants adopt the other operands' type.
Tensor apply_pointwise(const Op& op, std::vector<Tensor> inputs, Attributes attributes = {});
/// Whether the tensor is a constant all of whose elements have that value.
bool is_constant(const Tensor& tensor, double value);
/// Whether x combined with `other`, a constant of that neutral value, is x itself, in shape and type.
bool stays_itself(const Tensor& x, const Tensor& other, double neutral);

// ---- references
// -------------------------------------------------------------------------------------------------------

/// Visits every index of `shape` in row-major order with the matching offset into an operand of shape `of`
/// broadcast to it: `visit(linear, offset)`.
template <class Visit>
void for_each_broadcast(const Shape& shape, const Shape& of, const Visit& visit) {
  const std::vector<std::int64_t> strides = of.strides();
  const int lead = shape.rank() - of.rank();
  for (std::int64_t linear = 0; linear < shape.elements(); ++linear) {
    std::int64_t rest = linear;
    std::int64_t offset = 0;
    for (int axis = shape.rank() - 1; axis >= lead; --axis) {
      const std::int64_t index = rest % shape[axis];
      rest /= shape[axis];
      if (of[axis - lead] != 1) offset += index * strides[static_cast<std::size_t>(axis - lead)];
    }
    visit(linear, offset);
  }
}

/// Offsets of one operand's elements in the order of the result's.
std::vector<std::int64_t> broadcast_offsets(const Shape& result, const Shape& operand);

/// The reference of an element-wise op from `value(node, x...)`, a generic lambda without captures on one to
/// three scalars.
template <class F>
constexpr Reference pointwise_reference(F) {
  return Reference([](const auto& call) {
    using T = typename std::decay_t<decltype(call)>::Scalar;
    const F value;
    const Shape& shape = call.node.shape;
    T* out = call.out();
    std::vector<std::int64_t> at[3];
    for (std::size_t k = 0; k < call.operands.size(); ++k) at[k] = broadcast_offsets(shape, call.shape(k));
    for (std::size_t i = 0; i < static_cast<std::size_t>(shape.elements()); ++i) {
      if constexpr (std::is_invocable_v<F, const Node&, T>) {
        out[i] = static_cast<T>(value(call.node, call.in(0)[at[0][i]]));
      } else if constexpr (std::is_invocable_v<F, const Node&, T, T>) {
        out[i] = static_cast<T>(value(call.node, call.in(0)[at[0][i]], call.in(1)[at[1][i]]));
      } else {
        out[i] = static_cast<T>(
            value(call.node, call.in(0)[at[0][i]], call.in(1)[at[1][i]], call.in(2)[at[2][i]]));
      }
    }
  });
}

/// Shape rule of comparisons: floating-point operands, or i32 ones, whose comparison is f32.
Signature comparison_signature(std::span<const Tensor> inputs, const Attributes& attributes);
/// The reference of a comparison from `holds(a, b)`.
template <class F>
constexpr Reference comparison_reference(F) {
  return Reference([](const auto& call) {
    const F holds;
    const auto at_a = broadcast_offsets(call.node.shape, call.shape(0));
    const auto at_b = broadcast_offsets(call.node.shape, call.shape(1));
    const auto compare = [&](const auto* a, const auto* b) {
      for (std::size_t i = 0; i < at_a.size(); ++i) call.out()[i] = holds(a[at_a[i]], b[at_b[i]]) ? 1 : 0;
    };
    if (call.node.inputs[0].dtype() == DType::i32) {
      compare(call.in_i32(0), call.in_i32(1));
    } else {
      compare(call.in(0), call.in(1));
    }
  });
}
/// Zero for every floating-point operand: the gradient of functions that are constant but for jumps.
std::vector<Tensor> zero_gradients(const Tensor& y);

// ---- attributes
// ---------------------------------------------------------------------------------------------------------

/// A list of numbers as an attribute.
template <std::size_t kCount>
std::vector<std::int64_t> attribute_list(const std::array<std::int64_t, kCount>& values) {
  return {values.begin(), values.end()};
}
/// Such a list of whole numbers from `least` to 2^31 - 1; it may come from a file. Throws ShapeError for any
/// other, and for one of another length.
void take_numbers(const Attributes& attributes, const char* name, std::span<std::int64_t> to,
                  std::int64_t least);

// ---- axes
// -----------------------------------------------------------------------------------------------------------------

/// Axes as sorted, distinct, non-negative numbers; all of them for an empty list. Throws ShapeError.
std::vector<std::int64_t> checked_axes(const Shape& shape, const Axes& axes);
/// {"axes", ..}, {"keep", ..} for a reduction of x.
Attributes reduction_attributes(const Tensor& x, const Axes& axes, bool keep);
/// Shape rule of a reduction: floating-point operand, attributes as above.
Signature reduction_signature(std::span<const Tensor> inputs, const Attributes& attributes);
/// The shape of x with the reduced axes kept as 1.
Shape kept_shape(const Shape& shape, const std::vector<std::int64_t>& axes);
/// A reduction's result, or its gradient, reshaped so that it broadcasts against the operand.
Tensor unreduced(const Tensor& reduced, const Node& reduction);
/// For a reduction's reference: for each element of the operand, the index of the result it goes to.
std::vector<std::int64_t> reduction_targets(const Node& node);

}  // namespace hebb
