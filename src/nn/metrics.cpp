#include "hebb/metrics.hpp"

#include <cmath>

#include "hebb/error.hpp"

namespace hebb {

namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

ClassificationMetrics::ClassificationMetrics(std::int64_t classes, std::int64_t top_k)
    : classes_(classes), top_k_(top_k) {
  constexpr std::int64_t kMostClasses = 1 << 15;  // the confusion matrix has their square
  if (classes < 2 || classes > kMostClasses || top_k < 1 || top_k > classes) {
    throw ConfigError("metrics: expected 2 to 32768 classes and 1 <= top_k <= classes, got " +
                      std::to_string(classes) + " classes and top_k " + std::to_string(top_k));
  }
  confusion_.resize(static_cast<std::size_t>(classes * classes));
}

void ClassificationMetrics::count_one(std::int64_t label, std::int64_t predicted, bool in_top) {
  ++confusion_[static_cast<std::size_t>(label * classes_ + predicted)];
  ++count_;
  in_top_ += in_top ? 1 : 0;
}

void ClassificationMetrics::add(std::span<const float> scores, std::span<const std::int32_t> labels) {
  const auto width = static_cast<std::size_t>(classes_);
  if (scores.size() != labels.size() * width) {
    throw ShapeError("metrics: " + std::to_string(scores.size()) + " scores for " +
                     std::to_string(labels.size()) + " labels of " + std::to_string(classes_) + " classes");
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> row = scores.subspan(i * width, width);
    if (labels[i] < 0 || labels[i] >= classes_) {
      throw DataError("metrics: label " + std::to_string(labels[i]) + " of " + std::to_string(classes_) +
                      " classes");
    }
    const auto label = static_cast<std::size_t>(labels[i]);
    std::size_t best = 0;
    std::int64_t before =
        0;  // scores that come before the label's in descending order, the first of equal ones first
    for (std::size_t j = 0; j < width; ++j) {
      if (std::isnan(row[j])) throw DivergedError("metrics: the model's output is not a number");
      if (row[j] > row[best]) best = j;
      if (row[j] > row[label] || (row[j] == row[label] && j < label)) ++before;
    }
    count_one(labels[i], static_cast<std::int64_t>(best), before < top_k_);
  }
}

void ClassificationMetrics::add_binary(std::span<const float> scores, std::span<const std::int32_t> labels,
                                       double threshold) {
  if (scores.size() != labels.size()) {
    throw ShapeError("metrics: " + std::to_string(scores.size()) + " scores for " +
                     std::to_string(labels.size()) + " labels");
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != 0 && labels[i] != 1) {
      throw DataError("metrics: label " + std::to_string(labels[i]) + " of two classes");
    }
    if (std::isnan(scores[i])) throw DivergedError("metrics: the model's output is not a number");
    const std::int64_t predicted = scores[i] > threshold ? 1 : 0;
    count_one(labels[i], predicted, top_k_ > 1 || predicted == labels[i]);
  }
}

double ClassificationMetrics::accuracy() const {
  std::int64_t right = 0;
  for (std::int64_t c = 0; c < classes_; ++c) right += confusion(c, c);
  return share(right, count_);
}

double ClassificationMetrics::top_k_accuracy() const { return share(in_top_, count_); }

std::int64_t ClassificationMetrics::confusion(std::int64_t label, std::int64_t predicted) const {
  return confusion_.at(static_cast<std::size_t>(label * classes_ + predicted));
}

std::int64_t ClassificationMetrics::support(std::int64_t label) const {
  std::int64_t total = 0;
  for (std::int64_t c = 0; c < classes_; ++c) total += confusion(label, c);
  return total;
}

std::int64_t ClassificationMetrics::predicted(std::int64_t label) const {
  std::int64_t total = 0;
  for (std::int64_t c = 0; c < classes_; ++c) total += confusion(c, label);
  return total;
}

double ClassificationMetrics::precision(std::int64_t label) const {
  return share(confusion(label, label), predicted(label));
}

double ClassificationMetrics::recall(std::int64_t label) const {
  return share(confusion(label, label), support(label));
}

double ClassificationMetrics::f1(std::int64_t label) const {
  return share(2 * confusion(label, label), predicted(label) + support(label));
}

namespace {

/// The mean of a score over the classes that occur.
template <class Score>
double macro(const ClassificationMetrics& metrics, const Score& score) {
  double total = 0;
  std::int64_t occurring = 0;
  for (std::int64_t c = 0; c < metrics.classes(); ++c) {
    bool occurs = metrics.support(c) > 0;
    for (std::int64_t other = 0; other < metrics.classes() && !occurs; ++other)
      occurs = metrics.confusion(other, c) > 0;
    if (!occurs) continue;
    total += score(c);
    ++occurring;
  }
  return occurring == 0 ? 0 : total / static_cast<double>(occurring);
}

}  // namespace

double ClassificationMetrics::macro_precision() const {
  return macro(*this, [&](std::int64_t c) { return precision(c); });
}

double ClassificationMetrics::macro_recall() const {
  return macro(*this, [&](std::int64_t c) { return recall(c); });
}

double ClassificationMetrics::macro_f1() const {
  return macro(*this, [&](std::int64_t c) { return f1(c); });
}

RegressionMetrics::RegressionMetrics(std::int64_t outputs) {
  if (outputs < 1) throw ConfigError("metrics: expected at least one output, got " + std::to_string(outputs));
  columns_.resize(static_cast<std::size_t>(outputs));
}

void RegressionMetrics::add(std::span<const float> predictions, std::span<const float> targets) {
  const std::size_t width = columns_.size();
  if (predictions.size() != targets.size() || predictions.size() % width != 0) {
    throw ShapeError("metrics: " + std::to_string(predictions.size()) + " predictions for " +
                     std::to_string(targets.size()) + " targets of " + std::to_string(width) + " outputs");
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (i % width == 0) ++count_;
    Column& column = columns_[i % width];
    const double target = targets[i];
    const double error = predictions[i] - target;
    column.squared += error * error;
    column.absolute += std::abs(error);
    const double distance = target - column.mean;
    column.mean += distance / static_cast<double>(count_);
    column.deviation += distance * (target - column.mean);
  }
}

double RegressionMetrics::mse() const {
  double total = 0;
  for (const Column& column : columns_) total += column.squared;
  return count_ == 0 ? 0 : total / static_cast<double>(count_) / static_cast<double>(columns_.size());
}

double RegressionMetrics::rmse() const { return std::sqrt(mse()); }

double RegressionMetrics::mae() const {
  double total = 0;
  for (const Column& column : columns_) total += column.absolute;
  return count_ == 0 ? 0 : total / static_cast<double>(count_) / static_cast<double>(columns_.size());
}

double RegressionMetrics::r2() const {
  double total = 0;
  for (const Column& column : columns_) {
    if (column.deviation > 0) {
      total += 1 - column.squared / column.deviation;
    } else {
      total += column.squared == 0 ? 1 : 0;
    }
  }
  return total / static_cast<double>(columns_.size());
}

}  // namespace hebb
