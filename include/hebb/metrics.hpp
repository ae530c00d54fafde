/// How good predictions are, accumulated batch by batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hebb {

/// Accuracy, top-k accuracy and the confusion matrix of class predictions.
class ClassificationMetrics {
 public:
  /// Throws ConfigError unless classes >= 2 and 1 <= top_k <= classes.
  explicit ClassificationMetrics(std::int64_t classes, std::int64_t top_k = 1);

  /// Adds a batch of scores [n, classes], the largest of a row (the first of equal ones) being its
  /// prediction. Throws ShapeError when the counts differ, DataError for a label out of range, DivergedError
  /// for a NaN.
  void add(std::span<const float> scores, std::span<const std::int32_t> labels);
  /// Adds a batch of single outputs [n] of a two-class model: class 1 above the threshold, else class 0.
  void add_binary(std::span<const float> scores, std::span<const std::int32_t> labels, double threshold);

  std::int64_t classes() const { return classes_; }
  std::int64_t count() const { return count_; }
  /// Share of samples whose prediction is the label; 0 of none.
  double accuracy() const;
  /// Share of samples whose label is among the k largest scores.
  double top_k_accuracy() const;
  std::int64_t top_k() const { return top_k_; }
  /// Samples of class `label` predicted as `predicted`.
  std::int64_t confusion(std::int64_t label, std::int64_t predicted) const;
  /// Samples of the class.
  std::int64_t support(std::int64_t label) const;

  /// Of what was predicted as this class, the share that is; 0 when nothing was.
  double precision(std::int64_t label) const;
  /// Of what is of this class, the share predicted so; 0 when nothing is.
  double recall(std::int64_t label) const;
  /// Harmonic mean of the two, 2 tp / (2 tp + fp + fn); 0 when that is 0 / 0.
  double f1(std::int64_t label) const;
  /// Means over the classes that occur among labels or predictions, each counted alike.
  double macro_precision() const;
  double macro_recall() const;
  double macro_f1() const;

 private:
  void count_one(std::int64_t label, std::int64_t predicted, bool in_top);
  std::int64_t predicted(std::int64_t label) const;

  std::int64_t classes_;
  std::int64_t top_k_;
  std::int64_t count_ = 0;
  std::int64_t in_top_ = 0;
  std::vector<std::int64_t> confusion_;  ///< [label, predicted]
};

/// Errors of predicted values.
class RegressionMetrics {
 public:
  /// Throws ConfigError unless outputs >= 1.
  explicit RegressionMetrics(std::int64_t outputs = 1);

  /// Adds a batch: both [n, outputs], row-major. Throws ShapeError when the counts differ or are no whole
  /// rows.
  void add(std::span<const float> predictions, std::span<const float> targets);

  std::int64_t count() const { return count_; }
  /// Means over all samples and outputs.
  double mse() const;
  double rmse() const;  ///< square root of mse
  double mae() const;
  /// 1 - (squared error) / (squared distance of the targets from their mean), averaged over outputs; for an
  /// output whose targets are all equal, 1 if every prediction is exact, else 0.
  double r2() const;

 private:
  struct Column {
    double mean = 0;       ///< of the targets so far
    double deviation = 0;  ///< sum of squared distances from it (Welford 1962)
    double squared = 0;    ///< sum of squared errors
    double absolute = 0;
  };
  std::int64_t count_ = 0;
  std::vector<Column> columns_;
};

}  // namespace hebb
