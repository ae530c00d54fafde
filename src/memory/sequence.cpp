#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "hebb/sequence_memory.hpp"
#include "memory/batch.hpp"
#include "memory/sign_patterns.hpp"

namespace hebb::memory {

namespace {

constexpr double kLongestDelay = 10000;

using Signs = std::vector<std::int8_t>;

void check_options(const SequenceOptions& options) {
  const std::string got = "; got " + std::to_string(options.delay);
  if (!(options.strength >= 0) || !std::isfinite(options.strength))
    throw ConfigError("strength must be a number of 0 or more; got " + std::to_string(options.strength));
  if (!(options.delay >= 1 && options.delay <= kLongestDelay))
    throw ConfigError("delay must be 1 to 10000 sweeps" + got);
  if (options.kind != Delay::exponential && options.delay != std::floor(options.delay))
    throw ConfigError("a fixed delay or a window is a whole number of sweeps" + got);
}

void check_options(const RecallOptions& options) {
  if (options.order == Order::greedy)
    throw ConfigError("a sequence has no energy to be greedy for; expected another order");
  if (!options.temperatures.empty()) throw ConfigError("a sequence is played without temperatures");
  if (options.max_sweeps < 1)
    throw ConfigError("max_sweeps must be at least 1; got " + std::to_string(options.max_sweeps));
}

Signs checked_signs(std::span<const float> state, std::int64_t units) {
  checked_state(state, units);
  Signs signs;
  signs.reserve(state.size());
  for (const float value : state) {
    if (value != 1 && value != -1)
      throw DataError("the state's value of unit " + std::to_string(signs.size()) + " is " +
                      std::to_string(value) + "; expected -1 or 1");
    signs.push_back(value > 0 ? 1 : -1);
  }
  return signs;
}

/// The states of the past, as the slow synapses know them.
class PastStates {
 public:
  PastStates(const SequenceOptions& options, std::size_t units) : options_(options), trace_(units) {
    if (options.kind != Delay::exponential)
      kept_.resize(static_cast<std::size_t>(options.delay), Signs(units));
  }

  /// The trace for the sweep that comes next.
  std::span<const double> trace() const { return trace_; }

  void add(const Signs& state) {
    if (options_.kind == Delay::exponential) {
      const double keep = std::exp(-1 / options_.delay);
      for (std::size_t i = 0; i < trace_.size(); ++i)
        trace_[i] = keep * trace_[i] + (1 - keep) * static_cast<double>(state[i]);
      return;
    }
    Signs& oldest = kept_[static_cast<std::size_t>(added_++) % kept_.size()];
    if (options_.kind == Delay::window) {
      sum_.resize(trace_.size());
      for (std::size_t i = 0; i < trace_.size(); ++i) {
        sum_[i] += state[i] - oldest[i];
        trace_[i] = static_cast<double>(sum_[i]) / options_.delay;
      }
    }
    oldest = state;
    if (options_.kind == Delay::fixed) {
      const Signs& delayed = kept_[static_cast<std::size_t>(added_) % kept_.size()];
      std::copy(delayed.begin(), delayed.end(), trace_.begin());
    }
  }

 private:
  const SequenceOptions& options_;
  std::vector<double> trace_;
  std::vector<Signs> kept_;  ///< the last tau states, as a ring
  std::vector<int> sum_;     ///< of them
  std::int64_t added_ = 0;
};

/// A state whose sums over the patterns are kept, so that a field costs one operation a pattern.
class PlayedState {
 public:
  PlayedState(const SignPatterns& patterns, Signs state)
      : count_(static_cast<std::size_t>(patterns.size())),
        units_(static_cast<double>(patterns.units())),
        state_(std::move(state)),
        by_unit_(state_.size() * count_),
        sums_(count_) {
    for (std::size_t mu = 0; mu < count_; ++mu) {
      const auto xi = patterns.row(static_cast<std::int64_t>(mu));
      for (std::size_t i = 0; i < state_.size(); ++i) {
        by_unit_[i * count_ + mu] = xi[i];
        sums_[mu] += xi[i] * state_[i];
      }
    }
  }

