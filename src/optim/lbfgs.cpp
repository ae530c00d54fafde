#include <algorithm>
#include <cmath>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/optim.hpp"
#include "optim/option_text.hpp"

namespace hebb {

namespace {

constexpr double kSufficientDecrease = 1e-4;  // c1
constexpr double kCurvature = 0.9;            // c2

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double largest(std::span<const double> x) {
  double result = 0;
  for (const double value : x) result = std::max(result, std::abs(value));
  return result;
}

/// A point on the search line: the length, the loss there, the slope and the gradient.
struct Trial {
  double length = 0, loss = 0, slope = 0;
  std::vector<double> gradient;
};

/// The minimum of the cubic through two points with their slopes, kept away from the ends (Nocedal and
/// Wright, (3.59)).
double interpolate(const Trial& a, const Trial& b) {
  const double low = std::min(a.length, b.length);
  const double high = std::max(a.length, b.length);
  const double margin = 0.1 * (high - low);
  const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length);
  const double square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0) || !std::isfinite(b.loss)) return (low + high) / 2;
  const double d2 = std::copysign(std::sqrt(square), b.length - a.length);
  const double best = b.length - (b.length - a.length) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
  return std::isfinite(best) ? std::clamp(best, low + margin, high - margin) : (low + high) / 2;
}

/// Algorithms 3.5 and 3.6: a length that satisfies the strong Wolfe conditions, or the best one found.
class LineSearch {
 public:
  LineSearch(std::span<const double> x, std::span<const double> direction, const LossAndGradient& f,
             int evaluations)
      : x_(x), direction_(direction), f_(f), left_(evaluations), at_(x.size()) {}

  Trial search(const Trial& start, double length) {
    start_ = start;
    Trial previous = start;
    Trial trial = evaluate(length);
    for (bool first = true;; first = false) {
      if (trial.loss > start.loss + kSufficientDecrease * trial.length * start.slope ||
          !std::isfinite(trial.loss) || (!first && trial.loss >= previous.loss)) {
        return zoom(previous, trial);
      }
      if (std::abs(trial.slope) <= -kCurvature * start.slope) return trial;
      if (trial.slope >= 0) return zoom(trial, previous);
      if (left_ == 0) return trial;
      previous = std::move(trial);
      trial = evaluate(2 * previous.length);
    }
  }

 private:
  Trial evaluate(double length) {
    --left_;
    Trial trial;
    trial.length = length;
    trial.gradient.resize(x_.size());
    for (std::size_t i = 0; i < x_.size(); ++i) at_[i] = x_[i] + length * direction_[i];
    trial.loss = f_(at_, trial.gradient);
    trial.slope = dot(trial.gradient, direction_);
    return trial;
  }

  Trial zoom(Trial low, Trial high) {
    while (left_ > 0 && std::abs(high.length - low.length) > 1e-16 * std::max(1.0, std::abs(low.length))) {
      Trial trial = evaluate(interpolate(low, high));
      if (!(trial.loss <= start_.loss + kSufficientDecrease * trial.length * start_.slope) ||
          trial.loss >= low.loss) {
        high = std::move(trial);
        continue;
      }
      if (std::abs(trial.slope) <= -kCurvature * start_.slope) return trial;
      if (trial.slope * (high.length - low.length) >= 0) high = low;
      low = std::move(trial);
    }
    return low;
  }

  std::span<const double> x_, direction_;
  const LossAndGradient& f_;
  int left_;
  std::vector<double> at_;
  Trial start_;
};

}  // namespace

Lbfgs::Lbfgs(LbfgsOptions options) : options_(options) {
  const LbfgsOptions& o = options_;
  require_option(std::isfinite(o.learning_rate) && o.learning_rate > 0, "lbfgs learning_rate",
                 "a positive number", o.learning_rate);
  require_option(o.history >= 1 && o.history <= 1000, "lbfgs history", "a number from 1 to 1000", o.history);
  require_option(o.gradient_tolerance >= 0, "lbfgs gradient_tolerance", "zero or a positive number",
                 o.gradient_tolerance);
  require_option(o.change_tolerance >= 0, "lbfgs change_tolerance", "zero or a positive number",
                 o.change_tolerance);
  require_option(o.most_evaluations >= 1, "lbfgs most_evaluations", "a positive number", o.most_evaluations);
}

LbfgsOptions Lbfgs::parse(std::string_view text) {
  const OptionText options("optimizer", text);
  if (options.name() != "lbfgs") {
    const std::vector<std::string_view> names = {"lbfgs"};
    throw ConfigError(unknown_name("optimizer", options.name(), names));
  }
  LbfgsOptions o;
  const auto to = [](auto& target) {
    return [&target](double value) {
      target = static_cast<std::decay_t<decltype(target)>>(std::clamp(value, -1e9, 1e9));
    };
  };
  options.assign({{"learning_rate", to(o.learning_rate)},
                  {"history", to(o.history)},
                  {"gradient_tolerance", to(o.gradient_tolerance)},
                  {"change_tolerance", to(o.change_tolerance)},
                  {"most_evaluations", to(o.most_evaluations)}});
  return Lbfgs(o).options_;
}

