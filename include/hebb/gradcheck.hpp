/// Gradients checked against finite differences, in float64.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/losses.hpp"
#include "hebb/module.hpp"
#include "hebb/tensor.hpp"
#include "hebb/transforms.hpp"

namespace hebb {

/// What a check found.
struct GradientReport {
  std::string name;             ///< of the op or the parameter
  std::string derivative;       ///< "smooth", "zero" or "none"
  std::int64_t elements = 0;    ///< derivatives that were compared
  double largest_error = 0;     ///< of a derivative, in units of what rounding and truncation allow
  double largest_gradient = 0;  ///< so that a check of zero against zero is seen for what it is
  bool passed = true;
  std::string failure = {};  ///< where and how, when it did not
};

/// Compares the gradient of a scalar f64 expression with respect to concrete f64 leaves with central
/// differences (f(x + h) - f(x - h)) / 2h, and the same with h/2, extrapolated (Richardson): the error is of
/// order h^4. At most `most` elements of each leaf are looked at, spread evenly. One derivative may be off by
/// 1e-6 of the largest in its leaf and of the function's value, about ten times what rounding costs at h =
/// 1e-3.
GradientReport check_gradient(const Tensor& value, const Tensors& leaves, std::int64_t most = 16);

/// Checks the op of that name on so many random cases. An op whose derivative is zero by definition must give
/// zeros, one without a derivative nothing. Throws ConfigError for an unknown name.
GradientReport check_op(std::string_view name, std::int64_t cases, std::uint64_t seed = 0);
/// Checks every op of the registry.
std::vector<GradientReport> check_ops(std::int64_t cases, std::uint64_t seed = 0);

/// Checks each trainable parameter of a model under a loss, on a random batch of `samples`: labels below the
/// number of outputs for losses of classes, else normal values.
std::vector<GradientReport> check_model(const Module& model, const Shape& input_shape, const Loss& loss,
                                        std::uint64_t seed = 0);

}  // namespace hebb
