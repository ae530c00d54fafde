#include "train/tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "hebb/error.hpp"

namespace hebb::training {

std::vector<std::int64_t> samples_of(const Dataset& data, const std::vector<std::int64_t>& given) {
  if (data.size() <= 0) throw DataError("the data set is empty: expected at least one sample");
  if (given.empty()) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(data.size()));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  const auto [least, most] = std::minmax_element(given.begin(), given.end());
  if (*least < 0 || *most >= data.size()) {
    throw DataError(fmt::format("sample {} asked for; the data set has samples 0 to {}",
                                *least < 0 ? *least : *most, data.size() - 1));
  }
  return given;
}

Tally::Tally(const Shape& outputs, const Dataset& data, const Loss& loss, std::int64_t top_k)
    : loss_(loss), width_(outputs.elements()) {
  check_fit(outputs, data, loss);
  if (data.target_kind() == TargetKind::classes) {
    const std::int64_t classes = std::max<std::int64_t>(2, data.outputs());
    // The k largest of all classes hold the label always: that says nothing.
    const std::int64_t k = top_k > 0 ? top_k : std::min<std::int64_t>(5, classes);
    report_.classes.emplace(classes, width_ == 1 ? 1 : k);
  } else {
    report_.values.emplace(width_);
  }
}

/// What the mean of a batch weighs in the mean of all: cross_entropy with class weights divides by their sum.
double Tally::weight(const TargetBuffer& targets, std::int64_t n) const {
  const std::vector<float>& weights = loss_.options().class_weights;
  if (weights.empty() || targets.labels == nullptr) return static_cast<double>(n);
  return std::accumulate(targets.labels, targets.labels + n, 0.0, [&](double sum, std::int32_t label) {
    return sum + static_cast<double>(weights.at(static_cast<std::size_t>(label)));
  });
}

void Tally::add(std::span<const float> outputs, double loss, const TargetBuffer& targets) {
  const std::int64_t n = static_cast<std::int64_t>(outputs.size()) / width_;
  report_.samples += n;
  const double weight_here = loss_.is_sum() ? 1 : weight(targets, n);
  report_.loss += weight_here * loss;
  weights_ += weight_here;
  if (report_.values) {
    report_.values->add(outputs, {targets.values, outputs.size()});
  } else if (width_ == 1) {
    report_.classes->add_binary(outputs, {targets.labels, static_cast<std::size_t>(n)}, loss_.threshold());
  } else {
    report_.classes->add(outputs, {targets.labels, static_cast<std::size_t>(n)});
  }
}

EvaluationReport Tally::report() const {
  EvaluationReport result = report_;
  if (!loss_.is_sum() && weights_ > 0) result.loss /= weights_;
  return result;
}

}  // namespace hebb::training
