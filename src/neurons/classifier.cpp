#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "hebb/neurons.hpp"
#include "kernels/weighted_sums.hpp"

namespace hebb::neurons {

namespace {

void require_labels_below(std::span<const std::int32_t> labels, std::int64_t classes) {
  const auto beyond =
      std::find_if(labels.begin(), labels.end(), [&](std::int32_t l) { return l >= classes; });
  if (beyond == labels.end()) return;
  throw DataError("sample " + std::to_string(beyond - labels.begin()) + ": label " + std::to_string(*beyond) +
                  "; there are " + std::to_string(classes) + " classes, from 0");
}

}  // namespace

Samples::Samples(std::span<const float> values, std::int64_t features)
    : values_(values.data()),
      features_(features),
      count_(features > 0 ? static_cast<std::int64_t>(values.size()) / features : 0) {
  if (features < 1 || count_ * features != static_cast<std::int64_t>(values.size())) {
    throw ShapeError("samples: " + std::to_string(values.size()) + " values are no whole rows of " +
                     std::to_string(features) + " features");
  }
}

void Samples::require_finite() const {
  constexpr std::int64_t kPart = 1 << 14;
  const std::int64_t size = count_ * features_;
  std::atomic<bool> finite = true;
  parallel_for((size + kPart - 1) / kPart, [&](std::int64_t part) {
    const std::int64_t begin = part * kPart;
    if (!all_finite(values_ + begin, std::min(kPart, size - begin))) finite = false;
  });
  if (finite) return;
  for (std::int64_t i = 0; i < size; ++i) {
    if (std::isfinite(values_[i])) continue;
    throw DataError("sample " + std::to_string(i / features_) + ", feature " + std::to_string(i % features_) +
                    ": the value is " + (std::isnan(values_[i]) ? "not a number" : "infinite"));
  }
}

std::vector<double> LinearModel::scores(const Samples& x) const {
  if (x.features() != inputs) {
    throw ShapeError("expected samples of " + std::to_string(inputs) + " features, got " +
                     std::to_string(x.features()));
  }
  std::vector<double> result(static_cast<std::size_t>(x.count() * outputs));
  constexpr std::int64_t kGrain = 1 << 16;  // multiply-adds that are worth a thread
  parallel_ranges(x.count(), kGrain / std::max<std::int64_t>(1, inputs * outputs),
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i) {
                      double* to = result.data() + i * outputs;
                      weighted_sums(
                          {.weights = weights.data(), .rows = outputs, .stride = inputs, .n = inputs},
                          x.row(i), to);
                      for (std::int64_t c = 0; c < outputs; ++c) to[c] += bias[static_cast<std::size_t>(c)];
                    }
                  });
  return result;
}

Classifier::Classifier(std::int64_t max_epochs, std::int64_t classes)
    : max_epochs_(max_epochs), wanted_classes_(classes) {
  if (max_epochs < 1) {
    throw ConfigError("max_epochs: expected 1 or more, got " + std::to_string(max_epochs));
  }
  if (classes != 0 && classes < 2) {
    throw ConfigError("classes: expected 2 or more, or 0 for as many as the labels tell, got " +
                      std::to_string(classes));
  }
}

Classifier::~Classifier() = default;

void Classifier::begin(std::int64_t inputs, std::int64_t classes) {
  if (inputs < 1 || classes < 2) {
    throw ConfigError("expected at least one input and two classes, got " + std::to_string(inputs) + " and " +
                      std::to_string(classes));
  }
  inputs_ = inputs;
  classes_ = classes;
  epochs_ = 0;
  last_epoch_ = {};
  reset();
}

std::int64_t Classifier::classes_of(std::span<const std::int32_t> labels) const {
  if (wanted_classes_ != 0) return wanted_classes_;
  return std::max<std::int64_t>(2, std::int64_t{*std::max_element(labels.begin(), labels.end())} + 1);
}

void Classifier::check(const Samples& x, std::span<const std::int32_t> labels) const {
  if (static_cast<std::int64_t>(labels.size()) != x.count()) {
    throw ShapeError(std::to_string(labels.size()) + " labels for " + std::to_string(x.count()) + " samples");
  }
  if (labels.empty()) throw DataError("there is no sample to learn from");
  if (x.count() > std::numeric_limits<std::int32_t>::max())
    throw DataError(std::to_string(x.count()) + " samples; expected less than 2^31");
  const auto negative = std::find_if(labels.begin(), labels.end(), [](std::int32_t l) { return l < 0; });
  if (negative != labels.end()) {
    throw DataError("sample " + std::to_string(negative - labels.begin()) + ": label " +
                    std::to_string(*negative) + "; expected 0 or more");
  }
  x.require_finite();
}

void Classifier::one_pass(const Samples& x, std::span<const std::int32_t> labels) {
  last_epoch_ = pass(x, labels);
  ++epochs_;
  if (!std::isfinite(last_epoch_.loss)) {
    throw DivergedError(describe() + ": the loss of epoch " + std::to_string(epochs_) +
                        " is not finite; a smaller learning rate may help");
  }
}

void Classifier::fit(const Samples& x, std::span<const std::int32_t> labels) {
  check(x, labels);
  const std::int64_t classes = classes_of(labels);
  require_labels_below(labels, classes);
  if (std::all_of(labels.begin(), labels.end(), [&](std::int32_t l) { return l == labels[0]; })) {
    throw DataError("all " + std::to_string(labels.size()) + " samples are of class " +
                    std::to_string(labels[0]) + ": there is nothing to tell apart");
  }
  begin(x.features(), classes);
  while (epochs_ < max_epochs_ && !finished()) one_pass(x, labels);
}

void Classifier::partial_fit(const Samples& x, std::span<const std::int32_t> labels) {
  check(x, labels);
  if (classes_ == 0) {
    const std::int64_t classes = classes_of(labels);
    require_labels_below(labels, classes);
    begin(x.features(), classes);
  }
  if (x.features() != inputs_) {
    throw ShapeError("expected samples of " + std::to_string(inputs_) + " features, as before, got " +
                     std::to_string(x.features()));
  }
  require_labels_below(labels, classes_);
  one_pass(x, labels);
}

void Classifier::require_learned() const {
  if (classes_ == 0) throw Error(describe() + " has not learned anything yet");
}

std::vector<double> Classifier::decision_function(const Samples& x) const {
  require_learned();
  if (x.features() != inputs_) {
    throw ShapeError("expected samples of " + std::to_string(inputs_) + " features, got " +
                     std::to_string(x.features()));
  }
  std::vector<double> result(static_cast<std::size_t>(x.count() * outputs()));
  scores(x, result);
  return result;
}

std::vector<std::int32_t> Classifier::predict(const Samples& x) const {
  const std::vector<double> s = decision_function(x);
  const std::int64_t width = outputs();
  std::vector<std::int32_t> result(static_cast<std::size_t>(x.count()));
  for (std::int64_t i = 0; i < x.count(); ++i) {
    const auto row = s.begin() + i * width;
    result[static_cast<std::size_t>(i)] =
        width == 1 ? (*row > 0 ? 1 : 0) : static_cast<std::int32_t>(std::max_element(row, row + width) - row);
  }
  return result;
}

std::string Classifier::report(std::span<const std::string>) const {
  return describe() + ": " + std::to_string(epochs_) + (epochs_ == 1 ? " epoch\n" : " epochs\n");
}

void Classifier::set_state(std::int64_t inputs, std::int64_t classes, std::int64_t epochs,
                           std::span<const double> state) {
  begin(inputs, classes);
  restore(state);
  epochs_ = epochs;
}

}  // namespace hebb::neurons
