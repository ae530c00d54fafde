#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "hebb/modern_memory.hpp"
#include "kernels/attention.hpp"

namespace hebb::memory {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<float>::max();

double squared_length(std::span<const float> x) {
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v) * static_cast<double>(v);
  return sum;
}

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(sum);
}

float largest_magnitude(std::span<const float> x) {
  float largest = 0;
  for (const float v : x) largest = std::max(largest, std::abs(v));
  return largest;
}

/// log(sum of exp) of terms that come one after the other.
class LogSum {
 public:
  void add(double term) {
    constexpr double kNothing = 60;  // exp(-60) times a thousand million is below the rounding of 1
    if (term <= largest_ - kNothing) return;
    if (term <= largest_) {
      sum_ += std::exp(term - largest_);
    } else {
      sum_ = sum_ * std::exp(largest_ - term) + 1;
      largest_ = term;
    }
  }
  double value() const { return largest_ + std::log(sum_); }

 private:
  double largest_ = -std::numeric_limits<double>::max();
  double sum_ = 0;
};

AttentionProblem problem_of(std::int64_t queries, std::int64_t keys, std::int64_t width) {
  AttentionProblem p;
  p.queries = queries;
  p.keys = keys;
  p.width = p.value_width = p.query_stride = p.key_stride = p.value_stride = p.result_stride = width;
  return p;
}

std::vector<double> in_double(std::span<const float> x) { return {x.begin(), x.end()}; }

}  // namespace

ModernMemory::ModernMemory(std::int64_t units, const ModernOptions& options)
    : units_(units), options_(options) {
  if (units < 1 || units >= std::int64_t{1} << 24)
    throw ConfigError("a memory has from 1 to 2^24 - 1 units; got " + std::to_string(units));
  if (!(options.beta >= std::numeric_limits<float>::min() && options.beta <= kLargest))
    throw ConfigError("beta must be positive and finite; got " + std::to_string(options.beta));
  if (!(options.tolerance >= 0 && options.tolerance <= kLargest))
    throw ConfigError("the tolerance must not be negative nor infinite; got " +
                      std::to_string(options.tolerance));
}

// ---- patterns ---------------------------------------------------------------------------------------------

/// Lengths are kept within the square root of what f32 holds: then no product of two of them overflows.
void ModernMemory::require_states(std::span<const float> states) const {
  const auto size = static_cast<std::size_t>(units_);
  if (states.size() % size != 0 || states.empty())
    throw ShapeError("expected vectors of " + std::to_string(units_) + " units, got " +
                     std::to_string(states.size()) + " values");
  for (std::size_t at = 0; at < states.size(); at += size) {
    if (squared_length(states.subspan(at, size)) <= kLargest) continue;
    const std::string which = states.size() == size ? "" : " in vector " + std::to_string(at / size);
    throw DataError("expected finite values, the sum of whose squares is less than 3.4e38, got others" +
                    which);
  }
}

void ModernMemory::require_state(std::span<const float> state) const {
  if (state.size() != static_cast<std::size_t>(units_))
    throw ShapeError("expected a state of " + std::to_string(units_) + " units, got " +
                     std::to_string(state.size()) + " values");
  require_states(state);
}

void ModernMemory::require_number(std::int64_t index) const {
  if (index >= 0 && index < size()) return;
  throw ShapeError("there is no pattern " + std::to_string(index) + " among " + std::to_string(size()));
}

void ModernMemory::require_active(std::int64_t index) const {
  require_number(index);
  if (!is_active(index)) throw ConfigError("pattern " + std::to_string(index) + " is not active");
}

std::span<const float> ModernMemory::row(std::int64_t index) const {
  return std::span(patterns_).subspan(static_cast<std::size_t>(index * units_),
                                      static_cast<std::size_t>(units_));
}

/// Brings vectors [count, units] to what the options say.
void ModernMemory::normalize(std::span<float> values) const {
  if (options_.normalization == Normalization::none) return;
  const auto size = static_cast<std::size_t>(units_);
  for (std::size_t at = 0; at < values.size(); at += size) {
    const std::span<float> x = values.subspan(at, size);
    double mean = 0;
    double scale = std::sqrt(squared_length(x));
    if (options_.normalization == Normalization::standard) {
      mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(size);
      double sum = 0;
      for (const float v : x) sum += (v - mean) * (v - mean);
      scale = std::sqrt(sum / static_cast<double>(size));
    }
    // The mean of equal values may differ from them by a rounding.
    if (!(scale > 1e-12 * std::abs(mean)))
      throw DataError(options_.normalization == Normalization::unit
                          ? "a vector of zeros cannot be scaled to length 1"
                          : "a vector of equal values cannot be scaled to variance 1");
    for (float& v : x) v = static_cast<float>((v - mean) / scale);
  }
}