  const Signs& signs() const { return state_; }
  /// sum_j J_ij s_j.
  double fast_field(std::size_t i) const {
    const std::int8_t* xi = &by_unit_[i * count_];
    std::int64_t sum = -static_cast<std::int64_t>(count_) * state_[i];
    for (std::size_t mu = 0; mu < count_; ++mu) sum += static_cast<std::int64_t>(xi[mu]) * sums_[mu];
    return static_cast<double>(sum) / units_;
  }
  void flip(std::size_t i) {
    state_[i] = static_cast<std::int8_t>(-state_[i]);
    for (std::size_t mu = 0; mu < count_; ++mu) sums_[mu] += 2 * by_unit_[i * count_ + mu] * state_[i];
  }
  std::vector<double> overlaps() const {
    std::vector<double> result;
    for (const std::int32_t sum : sums_) result.push_back(static_cast<double>(sum) / units_);
    return result;
  }

 private:
  std::size_t count_;
  double units_;
  Signs state_;
  std::vector<std::int8_t> by_unit_;  ///< [units, patterns]
  std::vector<std::int32_t> sums_;    ///< sum_i xi^mu_i s_i
};

}  // namespace

class SequenceMemory::Inside {
 public:
  Inside(std::int64_t units, const SequenceOptions& given) : patterns(units), options(given) {
    check_options(options);
  }

  /// lambda sum_j K_ij s'_j.
  std::vector<double> slow_fields(std::span<const double> trace) const {
    const auto n = static_cast<std::size_t>(patterns.units());
    std::vector<double> sums(static_cast<std::size_t>(patterns.size())), fields(n);
    patterns.sums(trace, sums);
    // The sum over a pattern calls the one behind it.
    std::rotate(sums.begin(), sums.end() - 1, sums.end());
    if (!options.cyclic) sums.front() = 0;
    patterns.superpose(sums, fields);
    for (std::int64_t mu = 0; mu < patterns.size(); ++mu) {
      if (mu == 0 && !options.cyclic) continue;
      const auto xi = patterns.row(mu);
      const auto before = patterns.row((mu + patterns.size() - 1) % patterns.size());
      for (std::size_t i = 0; i < n; ++i) fields[i] -= static_cast<double>(xi[i] * before[i]) * trace[i];
    }
    for (double& field : fields) field *= options.strength / static_cast<double>(n);
    return fields;
  }

  /// Whether no unit wants to leave a state that has lasted for ever.
  bool rests(const PlayedState& state) const {
    const Signs& signs = state.signs();
    const std::vector<double> slow = slow_fields(std::vector<double>(signs.begin(), signs.end()));
    for (std::size_t i = 0; i < slow.size(); ++i) {
      if ((state.fast_field(i) + slow[i]) * static_cast<double>(signs[i]) < 0) return false;
    }
    return true;
  }

