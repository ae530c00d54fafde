#include <algorithm>
#include <cstdio>

#include "hebb/error.hpp"
#include "hebb/neurons.hpp"
#include "neurons/dense_layer.hpp"

namespace hebb::neurons {

Sequential OnlineClassifier::network(const Shape& input_shape) const {
  require_learned();
  // The loss of squares compares with 0 and 1, the neuron learned -1 and 1.
  const OutputScale to = kind_.rule == Rule::squared ? OutputScale{0.5, 0.5} : OutputScale();
  return dense_network(kept_, options_.bias, input_shape, to);
}

Loss OnlineClassifier::loss() const {
  switch (kind_.rule) {
    case Rule::squared: return Loss("mse");
    case Rule::logistic: return Loss("binary_cross_entropy");
    default: return Loss("hinge");
  }
}

Perceptron::Perceptron(OnlineOptions options)
    : OnlineClassifier({"perceptron", Rule::perceptron, Keep::last}, std::move(options)) {}

void Perceptron::reset() {
  separations_.clear();
  OnlineClassifier::reset();
}

void Perceptron::examine(const Samples& x, std::span<const std::int32_t> labels,
                         const SeparationOptions& how) {
  separations_.clear();
  if (options().multiclass == Multiclass::together && outputs() > 1) return;
  SeparationOptions separation = how;
  separation.bias = options().bias;
  for (std::int64_t c = 0; c < outputs(); ++c) {
    const auto own = static_cast<std::int32_t>(outputs() == 1 ? 1 : c);
    const auto members = std::count(labels.begin(), labels.end(), own);
    const bool both = members > 0 && members < std::ssize(labels);
    separations_.push_back(both ? separate(x, labels, own, separation) : Separation());
  }
}

EpochSummary Perceptron::pass(const Samples& x, std::span<const std::int32_t> labels) {
  constexpr std::int64_t kMostWork = std::int64_t{1} << 29;  // a fraction of a second
  const EpochSummary summary = OnlineClassifier::pass(x, labels);
  const bool due = epochs() + 1 >= options().check_after || summary.mistakes == 0;
  if (due && options().check_after > 0 && separations_.empty()) examine(x, labels, {.most_work = kMostWork});
  return summary;
}

bool Perceptron::finished() const {
  const PenaltyOptions& penalty = options().penalty;
  if (penalty.l1 > 0 || penalty.l2 > 0) return false;
  for (std::int64_t c = 0; c < outputs(); ++c) {
    const bool hopeless = !separations_.empty() && separations_[static_cast<std::size_t>(c)].verdict ==
                                                       Separation::Verdict::inseparable;
    if (clean_epochs(c) == 0 && !hopeless) return false;
  }
  return true;
}

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string name_of(std::int64_t label, std::span<const std::string> names) {
  const auto at = static_cast<std::size_t>(label);
  return at < names.size() ? names[at] : std::to_string(label);
}

/// "; margin 0.57, R 4.2: at most (R/margin)^2 = 54 mistakes".
std::string words(const Separation& s) {
  switch (s.verdict) {
    case Separation::Verdict::separable:
      return std::string("; separable with margin ") + (s.exact ? "" : "at least ") + number(s.margin) +
             ", R " + number(s.radius) + ": at most (R/margin)^2 = " + number(s.novikoff_bound());
    case Separation::Verdict::inseparable:
      return "; not separable: a mixture of its samples is a mixture of the others (" +
             std::to_string(s.samples.size()) + " samples, difference " + number(s.gap) + ")";
    case Separation::Verdict::open: break;
  }
  return "; whether it is separable was not found out";
}

}  // namespace

std::string Perceptron::report(std::span<const std::string> names) const {
  std::string text;
  for (std::int64_t c = 0; c < outputs(); ++c) {
    const auto at = static_cast<std::size_t>(c);
    const std::int64_t made = mistakes()[at];
    text += name_of(outputs() == 1 ? 1 : c, names) + ": " + std::to_string(made) +
            (made == 1 ? " mistake" : " mistakes");
    if (clean_epochs(c) > 0) text += ", none in the last epoch";
    if (!separations_.empty()) text += words(separations_[at]);
    text += "\n";
  }
  return text;
}

}  // namespace hebb::neurons