std::vector<float> ModernMemory::normalized(std::span<const float> values) const {
  std::vector<float> result(values.begin(), values.end());
  normalize(result);
  return result;
}

std::vector<float> ModernMemory::pattern(std::int64_t index) const {
  require_number(index);
  return {row(index).begin(), row(index).end()};
}

void ModernMemory::store(std::span<const float> pattern) {
  if (pattern.size() != static_cast<std::size_t>(units_))
    throw ShapeError("expected a pattern of " + std::to_string(units_) + " units, got " +
                     std::to_string(pattern.size()) + " values");
  store_all(pattern);
}

void ModernMemory::store_all(std::span<const float> patterns) {
  if (patterns.empty()) return;
  require_states(patterns);
  const std::size_t before = patterns_.size();
  patterns_.insert(patterns_.end(), patterns.begin(), patterns.end());
  try {
    normalize(std::span(patterns_).subspan(before));
  } catch (...) {
    patterns_.resize(before);
    throw;
  }
  for (std::int64_t i = size(); i < static_cast<std::int64_t>(patterns_.size()) / units_; ++i) {
    lengths_.push_back(std::sqrt(squared_length(row(i))));
    largest_.push_back(largest_magnitude(row(i)));
    active_.push_back(1);
  }
}

void ModernMemory::forget(std::int64_t index) {
  require_number(index);
  patterns_.erase(patterns_.begin() + index * units_, patterns_.begin() + (index + 1) * units_);
  lengths_.erase(lengths_.begin() + index);
  largest_.erase(largest_.begin() + index);
  active_.erase(active_.begin() + index);
}

void ModernMemory::set_active(std::int64_t index, bool active) {
  require_number(index);
  active_[static_cast<std::size_t>(index)] = active ? 1 : 0;
}

bool ModernMemory::is_active(std::int64_t index) const {
  require_number(index);
  return active_[static_cast<std::size_t>(index)] != 0;
}

std::int64_t ModernMemory::active_count() const { return std::count(active_.begin(), active_.end(), 1); }

double ModernMemory::longest() const {
  double longest = 0;
  for (std::size_t i = 0; i < lengths_.size(); ++i) longest = std::max(longest, active_[i] * lengths_[i]);
  return longest;
}

// ---- a state among the patterns
// -----------------------------------------------------------------------------

/// The energies of states [count, units], which have been checked.
std::vector<double> ModernMemory::energies(std::span<const float> states) const {
  constexpr std::int64_t kStates = 256;    // to which patterns are compared while they are in the cache
  constexpr std::int64_t kPatterns = 512;  // so many at a time
  const double constant =
      std::log(static_cast<double>(active_count())) / options_.beta + 0.5 * longest() * longest();
  std::vector<double> result;
  for (std::size_t at = 0; at < states.size(); at += static_cast<std::size_t>(kStates * units_)) {
    const auto part =
        states.subspan(at, std::min(states.size() - at, static_cast<std::size_t>(kStates * units_)));
    const auto count = static_cast<std::int64_t>(part.size()) / units_;
    const std::vector<double> queries = in_double(part);
    std::vector<double> similar(static_cast<std::size_t>(count * std::min(kPatterns, size())));
    std::vector<LogSum> sums(static_cast<std::size_t>(count));
    for (std::int64_t first = 0; first < size(); first += kPatterns) {
      const std::int64_t keys = std::min(kPatterns, size() - first);
      similarities(problem_of(count, keys, units_), queries.data(), row(first).data(), similar.data());
      parallel_for(count, [&](std::int64_t q) {
        for (std::int64_t k = 0; k < keys; ++k) {
          if (active_[static_cast<std::size_t>(first + k)] != 0)
            sums[static_cast<std::size_t>(q)].add(options_.beta *
                                                  similar[static_cast<std::size_t>(q * keys + k)]);
        }
      });
    }
    for (std::int64_t q = 0; q < count; ++q) {
      const auto state = part.subspan(static_cast<std::size_t>(q * units_), static_cast<std::size_t>(units_));
      result.push_back(constant + 0.5 * squared_length(state) -
                       sums[static_cast<std::size_t>(q)].value() / options_.beta);
    }
  }
  return result;
}

