// Learning sample by sample: one loop, in which neurons differ by their rule and by what they keep.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "hebb/neurons.hpp"
#include "hebb/random.hpp"
#include "kernels/weighted_sums.hpp"
#include "nn/description.hpp"

namespace hebb::neurons {

namespace {

// Samples are visited in random order, which the processor does not foresee.
constexpr std::int64_t kAhead = 4;

// Samples after which the L1 penalty takes its part: after each one alone, what that sample has just added
// would hide that the weight is nothing.
constexpr std::int64_t kTruncation = 64;

void require(bool holds, const char* option, const char* expected, double got) {
  if (!holds) throw ConfigError(std::string(option) + ": expected " + expected + ", got " + number_text(got));
}

/// What a rule makes of a score: its loss, the correction in units of rate x, and whether it counts as
/// mistake.
struct Response {
  double loss = 0;
  double step = 0;
  bool mistake = false;
};

}  // namespace

/// One pass: the samples in the order in which they are visited, and the rate at each visit.
struct OnlineClassifier::Visit {
  const Samples& x;
  std::span<const std::int32_t> labels;
  std::vector<std::int32_t> order;
  std::vector<double> rates;

  std::int64_t count() const { return static_cast<std::int64_t>(order.size()); }
  /// 1 where the sample is of the output's class, else -1.
  double target(std::int64_t sample, std::int64_t output, std::int64_t outputs) const {
    return labels[static_cast<std::size_t>(sample)] == (outputs == 1 ? 1 : output) ? 1 : -1;
  }
};

struct OnlineClassifier::Tally {
  double loss = 0;
  std::int64_t mistakes = 0;
};

OnlineClassifier::OnlineClassifier(Kind kind, OnlineOptions options)
    : Classifier(options.max_epochs, options.classes), kind_(kind), options_(std::move(options)) {
  const bool corrects_mistakes = kind.rule == Rule::perceptron || kind.rule == Rule::margin;
  OnlineOptions& o = options_;
  if (o.learning_rate == 0) o.learning_rate = corrects_mistakes ? 1 : 0.01;
  require(o.learning_rate > 0 && std::isfinite(o.learning_rate), "learning_rate", "a positive number",
          o.learning_rate);
  for (const auto& [name, value] :
       {std::pair("l1", o.penalty.l1), {"l2", o.penalty.l2}, {"margin", o.margin}})
    require(value >= 0 && std::isfinite(value), name, "zero or a positive number", value);
  require(o.check_after >= 0, "check_after", "zero or more epochs", static_cast<double>(o.check_after));
  if (o.multiclass == Multiclass::together && (!corrects_mistakes || kind.keep == Keep::pocket)) {
    throw ConfigError("multiclass: " + std::string(kind.name) + " learns one class against the rest");
  }
  const bool penalised = o.penalty.l1 > 0 || o.penalty.l2 > 0;
  if (penalised && kind.keep != Keep::last) {
    throw ConfigError("penalty: " + std::string(kind.name) +
                      " takes none; it keeps weights of more than one time");
  }
}

void OnlineClassifier::reset() {
  last_ = {.inputs = inputs(), .outputs = outputs()};
  last_.weights.assign(static_cast<std::size_t>(inputs() * outputs()), 0);
  last_.bias.assign(static_cast<std::size_t>(outputs()), 0);
  kept_ = last_;
  lag_ = kind_.keep == Keep::mean ? last_ : LinearModel();
  seen_ = 0;
  for (std::vector<std::int64_t>* counts : {&mistakes_, &clean_, &best_run_, &best_right_})
    counts->assign(static_cast<std::size_t>(outputs()), 0);
  options_.schedule = Schedule(options_.schedule.options());
}

namespace {

Response respond(double margin, double t, double s) {  // perceptrons
  const double agreement = t * s;
  if (agreement > margin) return {};
  return {.loss = margin - agreement, .step = t, .mistake = true};
}

Response respond_squared(double t, double s) {
  return {.loss = 0.5 * (t - s) * (t - s), .step = t - s, .mistake = t * s <= 0};
}

Response respond_logistic(double t, double s) {
  const double z = t * s;
  const double e = std::exp(-std::abs(z));
  return {
      .loss = std::log1p(e) + std::max(0.0, -z), .step = t * (z > 0 ? e : 1) / (1 + e), .mistake = z <= 0};
}

}  // namespace

/// Moves one output's weights: shrinks them and takes the step.
void OnlineClassifier::correct(std::int64_t output, double step, const float* x, double rate) {
  const std::int64_t n = inputs();
  double* w = last_.weights.data() + output * n;
  double& b = last_.bias[static_cast<std::size_t>(output)];
  const PenaltyOptions& penalty = options_.penalty;
  const double keep = std::max(0.0, 1 - 2 * rate * penalty.l2);
  if (step != 0 || keep != 1) move_along(w, n, keep, rate * step, x);
  if (options_.bias) b += rate * step;
}

/// What the L1 penalty does to outputs [first, end) after visit i: see OnlineOptions.
void OnlineClassifier::truncate(const Visit& visit, std::int64_t i, std::int64_t first, std::int64_t end) {
  const bool due = (i + 1) % kTruncation == 0 || i + 1 == visit.count();
  if (options_.penalty.l1 == 0 || !due) return;
  double rates = 0;
  for (std::int64_t k = i - i % kTruncation; k <= i; ++k) rates += visit.rates[static_cast<std::size_t>(k)];
  soften(last_.weights.data() + first * inputs(), (end - first) * inputs(), rates * options_.penalty.l1);
}

/// Outputs [first, end), each by itself, side by side so that a sample is read once.
OnlineClassifier::Tally OnlineClassifier::visit_each(const Visit& visit, std::int64_t first,
                                                     std::int64_t end) {
  const std::int64_t n = inputs();
  const double margin = kind_.rule == Rule::margin ? options_.margin : 0;
  const bool penalised = options_.penalty.l2 > 0;
  const WeightRows rows = {
      .weights = last_.weights.data() + first * n, .rows = end - first, .stride = n, .n = n};
  std::vector<std::int64_t> before(mistakes_.begin() + first, mistakes_.begin() + end);
  double sums[kMostSums];
  Tally tally;
  for (std::int64_t i = 0; i < visit.count(); ++i) {
    const std::int64_t sample = visit.order[static_cast<std::size_t>(i)];
    const float* x = visit.x.row(sample);
    const double rate = visit.rates[static_cast<std::size_t>(i)];
    if (i + kAhead < visit.count())
      fetch_ahead(visit.x.row(visit.order[static_cast<std::size_t>(i + kAhead)]), n);
    weighted_sums(rows, x, sums);
    for (std::int64_t c = first; c < end; ++c) {
      const auto at = static_cast<std::size_t>(c);
      const double t = visit.target(sample, c, outputs());
      const double s = sums[c - first] + last_.bias[at];
      const Response r = kind_.rule == Rule::squared    ? respond_squared(t, s)
                         : kind_.rule == Rule::logistic ? respond_logistic(t, s)
                                                        : respond(margin, t, s);
      tally.loss += r.loss;
      mistakes_[at] += r.mistake ? 1 : 0;
      if (r.step != 0 || penalised) correct(c, r.step, x, rate);
      if (kind_.keep == Keep::mean && r.step != 0) {
        const auto seen = static_cast<double>(seen_ + i);
        move_along(lag_.weights.data() + c * n, n, 1, rate * r.step * seen, x);
        if (options_.bias) lag_.bias[at] += rate * r.step * seen;
      }
    }
    truncate(visit, i, first, end);
  }
  for (std::int64_t c = first; c < end; ++c) {
    const auto at = static_cast<std::size_t>(c);
    const std::int64_t made = mistakes_[at] - before[static_cast<std::size_t>(c - first)];
    tally.mistakes += made;
    clean_[at] = made == 0 ? clean_[at] + 1 : 0;
  }
  return tally;
}

/// The rule for all classes at once: where another class's score comes within the margin of the right one's,
/// both are corrected (Crammer, Singer, J. Machine Learning Research 3, 951 (2003), with the worst rival
/// alone).
OnlineClassifier::Tally OnlineClassifier::visit_together(const Visit& visit) {
  const std::int64_t n = inputs();
  const std::int64_t count = outputs();
  const double margin = kind_.rule == Rule::margin ? options_.margin : 0;
  const bool penalised = options_.penalty.l2 > 0;
  std::vector<double> s(static_cast<std::size_t>(count));
  std::vector<double> steps(static_cast<std::size_t>(count));
  Tally tally;
  for (std::int64_t i = 0; i < visit.count(); ++i) {
    const std::int64_t sample = visit.order[static_cast<std::size_t>(i)];
    const float* x = visit.x.row(sample);
    const double rate = visit.rates[static_cast<std::size_t>(i)];
    const auto own = static_cast<std::size_t>(visit.labels[static_cast<std::size_t>(sample)]);
    weighted_sums({.weights = last_.weights.data(), .rows = count, .stride = n, .n = n}, x, s.data());
    for (std::size_t c = 0; c < s.size(); ++c) s[c] += last_.bias[c];
    std::size_t rival = own == 0 ? 1 : 0;
    for (std::size_t c = 0; c < s.size(); ++c) {
      if (c != own && s[c] > s[rival]) rival = c;
    }
    const double agreement = s[own] - s[rival];
    const bool mistake = agreement <= margin;
    if (mistake) {
      tally.loss += margin - agreement;
      ++tally.mistakes;
      ++mistakes_[own];
    }
    if (!mistake && !penalised) {
      truncate(visit, i, 0, count);
      continue;
    }
    std::fill(steps.begin(), steps.end(), 0.0);
    if (mistake) steps[own] = 1, steps[rival] = -1;
    for (std::size_t c = 0; c < s.size(); ++c) {
      if (steps[c] == 0 && !penalised) continue;
      const auto output = static_cast<std::int64_t>(c);
      correct(output, steps[c], x, rate);
      if (kind_.keep != Keep::mean) continue;
      const double lag = rate * steps[c] * static_cast<double>(seen_ + i);
      move_along(lag_.weights.data() + output * n, n, 1, lag, x);
      if (options_.bias) lag_.bias[c] += lag;
    }
    truncate(visit, i, 0, count);
  }
  for (std::int64_t& epochs : clean_) epochs = tally.mistakes == 0 ? epochs + 1 : 0;
  return tally;
}

/// Puts the output's present weights into the pocket if they made more right answers in a row than those
/// there, and are right on more samples (Gallant, IEEE Trans. Neural Networks 1, 179 (1990): with ratchet).
void OnlineClassifier::offer_to_pocket(const Visit& visit, std::int64_t output, std::int64_t run) {
  const auto at = static_cast<std::size_t>(output);
  if (run <= best_run_[at]) return;
  const std::int64_t n = inputs();
  const double* w = last_.weights.data() + output * n;
  std::int64_t right = 0;
  for (std::int64_t sample = 0; sample < visit.x.count(); ++sample) {
    double s = 0;
    weighted_sums({.weights = w, .rows = 1, .stride = n, .n = n}, visit.x.row(sample), &s);
    right += visit.target(sample, output, outputs()) * (s + last_.bias[at]) > 0 ? 1 : 0;
  }
  if (right <= best_right_[at]) return;
  best_run_[at] = run;
  best_right_[at] = right;
  std::copy_n(w, n, kept_.weights.begin() + output * n);
  kept_.bias[at] = last_.bias[at];
}

OnlineClassifier::Tally OnlineClassifier::visit_for_pocket(const Visit& visit, std::int64_t output) {
  const auto at = static_cast<std::size_t>(output);
  const std::int64_t n = inputs();
  Tally tally;
  std::int64_t run = 0;
  for (std::int64_t i = 0; i < visit.count(); ++i) {
    const std::int64_t sample = visit.order[static_cast<std::size_t>(i)];
    double s = 0;
    weighted_sums({.weights = last_.weights.data() + output * n, .rows = 1, .stride = n, .n = n},
                  visit.x.row(sample), &s);
    const Response r = respond(0, visit.target(sample, output, outputs()), s + last_.bias[at]);
    tally.loss += r.loss;
    if (r.mistake) {
      offer_to_pocket(visit, output, run);
      run = 0;
      ++tally.mistakes;
      correct(output, r.step, visit.x.row(sample), visit.rates[static_cast<std::size_t>(i)]);
    } else {
      ++run;
    }
  }
  offer_to_pocket(visit, output, run);
  mistakes_[at] += tally.mistakes;
  clean_[at] = tally.mistakes == 0 ? clean_[at] + 1 : 0;
  return tally;
}

/// The mean of the weights after each sample: of a correction made at sample s of T (from 0), the part
/// (T - s) / T.
void OnlineClassifier::keep_mean() {
  const auto total = static_cast<double>(seen_);
  for (std::size_t j = 0; j < last_.weights.size(); ++j)
    kept_.weights[j] = last_.weights[j] - lag_.weights[j] / total;
  for (std::size_t c = 0; c < last_.bias.size(); ++c) kept_.bias[c] = last_.bias[c] - lag_.bias[c] / total;
}

EpochSummary OnlineClassifier::pass(const Samples& x, std::span<const std::int32_t> labels) {
  Visit visit{.x = x, .labels = labels, .order = {}, .rates = {}};
  const std::int64_t count = x.count();
  if (options_.shuffle) {
    visit.order = Random(options_.seed, static_cast<std::uint64_t>(epochs()))
                      .permutation(static_cast<std::int32_t>(count));
  } else {
    visit.order.resize(static_cast<std::size_t>(count));
    std::iota(visit.order.begin(), visit.order.end(), 0);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    visit.rates.push_back(
        options_.schedule.rate(options_.learning_rate, seen_ + i, count, options_.max_epochs * count));
  }
  std::vector<Tally> parts(1);
  if (options_.multiclass == Multiclass::together && outputs() > 1) {
    parts[0] = visit_together(visit);
  } else if (kind_.keep == Keep::pocket) {
    parts.resize(static_cast<std::size_t>(outputs()));
    parallel_for(outputs(),
                 [&](std::int64_t c) { parts[static_cast<std::size_t>(c)] = visit_for_pocket(visit, c); });
  } else {
    parts.resize(static_cast<std::size_t>((outputs() + kMostSums - 1) / kMostSums));
    parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t part) {
      const std::int64_t first = part * kMostSums;
      parts[static_cast<std::size_t>(part)] =
          visit_each(visit, first, std::min(outputs(), first + kMostSums));
    });
  }
  seen_ += count;
  if (kind_.keep == Keep::mean) keep_mean();
  if (kind_.keep == Keep::last) kept_ = last_;
  EpochSummary summary{.learning_rate = visit.rates.back()};
  for (const Tally& part : parts) {
    summary.loss += part.loss / static_cast<double>(count);
    summary.mistakes += part.mistakes;
  }
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(last_.weights.begin(), last_.weights.end(), finite) ||
      !std::all_of(last_.bias.begin(), last_.bias.end(), finite))
    throw DivergedError(describe() + ": a weight is no longer finite; a smaller learning rate may help");
  options_.schedule.observe(summary.loss);
  return summary;
}

