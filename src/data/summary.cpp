#include "data/summary.hpp"

#include <algorithm>
#include <numeric>

#include "data/moments.hpp"

namespace hebb {
namespace {

constexpr std::size_t kMostInputs = 1000;

RangeSummary range_of(const std::string& name, const Moments& moments) {
  return {.name = name,
          .minimum = moments.low,
          .maximum = moments.high,
          .mean = moments.mean,
          .deviation = moments.deviation()};
}

std::vector<std::int64_t> class_counts(const Dataset& data) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(data.outputs()));
  for (const std::int32_t label : all_labels(data)) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

std::vector<RangeSummary> summarize_inputs(const DataSplits& splits) {
  // Without a scaling that lies on an array, so that people see their own numbers.
  std::shared_ptr<const Dataset> raw = splits.train;
  if (const auto* array = dynamic_cast<const ArrayDataset*>(raw.get())) {
    raw = std::make_shared<ArrayDataset>(array->with_scaling(Scaling()));
  }
  const bool together = holds_images(*raw);
  const std::vector<Moments> moments = input_moments(*raw, every_sample(*raw), together);
  if (together) return {range_of("pixels", moments[0])};
  std::vector<RangeSummary> result;
  std::size_t next = 0;
  for (const Column& column : splits.spec.columns) {
    if (result.size() == kMostInputs) return result;
    if (column.categories.empty()) {
      result.push_back(range_of(column.name, moments[next++]));
    } else {
      result.push_back(
          {.name = column.name, .categories = static_cast<std::int64_t>(column.categories.size())});
      next += column.categories.size();
    }
  }
  for (std::size_t j = next; j < moments.size() && result.size() < kMostInputs; ++j) {
    const bool named = j < splits.feature_names.size();
    result.push_back(
        range_of(named ? splits.feature_names[j] : "input " + std::to_string(j + 1), moments[j]));
  }
  return result;
}

std::vector<RangeSummary> summarize_targets(const DataSplits& splits) {
  constexpr std::size_t kRows = 256;
  const Dataset& data = *splits.train;
  const auto outputs = static_cast<std::size_t>(data.outputs());
  std::vector<Moments> moments(outputs);
  std::vector<float> values(kRows * outputs);
  const std::vector<std::int64_t> all = every_sample(data);
  for (std::size_t start = 0; start < all.size(); start += kRows) {
    const auto part = std::span(all).subspan(start, std::min(kRows, all.size() - start));
    data.fill(part, nullptr, {.values = values.data()});
    for (std::size_t j = 0; j < outputs; ++j) moments[j].add_block(values.data() + j, outputs, part.size());
  }
  std::vector<RangeSummary> result;
  for (std::size_t j = 0; j < std::min(outputs, kMostInputs); ++j) {
    std::string name = splits.spec.target_name.empty() ? "target" : splits.spec.target_name;
    if (outputs > 1) name += " " + std::to_string(j + 1);
    result.push_back(range_of(name, moments[j]));
  }
  return result;
}

}  // namespace

DataSummary summarize(const DataSplits& splits) {
  DataSummary summary{.name = splits.name, .description = splits.description};
  summary.train_rows = splits.train->size();
  summary.test_rows = splits.test != nullptr ? splits.test->size() : 0;
  summary.input_shape = splits.train->input_shape();
  summary.target_kind = splits.train->target_kind();
  summary.outputs = splits.train->outputs();
  summary.class_names = splits.spec.class_names;
  if (summary.target_kind == TargetKind::classes) {
    summary.train_counts = class_counts(*splits.train);
    if (splits.test != nullptr) summary.test_counts = class_counts(*splits.test);
  } else if (summary.outputs > 0) {
    summary.targets = summarize_targets(splits);
  }
  summary.inputs = summarize_inputs(splits);
  return summary;
}

Json json_of(const RangeSummary& range) {
  if (range.categories > 0) return {{"name", range.name}, {"categories", range.categories}};
  return {{"name", range.name},
          {"minimum", range.minimum},
          {"maximum", range.maximum},
          {"mean", range.mean},
          {"deviation", range.deviation}};
}

}  // namespace hebb