std::vector<double> Lbfgs::direction(std::span<const double> gradient) const {
  // The two-loop recursion, algorithm 7.4.
  std::vector<double> q(gradient.begin(), gradient.end());
  std::vector<double> alpha(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    alpha[i] = pairs_[i].rho * dot(pairs_[i].step, q);
    for (std::size_t j = 0; j < q.size(); ++j) q[j] -= alpha[i] * pairs_[i].change[j];
  }
  if (!pairs_.empty()) {
    const Pair& last = pairs_.back();
    const double scale = 1 / (last.rho * dot(last.change, last.change));
    for (double& value : q) value *= scale;
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const double beta = pairs_[i].rho * dot(pairs_[i].change, q);
    for (std::size_t j = 0; j < q.size(); ++j) q[j] += (alpha[i] - beta) * pairs_[i].step[j];
  }
  for (double& value : q) value = -value;
  return q;
}

double Lbfgs::step(std::span<double> x, const LossAndGradient& f) {
  if (gradient_.size() != x.size()) {
    gradient_.resize(x.size());
    loss_ = f(x, gradient_);
  }
  const double before = loss_;
  converged_ = largest(gradient_) <= options_.gradient_tolerance;
  if (converged_ || !std::isfinite(before)) return before;

  std::vector<double> d = direction(gradient_);
  double slope = dot(gradient_, d);
  if (!(slope < 0)) {  // rounding has spoilt the history: start again along the gradient
    pairs_.clear();
    d = direction(gradient_);
    slope = dot(gradient_, d);
  }
  double total = 0;
  for (const double value : gradient_) total += std::abs(value);
  // The first direction has no scale of its own: a step of length 1 in the sum norm at the most.
  const double length =
      pairs_.empty() ? std::min(1.0, 1 / total) * options_.learning_rate : options_.learning_rate;
  LineSearch search(x, d, f, options_.most_evaluations);
  const Trial found = search.search({0, before, slope, gradient_}, length);
  ++steps_;

  Pair pair;
  double moved = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    pair.step.push_back(found.length * d[i]);
    pair.change.push_back(found.gradient[i] - gradient_[i]);
    moved = std::max(moved, std::abs(pair.step.back()));
    x[i] += pair.step.back();
  }
  const double curvature = dot(pair.step, pair.change);
  if (curvature > 1e-10) {
    pair.rho = 1 / curvature;
    pairs_.push_back(std::move(pair));
    if (pairs_.size() > static_cast<std::size_t>(options_.history)) pairs_.erase(pairs_.begin());
  }
  loss_ = found.loss;
  gradient_ = found.gradient;
  converged_ = largest(gradient_) <= options_.gradient_tolerance || moved <= options_.change_tolerance ||
               std::abs(before - loss_) <= options_.change_tolerance;
  return before;
}

std::vector<double> Lbfgs::state() const {
  std::vector<double> all = {static_cast<double>(gradient_.size()), static_cast<double>(pairs_.size()), loss_,
                             static_cast<double>(steps_), converged_ ? 1.0 : 0.0};
  all.insert(all.end(), gradient_.begin(), gradient_.end());
  for (const Pair& pair : pairs_) {
    all.push_back(pair.rho);
    all.insert(all.end(), pair.step.begin(), pair.step.end());
    all.insert(all.end(), pair.change.begin(), pair.change.end());
  }
  return all;
}

void Lbfgs::set_state(std::span<const double> state) {
  const auto fail = [] { throw FormatError("lbfgs state: not what `state` gives"); };
  if (state.size() < 5) fail();
  const double size = state[0];
  const double pairs = state[1];
  if (!(size >= 0 && pairs >= 0 && pairs <= 1000) ||
      5 + size + pairs * (1 + 2 * size) != static_cast<double>(state.size()))
    fail();
  loss_ = state[2];
  steps_ = static_cast<std::int64_t>(state[3]);
  converged_ = state[4] != 0;
  const auto n = static_cast<std::ptrdiff_t>(size);
  const double* at = state.data() + 5;
  gradient_.assign(at, at + n);
  at += n;
  pairs_.clear();
  for (int i = 0; i < static_cast<int>(pairs); ++i, at += 1 + 2 * n) {
    pairs_.push_back({{at + 1, at + 1 + n}, {at + 1 + n, at + 1 + 2 * n}, at[0]});
  }
}

}  // namespace hebb
