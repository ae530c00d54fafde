/// Transformations of functions of tensors: derivatives and compilation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "hebb/precision.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

using Tensors = std::vector<Tensor>;
/// A function of tensors; it must be pure: the same expression for the same shapes.
using Function = std::function<Tensors(const Tensors&)>;
/// A function of tensors with one result.
using ScalarFunction = std::function<Tensor(const Tensors&)>;

/// The gradients of a scalar expression with respect to nodes it depends on, as expressions, so that they can
/// be differentiated again: each of the shape and type of its x, zero where y does not depend on it. Throws
/// ShapeError unless y has exactly one element, and for an x that is no real number.
Tensors gradients(const Tensor& y, const Tensors& xs);

/// The function that computes the gradient of `f` with respect to each argument in `arguments` (all when
/// empty). It throws as `gradients` does, and Error for an argument that does not exist.
Function grad(ScalarFunction f, std::vector<int> arguments = {});

/// The function that computes first f, then its gradients.
Function value_and_grad(ScalarFunction f, std::vector<int> arguments = {});

/// The same function with fewer operations, for inference: where a convolution, transposed convolution (of
/// one group) or matrix product with constant weights is followed by nothing but constants that are added,
/// subtracted, multiplied or divided channel by channel, as batch normalisation outside training does, they
/// become part of its weights and of one bias. The new weights are computed in float64 and rounded once.
/// Constants are what depends on concrete tensors alone; so the result is a snapshot of them. An expression
/// with nothing to fold is returned as it is.
Tensor fold_constants(const Tensor& y);

/// Options of compile.
struct CompileOptions {
  std::size_t cache_size =
      16;  ///< plans kept, one for each combination of input shapes; the one not used for longest is dropped
  Precision precision = Precision::f32;  ///< of products; f64 expressions are computed in f64 all the same
};

/// A function compiled to plans, one for each combination of input shapes and types. Concrete tensors the
/// function captures are part of the plan. Calls from several threads are safe and run one after the other.
class Compiled {
 public:
  Compiled(Function f, CompileOptions options);
  /// Runs the plan for the inputs' shapes, tracing `f` first when there is none. Inputs that are expressions
  /// are evaluated; the results are arrays of their own. Throws what `f` and `evaluate` throw, and then has
  /// kept nothing.
  Tensors operator()(const Tensors& inputs) const;
  /// Number of plans made so far.
  std::int64_t traces() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Compiles `f`, which must be pure; nothing is traced before the first call.
Compiled compile(Function f, CompileOptions options = {});

}  // namespace hebb
