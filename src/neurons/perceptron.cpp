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

bool OnlineClassifier::finished() const {
  const bool settles = (kind_.rule == Rule::perceptron || kind_.rule == Rule::margin) &&
                       kind_.keep != Keep::mean && options_.penalty.l1 == 0 && options_.penalty.l2 == 0;
  return settles && std::all_of(clean_.begin(), clean_.end(), [](std::int64_t epochs) { return epochs > 0; });
}

bool Perceptron::finished() const {
  const PenaltyOptions& penalty = options().penalty;
  if (penalty.l1 > 0 || penalty.l2 > 0 || separations_.empty()) return OnlineClassifier::finished();
  for (std::int64_t c = 0; c < outputs(); ++c) {
    const Separation& known = separations_[static_cast<std::size_t>(c)];
    if (clean_epochs(c) == 0 && known.verdict != Separation::Verdict::inseparable) return false;
  }
  return true;
}

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// "; separable with margin 0.57, R 4.2: at most (R/margin)^2 = 54 mistakes".
std::string words(const Separation& s) {
  switch (s.verdict) {
    case Separation::Verdict::separable:
      return std::string("; separable with margin ") + (s.exact ? "" : "at least ") + number(s.margin) +
             ", R " + number(s.radius) + ": at most (R/margin)^2 = " + number(s.novikoff_bound()) +
             " mistakes";
    case Separation::Verdict::inseparable:
      return "; not separable: a mixture of its samples is a mixture of the others (" +
             std::to_string(s.samples.size()) + " samples, difference " + number(s.gap) + ")";
    case Separation::Verdict::open: break;
  }
  return "; whether it is separable was not found out";
}

}  // namespace

/// "setosa: 5 mistakes, none in the last epoch", a line an output.
std::string OnlineClassifier::report(std::span<const std::string> names) const {
  std::string text;
  for (std::int64_t c = 0; c < outputs(); ++c) {
    const auto label = static_cast<std::size_t>(outputs() == 1 ? 1 : c);
    const std::int64_t made = mistakes_[static_cast<std::size_t>(c)];
    const std::string what = kind_.rule == Rule::margin ? "correction" : "mistake";
    text += (label < names.size() ? names[label] : std::to_string(label)) + ": " + std::to_string(made) +
            " " + what + (made == 1 ? "" : "s");
    if (clean_epochs(c) > 0) text += ", none in the last epoch";
    if (kind_.keep == Keep::pocket)
      text += "; in the pocket: " + std::to_string(best_right_[static_cast<std::size_t>(c)]) + " right";
    text += "\n";
  }
  return text;
}

std::string Perceptron::report(std::span<const std::string> names) const {
  std::string text = OnlineClassifier::report(names);
  std::size_t line = 0;
  for (const Separation& known : separations_) {  // at the end of each output's line
    line = text.find('\n', line);
    const std::string more = words(known);
    text.insert(line, more);
    line += more.size() + 1;
  }
  return text;
}

}  // namespace hebb::neurons