std::optional<double> ModernMemory::energy(std::span<const float> state) const {
  require_state(state);
  if (active_count() == 0) return std::nullopt;
  return energies(state)[0];
}

std::vector<double> ModernMemory::overlaps(std::span<const float> state) const {
  require_state(state);
  std::vector<double> result(lengths_.size());
  similarities(problem_of(1, size(), units_), in_double(state).data(), patterns_.data(), result.data());
  const double length = std::sqrt(squared_length(state));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double both = length * lengths_[i];
    result[i] = both > 0 ? result[i] / both : 0;
  }
  return result;
}

std::vector<double> ModernMemory::attention(std::span<const float> state) const {
  require_state(state);
  std::vector<double> result(lengths_.size());
  similarities(problem_of(1, size(), units_), in_double(state).data(), patterns_.data(), result.data());
  LogSum sum;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (active_[i] != 0) sum.add(options_.beta * result[i]);
  }
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = active_[i] != 0 ? std::exp(options_.beta * result[i] - sum.value()) : 0;
  return result;
}

std::int64_t ModernMemory::patterns_attended(std::span<const float> state, double share) const {
  if (!(share > 0 && share <= 1))
    throw ConfigError("the share of the weights must be above 0 and at most 1; got " + std::to_string(share));
  std::vector<double> weights = attention(state);
  std::sort(weights.begin(), weights.end(), std::greater<>());
  // Rounding may leave the sum of all below a share of 1.
  const std::int64_t most = active_count();
  double sum = 0;
  std::int64_t count = 0;
  while (count < most && sum < share) sum += weights[static_cast<std::size_t>(count++)];
  return count;
}

std::vector<float> ModernMemory::field(std::span<const float> state) const {
  const std::vector<double> weights = attention(state);
  if (active_count() == 0) throw ConfigError("no pattern is stored and active");
  std::vector<double> sum(state.size());
  for (std::int64_t i = 0; i < size(); ++i) {
    const double weight = weights[static_cast<std::size_t>(i)];
    if (weight == 0) continue;
    const std::span<const float> x = row(i);
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += weight * x[j];
  }
  std::vector<float> result;
  for (std::size_t j = 0; j < sum.size(); ++j) result.push_back(static_cast<float>(sum[j] - state[j]));
  return result;
}

// ---- recall
// ---------------------------------------------------------------------------------------------------

/// One update of each state [count, units].
std::vector<float> ModernMemory::updated(std::span<const float> states) const {
  AttentionProblem p = problem_of(static_cast<std::int64_t>(states.size()) / units_, size(), units_);
  p.beta = static_cast<float>(options_.beta);
  std::vector<float> result(states.size());
  AttentionOperands operands = {states.data(), patterns_.data(), patterns_.data(), result.data()};
  if (active_count() < size()) operands.mask = active_.data();
  hebb::attention(p, operands);
  return result;
}

std::vector<float> ModernMemory::retrieve(std::span<const float> cues) const {
  if (cues.empty()) return {};
  require_states(cues);
  if (active_count() == 0) throw ConfigError("no pattern is stored and active: there is nothing to retrieve");
  return updated(normalized(cues));
}

Recall ModernMemory::recall(std::span<const float> cue, const RecallOptions& options) const {
  require_state(cue);
  return std::move(recall_batch(cue, options)[0]);
}

TracePoint ModernMemory::trace_point(std::int64_t sweep, std::int64_t flips,
                                     std::span<const float> state) const {
  return {sweep, flips, energies(state)[0], overlaps(state)};
}

