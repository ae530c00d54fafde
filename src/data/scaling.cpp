#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "core/names.hpp"
#include "data/moments.hpp"
#include "hebb/data.hpp"
#include "hebb/error.hpp"

namespace hebb {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kSmallest = std::numeric_limits<float>::min();

void add_column(Scaling& scaling, const Moments& moments, std::size_t column) {
  const double range = moments.high - moments.low;
  if (!(range <= kLargest)) {
    throw DataError(fmt::format("input {} reaches from {} to {}, too far to be scaled", column, moments.low,
                                moments.high));
  }
  const bool unit = scaling.kind == ScaleKind::unit;
  // What never varies has nothing to be divided by; and the reciprocal of a subnormal may be infinite.
  double deviation = range > 0 ? (unit ? range : moments.deviation()) : 1;
  if (deviation < kSmallest) deviation = 1;
  scaling.mean.push_back(static_cast<float>(unit ? moments.low : range > 0 ? moments.mean : moments.low));
  scaling.deviation.push_back(static_cast<float>(deviation));
}

/// Somebody's data set with a scaling on top.
class ScaledDataset final : public Dataset {
 public:
  ScaledDataset(std::shared_ptr<const Dataset> data, Scaling scaling)
      : data_(std::move(data)), features_(data_->input_shape().elements()), scaling_(std::move(scaling)) {
    scaling_.check(features_);
  }

  std::int64_t size() const override { return data_->size(); }
  Shape input_shape() const override { return data_->input_shape(); }
  TargetKind target_kind() const override { return data_->target_kind(); }
  std::int64_t outputs() const override { return data_->outputs(); }
  void fill(std::span<const std::int64_t> indices, float* inputs,
            const TargetBuffer& targets) const override {
    data_->fill(indices, inputs, targets);
    if (inputs != nullptr)
      scaling_.apply({inputs, indices.size() * static_cast<std::size_t>(features_)}, features_);
  }
  float background() const override { return scaling_.apply_to_all(data_->background()); }

 private:
  std::shared_ptr<const Dataset> data_;
  std::int64_t features_;
  Scaling scaling_;
};

}  // namespace

std::string_view to_string(ScaleKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"standard", "unit", "none"};
  return kNames.at(static_cast<std::size_t>(kind));
}

ScaleKind parse_scale_kind(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"standard", "unit", "none"};
  for (const ScaleKind kind : {ScaleKind::standard, ScaleKind::unit, ScaleKind::none}) {
    if (to_string(kind) == name) return kind;
  }
  throw ConfigError(unknown_name("scaling", name, kNames));
}

void Scaling::check(std::int64_t features) const {
  const std::size_t size = mean.size();
  const bool fits = size == 0 || size == 1 || static_cast<std::int64_t>(size) == features;
  if (!fits || deviation.size() != size) {
    throw DataError(fmt::format("scaling of {} means and {} deviations does not fit samples of {} inputs",
                                size, deviation.size(), features));
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (!std::isfinite(mean[i]) || !std::isfinite(deviation[i]) || !(deviation[i] >= kSmallest)) {
      throw DataError(
          fmt::format("scaling of input {}: mean {} and deviation {}; expected finite numbers, the second "
                      "positive",
                      i, mean[i], deviation[i]));
    }
  }
}

void Scaling::apply(std::span<float> values, std::int64_t features) const {
  check(features);
  if (features <= 0 || values.size() % static_cast<std::size_t>(features) != 0) {
    throw DataError(fmt::format("{} numbers are no whole rows of {} inputs", values.size(), features));
  }
  if (empty()) return;
  // Multiplied by the reciprocal, as data sets do, so that prediction sees the bits that training saw.
  if (mean.size() == 1) {
    const float inverse = 1 / deviation[0];
    for (float& value : values) value = (value - mean[0]) * inverse;
    return;
  }
  std::vector<float> inverse(deviation.size());
  std::transform(deviation.begin(), deviation.end(), inverse.begin(), [](float d) { return 1 / d; });
  for (std::size_t start = 0; start < values.size(); start += inverse.size()) {
    for (std::size_t j = 0; j < inverse.size(); ++j)
      values[start + j] = (values[start + j] - mean[j]) * inverse[j];
  }
}

float Scaling::apply_to_all(float value) const {
  if (empty()) return value;
  if (mean.size() > 1) {
    throw DataError("inputs are scaled each by its own mean and deviation, not all by one");
  }
  return (value - mean[0]) * (1 / deviation[0]);
}

Scaling fit_scaling(const Dataset& data, ScaleKind kind, std::span<const std::int64_t> indices) {
  Scaling scaling{.kind = kind, .mean = {}, .deviation = {}};
  if (kind == ScaleKind::none) return scaling;
  std::vector<std::int64_t> all;
  if (indices.empty()) {
    all = every_sample(data);
    indices = all;
  }
  if (indices.empty()) throw DataError("the training set has no sample to learn the scaling of inputs from");
  if (bytes_of_images(data) != nullptr && kind == ScaleKind::unit) {
    scaling.mean = {0};
    scaling.deviation = {255};
    return scaling;
  }
  const std::vector<Moments> moments = input_moments(data, indices, holds_images(data));
  for (std::size_t j = 0; j < moments.size(); ++j) add_column(scaling, moments[j], j);
  return scaling;
}

std::shared_ptr<const Dataset> scaled(std::shared_ptr<const Dataset> data, const Scaling& scaling) {
  if (data == nullptr) return data;
  if (const auto* array = dynamic_cast<const ArrayDataset*>(data.get())) {
    return std::make_shared<ArrayDataset>(array->with_scaling(scaling));
  }
  return std::make_shared<ScaledDataset>(std::move(data), scaling);
}

}  // namespace hebb
