/// How good a model is on a data set.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hebb/data.hpp"
#include "hebb/losses.hpp"
#include "hebb/metrics.hpp"
#include "hebb/module.hpp"
#include "hebb/precision.hpp"

namespace hebb {

struct EvaluationOptions {
  std::int64_t batch_size = 1024;
  std::int64_t top_k = 0;                ///< 0: the smaller of 5 and the number of classes
  Precision precision = Precision::f32;  ///< of products
  /// How many of the samples with the largest losses are reported one by one.
  std::int64_t worst = 0;
};

/// What became of one sample: of a class, or of values.
struct SampleResult {
  std::int64_t index = 0;  ///< in the data set
  double loss = 0;         ///< on this sample alone
  std::int64_t label = 0;
  std::int64_t predicted = 0;
  std::vector<float> target = {};  ///< for data sets of values: one for each output
  std::vector<float> output = {};
};

/// What an evaluation found. Losses are in the loss's own scale: the mean over samples, the sum for sse;
/// penalties are not included.
struct EvaluationReport {
  std::int64_t samples = 0;
  double loss = 0;
  std::optional<ClassificationMetrics> classes = {};  ///< for data sets of classes
  std::optional<RegressionMetrics> values = {};       ///< for data sets of values
  std::vector<SampleResult> worst = {};  ///< the largest loss first; of equal ones the earlier sample
};

/// Runs the model over all samples, in their order, outside training. The data must be scaled as the model
/// wants it. Throws DataError for an empty data set, ShapeError when model, loss and data do not fit.
EvaluationReport evaluate(const Module& model, const Dataset& data, const Loss& loss,
                          const EvaluationOptions& options = {});

/// A model that sees each image as it is and shifted by up to `pixels` in both directions, (2 pixels + 1)^2
/// times, pixels beyond an edge being those of the edge; its outputs are such that `loss.probabilities` of
/// them is the mean of the probabilities of all (for regression, the mean of the outputs). Throws ConfigError
/// unless samples are images, [height, width, channels] or [height, width], larger than the shifts, and 0 <=
/// pixels <= 4.
std::unique_ptr<Module> average_over_shifts(const Module& model, const Loss& loss, const Shape& input,
                                            std::int64_t pixels);

/// Throws ConfigError unless outputs of such a shape (of one sample) can be compared with the data's targets
/// by this loss; the message tells what the last layer should be.
void check_fit(const Shape& output, const Dataset& data, const Loss& loss);

/// As a JSON object: samples, loss; for classes accuracy, top_k, top_k_accuracy, macro_precision,
/// macro_recall, macro_f1, classes (an array of name, precision, recall, f1, support) and confusion (rows:
/// the label, columns: the prediction); for values mse, rmse, mae, r2; where asked for, worst (an array of
/// index, loss, and label and predicted, or, for values, target and output, arrays of up to 12 values). Names
/// are numbers where the spec has none.
std::string to_json(const EvaluationReport& report, const InputSpec& spec = {});

}  // namespace hebb