  SignPatterns patterns;
  SequenceOptions options;
};

namespace {

/// One sweep; returns how many units changed.
std::int64_t sweep(PlayedState& state, std::span<const double> slow, const std::vector<std::int32_t>& order,
                   bool all_at_once) {
  std::vector<std::size_t> leaving;
  std::int64_t flips = 0;
  for (const std::int32_t unit : order) {
    const auto i = static_cast<std::size_t>(unit);
    if ((state.fast_field(i) + slow[i]) * static_cast<double>(state.signs()[i]) >= 0) continue;
    ++flips;
    if (all_at_once) {
      leaving.push_back(i);
    } else {
      state.flip(i);
    }
  }
  for (const std::size_t i : leaving) state.flip(i);
  return flips;
}

}  // namespace

SequenceMemory::SequenceMemory(std::int64_t units, const SequenceOptions& options)
    : inside_(std::make_unique<Inside>(units, options)) {}
SequenceMemory::~SequenceMemory() = default;
SequenceMemory::SequenceMemory(SequenceMemory&&) noexcept = default;
SequenceMemory& SequenceMemory::operator=(SequenceMemory&&) noexcept = default;

const SequenceOptions& SequenceMemory::options() const { return inside_->options; }
std::int64_t SequenceMemory::units() const { return inside_->patterns.units(); }
std::int64_t SequenceMemory::size() const { return inside_->patterns.size(); }
std::vector<float> SequenceMemory::pattern(std::int64_t index) const {
  return inside_->patterns.values(index);
}
void SequenceMemory::store(std::span<const float> pattern) { inside_->patterns.append(pattern); }
void SequenceMemory::forget(std::int64_t index) { inside_->patterns.remove(index); }

std::optional<double> SequenceMemory::energy(std::span<const float> state) const {
  checked_signs(state, units());
  return std::nullopt;
}

std::vector<float> SequenceMemory::field(std::span<const float> state) const {
  const Signs signs = checked_signs(state, units());
  if (size() == 0) return std::vector<float>(signs.size());
  const std::vector<double> slow = inside_->slow_fields(std::vector<double>(signs.begin(), signs.end()));
  const PlayedState played(inside_->patterns, signs);
  std::vector<float> result;
  for (std::size_t i = 0; i < slow.size(); ++i)
    result.push_back(static_cast<float>(played.fast_field(i) + slow[i]));
  return result;
}

std::vector<double> SequenceMemory::overlaps(std::span<const float> state) const {
  return PlayedState(inside_->patterns, checked_signs(state, units())).overlaps();
}

Recall SequenceMemory::recall(std::span<const float> cue, const RecallOptions& options) const {
  check_options(options);
  if (size() == 0) throw ConfigError("nothing is stored that could be recalled");
  PlayedState state(inside_->patterns, checked_signs(cue, units()));
  PastStates past(inside_->options, cue.size());
  Random random(options.seed);
  std::vector<std::int32_t> order(cue.size());
  std::iota(order.begin(), order.end(), 0);
  // A fixed delay or a window knows nothing but the state after so many quiet sweeps, and one more with that
  // shows that it stays. An exponential trace goes straight from what it is to the state: what rests at both
  // ends rests all the way.
  const bool exponential = inside_->options.kind == Delay::exponential;
  const double needed = exponential ? 1 : inside_->options.delay + 1;
  Recall result;
  if (options.trace) result.trace.push_back({0, 0, std::nullopt, state.overlaps()});
  for (double quiet = 0; result.sweeps < options.max_sweeps && !result.converged();) {
    past.add(state.signs());
    if (options.order == Order::random) order = random.permutation(static_cast<std::int32_t>(cue.size()));
    const bool at_once = options.order == Order::synchronous;
    const std::int64_t flips = sweep(state, inside_->slow_fields(past.trace()), order, at_once);
    ++result.sweeps;
    result.flips += flips;
    if (options.trace) result.trace.push_back({result.sweeps, flips, std::nullopt, state.overlaps()});
    quiet = flips == 0 ? quiet + 1 : 0;
    if (quiet >= needed && (!exponential || inside_->rests(state))) result.ending = Ending::fixed_point;
  }
  result.state.assign(state.signs().begin(), state.signs().end());
  return result;
}

std::vector<Recall> SequenceMemory::recall_batch(std::span<const float> cues,
                                                 const RecallOptions& options) const {
  return recall_in_parallel(*this, cues, options, [&](std::span<const float> cue) {
    check_options(options);
    if (size() == 0) throw ConfigError("nothing is stored that could be recalled");
    checked_signs(cue, units());
  });
}

std::vector<Visit> visits(std::span<const TracePoint> trace) {
  std::vector<Visit> result;
  std::int64_t shown = -1;
  for (const TracePoint& point : trace) {
    const auto largest = std::max_element(point.overlaps.begin(), point.overlaps.end());
    const bool any = largest != point.overlaps.end() && *largest > 0.5;
    const std::int64_t now = any ? largest - point.overlaps.begin() : -1;
    if (now >= 0 && now != shown) result.push_back({now, point.sweep, 0});
    if (now >= 0) ++result.back().sweeps;
    shown = now;
  }
  return result;
}

double expected_dwell(const SequenceOptions& options) {
  check_options(options);
  if (options.strength <= 1) return std::numeric_limits<double>::infinity();
  switch (options.kind) {
    case Delay::fixed: return options.delay;
    case Delay::window: return options.delay / 2 * (1 + 1 / options.strength);
    case Delay::exponential: return options.delay * (std::log(2) - std::log(1 - 1 / options.strength));
  }
  return 0;
}

}  // namespace hebb::memory
