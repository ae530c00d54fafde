#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hebb/error.hpp"
#include "hebb/experiments.hpp"
#include "hebb/random.hpp"
#include "train/preparation.hpp"

namespace hebb {

namespace {

constexpr std::uint64_t kFoldStream = std::uint64_t{0x464F} << 48;  // of the seed's random numbers

void shuffle(std::vector<std::int64_t>& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[random.below(static_cast<std::uint32_t>(i))]);
}

/// The samples in a random order, those of a class together: dealt out one by one, every fold gets its share
/// of every class, to within one sample.
std::vector<std::int64_t> dealing_order(const Dataset& data, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(data.size()));
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, kFoldStream);
  shuffle(order, random);
  if (data.target_kind() == TargetKind::classes) {
    const std::vector<std::int32_t> labels = all_labels(data);
    const auto label = [&](std::int64_t sample) { return labels[static_cast<std::size_t>(sample)]; };
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return label(a) < label(b); });
  }
  return order;
}

std::vector<Split> make_folds(const Dataset& data, std::int64_t count, std::uint64_t seed) {
  const std::int64_t samples = data.size();
  if (samples > std::numeric_limits<std::uint32_t>::max())
    throw ConfigError(fmt::format("folds: {} samples; expected at most 2^32 - 1", samples));
  if (count < 2 || count > samples) {
    throw ConfigError(
        fmt::format("folds: expected 2 to {}, the number of training samples, got {}", samples, count));
  }
  const std::vector<std::int64_t> order = dealing_order(data, seed);
  std::vector<Split> folds(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t f = 0; f < folds.size(); ++f)
      (f == i % folds.size() ? folds[f].validation : folds[f].train).push_back(order[i]);
  }
  for (Split& fold : folds) {
    std::sort(fold.train.begin(), fold.train.end());
    std::sort(fold.validation.begin(), fold.validation.end());
  }
  return folds;
}

template <class Value>
Spread spread_over(const std::vector<EvaluationReport>& reports, const Value& value) {
  std::vector<double> values;
  for (const EvaluationReport& report : reports) values.push_back(value(report));
  return spread_of(values);
}

}  // namespace

Spread spread_of(std::span<const double> values) {
  if (values.empty()) return {};
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {.mean = mean, .deviation = values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0};
}

Spread CrossValidation::loss() const {
  return spread_over(folds, [](const EvaluationReport& r) { return r.loss; });
}
Spread CrossValidation::accuracy() const {
  return spread_over(folds, [](const EvaluationReport& r) { return r.classes.value().accuracy(); });
}
Spread CrossValidation::rmse() const {
  return spread_over(folds, [](const EvaluationReport& r) { return r.values.value().rmse(); });
}

CrossValidation cross_validate(const TrainConfig& config, const DataSplits& data, std::int64_t folds,
                               const ComparisonOptions& options,
                               const std::function<void(std::size_t, const EvaluationReport&)>& on_fold) {
  if (data.train == nullptr) throw DataError("there is no training data");
  CrossValidation result;
  const std::vector<Split> all = make_folds(*data.train, folds, config.seed);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const RunResult run = training::run_with_fold(
        config, data,
        {.out = options.out.empty() ? "" : fmt::format("{}/fold-{}", options.out, i + 1),
         .overwrite = options.overwrite,
         .insight = options.insight,
         .observer = options.observer,
         .stop = options.stop},
        &all[i]);
    result.interrupted = run.training.interrupted;
    if (result.interrupted) break;
    result.folds.push_back(run.test.value());
    if (on_fold) on_fold(i + 1, result.folds.back());
  }
  return result;
}

}  // namespace hebb