std::vector<Recall> ModernMemory::recall_batch(std::span<const float> cues,
                                               const RecallOptions& options) const {
  if (cues.empty()) return {};
  require_states(cues);
  if (options.order != Order::random && options.order != Order::synchronous)
    throw ConfigError("a modern memory updates all units at once; it has no other order");
  if (!options.temperatures.empty()) throw ConfigError("a modern memory has beta, and no temperatures");
  if (active_count() == 0) throw ConfigError("no pattern is stored and active: there is nothing to recall");
  float largest = 0;
  for (std::size_t i = 0; i < largest_.size(); ++i) largest = std::max(largest, active_[i] * largest_[i]);
  const double limit = options_.tolerance * largest;

  const auto size = static_cast<std::size_t>(units_);
  std::vector<float> states = normalized(cues);
  const std::vector<double> start = energies(states);
  std::vector<Recall> results(states.size() / size);
  std::vector<std::size_t> moving(results.size());  // which results `states` belong to
  std::iota(moving.begin(), moving.end(), 0);
  for (const std::size_t i : moving) {
    results[i].state.assign(states.begin() + static_cast<std::ptrdiff_t>(i * size),
                            states.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
    results[i].energy_start = start[i];
    if (options.trace) results[i].trace.push_back(trace_point(0, 0, results[i].state));
  }
  for (std::int64_t sweep = 1; sweep <= options.max_sweeps && !moving.empty(); ++sweep) {
    const std::vector<float> next = updated(states);
    std::vector<std::size_t> still;
    states.clear();
    for (std::size_t at = 0; at < moving.size(); ++at) {
      Recall& result = results[moving[at]];
      const std::span<const float> to = std::span(next).subspan(at * size, size);
      std::int64_t flips = 0;
      for (std::size_t j = 0; j < size; ++j)
        flips += std::abs(static_cast<double>(to[j]) - result.state[j]) > limit ? 1 : 0;
      result.sweeps = sweep;
      result.flips += flips;
      if (flips == 0) {
        result.ending = Ending::fixed_point;
      } else {
        result.state.assign(to.begin(), to.end());
        states.insert(states.end(), to.begin(), to.end());
        still.push_back(moving[at]);
      }
      if (options.trace) result.trace.push_back(trace_point(sweep, flips, result.state));
    }
    moving = std::move(still);
  }
  states.clear();
  for (const Recall& result : results) states.insert(states.end(), result.state.begin(), result.state.end());
  const std::vector<double> end = energies(states);
  for (std::size_t i = 0; i < results.size(); ++i) results[i].energy_end = end[i];
  return results;
}

// ---- what the theorems say
// --------------------------------------------------------------------------------------

double ModernMemory::separation(std::int64_t index) const {
  require_active(index);
  std::vector<double> similar(lengths_.size());
  similarities(problem_of(1, size(), units_), in_double(row(index)).data(), patterns_.data(), similar.data());
  double nearest = -kInfinity;
  for (std::int64_t j = 0; j < size(); ++j) {
    const auto at = static_cast<std::size_t>(j);
    if (j != index && active_[at] != 0) nearest = std::max(nearest, similar[at]);
  }
  return squared_length(row(index)) - nearest;
}

double ModernMemory::sufficient_separation() const {
  const auto n = static_cast<double>(active_count());
  if (n <= 1) return 0;
  const double m = longest();
  return std::max(0.0, (2 / n + std::log(2 * (n - 1) * n * options_.beta * m * m)) / options_.beta);
}

double ModernMemory::storage_error_bound(std::int64_t index) const {
  const double apart = separation(index);
  const auto others = static_cast<double>(active_count() - 1);
  return others == 0 ? 0 : 2 * std::exp(1.0) * others * longest() * std::exp(-options_.beta * apart);
}

double ModernMemory::retrieval_error_bound(std::int64_t index, std::span<const float> cue) const {
  require_state(cue);
  const double apart = separation(index);
  const auto others = static_cast<double>(active_count() - 1);
  if (others == 0) return 0;
  const double m = longest();
  return 2 * others * m * std::exp(-options_.beta * (apart - 2 * distance(cue, row(index)) * m));
}

ModernCapacity modern_capacity(std::int64_t units, double beta, double k, double failure) {
  if (units < 2) throw ConfigError("the theorem takes 2 units or more; got " + std::to_string(units));
  for (const double x : {beta, k}) {
    if (!(x > 0 && x < kInfinity))
      throw ConfigError("beta and K must be positive and finite; got " + std::to_string(x));
  }
  if (!(failure > 0 && failure <= 1))
    throw ConfigError("the probability of failure must be above 0 and at most 1; got " +
                      std::to_string(failure));
  const auto d1 = static_cast<double>(units - 1);
  const double a = 2 / d1 * (1 + std::log(2 * beta * k * k * failure * d1));
  const double b = 2 * k * k * beta / 5;
  // W(exp(t)) is the w with w + log w = t: by Newton's method on a concave function, from below its root.
  const double t = a + std::log(b);
  double w = t > 1 ? t - std::log(t) : std::exp(t - 1);
  for (int i = 0; i < 60; ++i) w = std::max(w * (1 + t - std::log(w)) / (1 + w), 1e-300);
  ModernCapacity result;
  result.base = b / w;
  result.patterns = std::sqrt(failure) * std::pow(result.base, d1 / 4);
  result.proven = result.base >= std::pow(2 / std::sqrt(failure), 4 / d1);
  return result;
}

}  // namespace hebb::memory
