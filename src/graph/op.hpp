/// What an operation is: the row of the registry that each file in ops/ fills in.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/emitter.hpp"
#include "graph/node.hpp"
#include "hebb/precision.hpp"
#include "kernels/epilogue.hpp"

namespace hebb {

class Sampler;

/// Shape and type of an op's result.
struct Signature {
  Shape shape;
  DType dtype = DType::f32;
};

/// What a reference implementation works on: the node and its operands' elements. Floating-point
/// operands and results are arrays of T, whether the graph says f32 or f64; i32 and u8 stay what they are.
template <class T>
struct ReferenceCall {
  using Scalar = T;
  const Node& node;
  std::span<const void* const> operands;
  void* result;

  const T* in(std::size_t k) const { return static_cast<const T*>(operands[k]); }
  const std::int32_t* in_i32(std::size_t k) const { return static_cast<const std::int32_t*>(operands[k]); }
  const std::uint8_t* in_u8(std::size_t k) const { return static_cast<const std::uint8_t*>(operands[k]); }
  T* out() const { return static_cast<T*>(result); }
  std::int32_t* out_i32() const { return static_cast<std::int32_t*>(result); }
  const Shape& shape(std::size_t k) const { return node.inputs[k].shape(); }
};

/// The naive implementation, in both scalars, from one generic lambda without captures:
/// `Reference([](auto call) { using T = typename decltype(call)::Scalar; ... })`.
struct Reference {
  void (*f32)(const ReferenceCall<float>&) = nullptr;
  void (*f64)(const ReferenceCall<double>&) = nullptr;

  Reference() = default;
  template <class F>
  explicit constexpr Reference(F)
      : f32([](const ReferenceCall<float>& call) { F{}(call); }),
        f64([](const ReferenceCall<double>& call) { F{}(call); }) {}
};

/// A fast implementation bound to one node's shapes and attributes: gets the operands' elements and
/// writes the result. It may run tasks in parallel, split by the shapes alone.
using Kernel = std::function<void(const void* const* operands, void* result)>;

/// What a plan knows when it asks for a kernel.
struct KernelSetting {
  Precision precision = Precision::f32;  ///< to which products round their operands
  /// By operand: its elements, where they never change, which a kernel may prepare once; else null. None
  /// where nothing is known.
  std::vector<const void*> constants;

  const float* constant(std::size_t operand) const {
    return operand < constants.size() ? static_cast<const float*>(constants[operand]) : nullptr;
  }
};

/// The same for a result seen as a matrix, all axes but the last times the last, that is computed block by
/// block: adds `bias`, where it is not null, to each row, and calls the epilogue on each block.
using BlockKernel = std::function<void(const void* const* operands, const float* bias, void* result,
                                       const Epilogue& epilogue)>;

/// What is known of an op's derivative.
enum class Derivative {
  smooth,  ///< non-zero almost everywhere; checked against finite differences
  zero,    ///< zero wherever it exists, by definition (step and its kin)
  none     ///< the result is not a real function of the operands (argmax, one_hot)
};

/// How far the f32 kernel may be from the f64 reference: |fast - exact| <= ulp * 2^-24 * scale, with
/// `scale` one of these, plus one rounding error for each of `terms` accumulated terms.
struct ErrorBound {
  enum class Scale {
    output,    ///< |exact|
    operands,  ///< the reference applied to the operands' absolute values (sums, products)
    one        ///< max(1, |exact|, largest operand): results of cancellation
  };
  double ulp = 1;
  Scale scale = Scale::output;
  std::int64_t (*terms)(const Node&) = nullptr;
};

/// Of an op that takes one operand or more.
inline constexpr int kAnyArity = -1;

/// A row of the registry.
struct Op {
  std::string_view name;
  int arity = 1;             ///< number of operands
  std::string_view formula;  ///< one line of mathematics, for documentation and `explain`
  Signature (*infer)(std::span<const Tensor> inputs, const Attributes& attributes) = nullptr;
  Reference reference = {};
  Derivative derivative = Derivative::smooth;
  /// The gradients with respect to each operand, given the result and the gradient with respect to it,
  /// in terms of other ops. An empty Tensor where there is none. Gradients of broadcast shape are summed
  /// back to the operand's shape by the caller.
  std::vector<Tensor> (*vjp)(const Tensor& result, const Tensor& gradient) = nullptr;
  /// Element-wise ops: how to compute one element, in terms of the machine of graph/emitter.hpp.
  /// Operands are broadcast to the result's shape. f32 only.
  Emitted (*emit)(Emitter& emitter, const Node& node, std::span<const Emitted> operands) = nullptr;
  /// Other ops: the fast kernel. Where all are null, plans run the f32 reference.
  Kernel (*kernel)(const Node& node) = nullptr;
  /// Or the fast kernel of a result that is computed block by block, behind which element-wise ops are fused.
  BlockKernel (*block_kernel)(const Node& node, const KernelSetting& setting) = nullptr;
  /// Whether that kernel can add a bias.
  bool adds_bias = false;
  /// Whether the result is the operand's elements under another shape: plans then copy nothing.
  bool is_view = false;
  ErrorBound error = {};
  /// The kernel multiplies zeros beside an operand, which the reference leaves out: with an infinite factor
  /// its result may be NaN where the reference's is not.
  bool pads_with_zeros = false;
  /// Draws random operands and applies the op: the source of the op's generated tests.
  Tensor (*sample)(Sampler& sampler) = nullptr;
};

/// Every op, in the order of include/hebb/ops.def.
std::span<const Op* const> registry();

/// The op of that name, or nullptr.
const Op* find_op(std::string_view name);

}  // namespace hebb