void OnlineClassifier::scores(const Samples& x, std::span<double> to) const {
  const std::vector<double> found = kept_.scores(x);
  std::copy(found.begin(), found.end(), to.begin());
}

std::vector<double> OnlineClassifier::state() const {
  require_learned();
  std::vector<double> numbers = options_.schedule.state();
  numbers.push_back(static_cast<double>(seen_));
  for (const auto* counts : {&mistakes_, &clean_, &best_run_, &best_right_})
    numbers.insert(numbers.end(), counts->begin(), counts->end());
  for (const LinearModel* model : {&last_, &kept_, &lag_}) {
    numbers.insert(numbers.end(), model->weights.begin(), model->weights.end());
    numbers.insert(numbers.end(), model->bias.begin(), model->bias.end());
  }
  return numbers;
}

void OnlineClassifier::restore(std::span<const double> numbers) {
  const std::size_t expected = state().size();
  const bool finite = std::all_of(numbers.begin() + std::min<std::ptrdiff_t>(1, std::ssize(numbers)),
                                  numbers.end(), [](double value) { return std::isfinite(value); });
  if (numbers.size() != expected || !finite) {
    throw FormatError(describe() + ": expected a state of " + std::to_string(expected) +
                      " finite numbers, got " + std::to_string(numbers.size()));
  }
  const std::size_t schedule = options_.schedule.state().size();
  options_.schedule.set_state(numbers.first(schedule));
  auto next = numbers.begin() + static_cast<std::ptrdiff_t>(schedule);
  const auto whole = [&] {
    if (!(*next >= 0 && *next < 0x1p53))
      throw FormatError(describe() + ": a count of the state is " + number_text(*next));
    return static_cast<std::int64_t>(*next++);
  };
  seen_ = whole();
  for (auto* counts : {&mistakes_, &clean_, &best_run_, &best_right_})
    for (std::int64_t& value : *counts) value = whole();
  for (LinearModel* model : {&last_, &kept_, &lag_}) {
    for (double& value : model->weights) value = *next++;
    for (double& value : model->bias) value = *next++;
  }
}

std::string OnlineClassifier::describe() const {
  std::string inside;
  const auto add = [&](const std::string& argument) { inside += (inside.empty() ? "" : ", ") + argument; };
  if (kind_.rule == Rule::margin && options_.margin != OnlineOptions().margin)
    add("margin=" + number_text(options_.margin));
  if (options_.multiclass == Multiclass::together) add("multiclass=together");
  if (!options_.bias) add("bias=false");
  if (!options_.shuffle) add("shuffle=false");
  return std::string(kind_.name) + (inside.empty() ? "" : "(" + inside + ")");
}

}  // namespace hebb::neurons
