/// The loss of a step in words and numbers.
#pragma once

#include "hebb/explain.hpp"
#include "hebb/losses.hpp"

namespace hebb::explaining {

/// Formula, derivative and reasons of a loss for outputs [n, ...] and targets, with the derivative's numbers
/// at one element. Outputs are f64, targets f64 or i32 labels.
ExplainedLoss explain_loss(const Loss& loss, const Tensor& output, const Tensor& target,
                           std::int64_t element);

/// The rule of an optimiser: "w := w - r dw".
std::string update_formula(const Optimizer& optimizer);

}  // namespace hebb::explaining
