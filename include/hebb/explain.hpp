/// One training step opened: every value on the way from the input to the loss, every gradient on the way
/// back with a finite difference beside it, and the update of every parameter, in float64.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hebb/data.hpp"
#include "hebb/module.hpp"
#include "hebb/tensor.hpp"
#include "hebb/trainer.hpp"

namespace hebb {

/// What is to be opened.
struct ExplainOptions {
  /// The step, from 1. Those before it are trained first, as `train` does, on all samples.
  std::int64_t step = 1;
  /// The samples that the step learns from. Empty: all of a data set of at most 8, else the first one.
  std::vector<std::int64_t> samples = {};
  /// Finite differences of each tensor, spread evenly over its elements; 0: of all elements. By default of
  /// all where that takes about a second at most, else as many as take so long.
  std::optional<std::int64_t> differences = {};
};

/// A gradient's part that one formula sends back to one of the values it was computed from: the chain rule.
struct ChainLink {
  std::size_t to = 0;           ///< number of that value
  std::string symbol = {};      ///< its name in the formula's layer: "W"
  std::string formula = {};     ///< "x^T dz", where dz is the gradient of z; empty where nothing goes back
  std::string in_numbers = {};  ///< the same at the value's element; empty where it would be too long
  bool partial = false;         ///< other formulas send parts to the same value; its gradient is their sum
};

/// What one output pixel of a convolution sees.
struct ConvolutionWindow {
  std::vector<std::int64_t> output = {};  ///< [sample, row, column, channel]
  std::int64_t row = 0;  ///< of the image, at the window's corner; negative within the padding
  std::int64_t column = 0;
  Tensor window = {};  ///< f64 [kernel, kernel, channels], zero beyond the image
  Tensor filter = {};  ///< f64 of the same shape: that of the output's channel
  double sum = 0;      ///< of their products, before a bias
};

/// A value on the way from input to loss. All tensors are f64.
struct ExplainedValue {
  std::string name = {};        ///< "dense_1.z", "dense_1.weight", "input"
  std::string symbol = {};      ///< in the formulas of its layer: "z", "W"
  std::string formula = {};     ///< "x W + b"; empty for what is given
  std::string in_numbers = {};  ///< the formula at `element`; empty where it would be too long
  /// What its function is, "sigmoid(x) = 1 / (1 + exp(-x))"; empty where the formula says it all.
  std::string definition = {};
  Tensor value = {};
  Tensor gradient = {};    ///< of the loss with respect to it; empty where there is none
  Tensor difference = {};  ///< the finite difference beside the gradient; NaN where none was made
  std::vector<std::int64_t> element = {};  ///< the one that is opened: mostly that of the largest gradient
  /// Largest |gradient - difference| / max(|gradient|, |difference|). Elements below a millionth of the
  /// largest gradient are held against that, those below 1e-8 (1 + loss), where rounding begins to show,
  /// against this.
  double disagreement = 0;
  /// Elements at a kink, where the slopes to both sides differ (relu at 0); they do not count above.
  std::vector<std::int64_t> kinks = {};
  std::vector<ChainLink> chain = {};             ///< to each value the formula takes, in their order
  std::optional<ConvolutionWindow> window = {};  ///< where the formula is a convolution
};

/// A parameter's way through the step.
struct ExplainedParameter {
  std::string name = {};  ///< "dense_1.weight"
  std::size_t value = 0;  ///< number of its value, which has gradient and difference
  Tensor update = {};     ///< f64: new value - old value
};

/// A layer of the model, or all of a model that is no list of layers.
struct ExplainedLayer {
  std::string name = {};         ///< "dense_1"
  std::string kind = {};         ///< "dense"
  std::string description = {};  ///< "dense(4, act=sigmoid)"
  std::string formula = {};      ///< "z = x W + b; y = sigmoid(z)"
  std::size_t input = 0;         ///< numbers of values
  std::size_t output = 0;
  std::vector<std::size_t> steps = {};  ///< the values it computes, in their order
  std::vector<ExplainedParameter> parameters = {};
};

/// The loss of the step.
struct ExplainedLoss {
  std::string name = {};                   ///< "sse"
  std::string formula = {};                ///< "L = sum (p - t)^2", p being the model's output, t the target
  std::string in_numbers = {};             ///< its first terms
  std::string derivative = {};             ///< "dp = 2 (p - t)"
  std::string derivative_in_numbers = {};  ///< at the output's element
  std::vector<std::string> reason = {};    ///< lines that say why the derivative is that; maybe none
  Tensor target = {};         ///< f64 of the output's shape: 1 at the label, 0 elsewhere, or values
  Tensor probabilities = {};  ///< f64 of the output's shape; empty where outputs are no logits
  double penalty = 0;         ///< part of the loss that penalties add
};

/// A step of training from beginning to end.
struct Explanation {
  std::string model = {};           ///< its description; empty for a free composition
  std::string optimizer = {};       ///< name
  std::string update_formula = {};  ///< "w := w - r dw"
  double learning_rate = 0;         ///< of this step
  std::int64_t step = 1;
  std::vector<std::int64_t> samples = {};  ///< numbers in the data set
  double loss_before = 0;                  ///< on these samples, penalties included
  double loss_after = 0;
  std::size_t input = 0;   ///< number of the input's value
  std::size_t output = 0;  ///< of the model's output
  std::vector<ExplainedValue> values = {};
  std::vector<ExplainedLayer> layers = {};
  ExplainedLoss loss;

  /// The largest disagreement of all values.
  double disagreement() const;
};

/// Trains a copy of the model up to a step, and opens that step: forward pass, loss, gradients and update in
/// float64, by the interpreter of the graph, from the parameters as they then are. Finite differences are
/// central, at steps of 1e-3 and half of it, extrapolated (Richardson); where these differ by more than
/// smoothness allows, as where a kink is near, at smaller ones. Samples are `data`'s as the model shall see
/// them, that is, scaled.
///
/// `training` counts as in `train`, but for epochs and what belongs to running; `batch_size` is that of the
/// steps before. Throws ConfigError for what cannot be opened (L-BFGS, mixup, augmentation, moving averages),
/// a step below 1, and a model that does not fit data or loss; DataError for samples that the data set does
/// not have; DivergedError when the steps before it do not stay finite.
Explanation explain(const Module& model, const TrainerOptions& training, const Dataset& data,
                    const ExplainOptions& options = {});

}  // namespace hebb
