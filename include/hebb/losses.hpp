/// What training makes small.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/module.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

/// Options of the losses that have some.
struct LossOptions {
  double delta = 1.0;                     ///< huber: where the square turns into a line; positive
  double label_smoothing = 0.0;           ///< cross_entropy: share spread over all classes, in [0, 1)
  std::vector<float> class_weights = {};  ///< cross_entropy: one positive weight a class, or none
};

/// A loss: from a model's output and the targets to a scalar expression. With prediction p, target t, n
/// samples:
///
/// - `sse`: sum over samples and outputs of (p - t)^2; no half, no mean
/// - `mse`: mean over samples and outputs of (p - t)^2
/// - `mae`: mean of abs(p - t)
/// - `huber(delta)`: mean of d^2 / 2 where d = abs(p - t) <= delta, else delta (d - delta / 2) (Huber 1964)
/// - `cross_entropy(label_smoothing, class_weights)`: mean over samples of -log softmax(p) at the label; p
/// are logits
///   [n, classes]. With class weights, the mean weighted by the weight of each sample's class
/// - `binary_cross_entropy`: mean of -t log sigmoid(p) - (1 - t) log(1 - sigmoid(p)); p are logits
/// - `hinge`: one output: mean of max(0, 1 - s p), s = -1 or 1. Several: max(0, 1 + largest other score -
///   score of the label), averaged over samples (Crammer and Singer 2001)
/// - `kl_divergence`: mean over samples of the sum of t log(t / softmax(p)); p are logits, t probabilities
///
/// Targets are either f32 of the prediction's shape, or i32 labels [n], which mean: for one output, the
/// numbers themselves (hinge: 0 and 1 stand for -1 and 1); for several, 1 at the label and 0 elsewhere. For
/// `hinge` f32 targets are -1 and 1, and there is one output; for `cross_entropy` they are probabilities.
class Loss {
 public:
  Loss() : Loss("mse") {}
  /// By name. Throws ConfigError for an unknown name (with the nearest) and for options out of their ranges.
  Loss(const char* name);  // NOLINT(google-explicit-constructor): `.loss = "sse"`
  explicit Loss(std::string_view name, LossOptions options = {});

  /// Reads "sse", "huber(0.5)", "cross_entropy(label_smoothing=0.1, class_weights=1 2 0.5)". Throws
  /// ConfigError as a model description does.
  static Loss parse(std::string_view text);
  /// The losses that suit a model of so many outputs: binary_cross_entropy for one, else cross_entropy.
  static Loss for_classes(std::int64_t outputs);
  /// The loss that suits real targets: mse.
  static Loss for_values() { return Loss("mse"); }

  /// The loss as an expression. Throws ShapeError when target and prediction do not fit.
  Tensor operator()(const Tensor& prediction, const Tensor& target) const;

  std::string_view name() const;
  const LossOptions& options() const { return options_; }
  /// As `parse` reads it.
  std::string describe() const;
  /// Whether the loss adds up over samples (sse) rather than being a mean over them.
  bool is_sum() const;
  /// Whether it needs classes as targets, not real values.
  bool is_classification() const;
  /// What the outputs of a model trained with this loss say: softmax of logits (cross_entropy,
  /// kl_divergence), sigmoid of logits (binary_cross_entropy), else the prediction itself.
  Tensor probabilities(const Tensor& prediction) const;
  /// A single output (before `probabilities`) above this value means class 1, else class 0.
  double threshold() const;

 private:
  int row_ = 0;  ///< of the table of losses
  LossOptions options_;
};

/// Every name of a loss.
std::vector<std::string_view> loss_names();

/// Strengths of penalties on large weights.
struct PenaltyOptions {
  double l1 = 0.0;  ///< times the sum of absolute weights
  /// Times the sum of squared weights; no half. Both together: elastic (Zou and Hastie 2005).
  double l2 = 0.0;
};

/// The penalty as a scalar expression over the trainable parameters of two or more axes: weights, not biases.
/// Add it to the loss as it is. Zero when there is no such parameter. Throws ConfigError for negative or
/// non-finite strengths.
Tensor penalty(const std::vector<NamedTensor>& parameters, const PenaltyOptions& options);

}  // namespace hebb
