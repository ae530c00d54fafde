#include "memory/dynamics.hpp"

#include <cmath>
#include <numeric>

#include "hebb/random.hpp"

namespace hebb::memory {

namespace {

bool wants_to_change(bool up, double field) { return up ? field < 0 : field > 0; }

/// Orders and thermal noise are drawn from streams of their own.
enum Stream : std::uint64_t { kOrders = 1, kNoise = 2 };
Random stream(std::uint64_t seed, Stream kind, std::int64_t sweep) {
  return Random(seed, 4 * static_cast<std::uint64_t>(sweep) + kind);
}

std::vector<std::int32_t> in_order(std::int64_t units) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(units));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

/// Lines of units soon to be updated are on their way from memory meanwhile.
constexpr std::size_t kAhead = 8;

template <class Decide>
std::int64_t update_in_order(Walk& walk, const std::vector<std::int32_t>& order, const Decide& decide) {
  std::int64_t flips = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (k + kAhead < order.size()) walk.prefetch(order[k + kAhead]);
    const std::int64_t unit = order[k];
    if (decide(walk.state().get(unit), walk.field(unit))) {
      walk.flip(unit);
      ++flips;
    }
  }
  return flips;
}

class Dynamics {
 public:
  Dynamics(Walk& walk, const UnitValues& values, const RecallOptions& options)
      : walk_(walk), values_(values), options_(options) {
    if (options.order == Order::fixed) order_ = in_order(walk.state().size());
    if (options.order == Order::greedy || options.order == Order::synchronous)
      fields_.resize(static_cast<std::size_t>(walk.state().size()));
  }

  /// Flips of a sweep at temperature zero, the number of which all its random numbers are functions of.
  std::int64_t sweep(std::int64_t number) {
    switch (options_.order) {
      case Order::random: order_ = update_order(options_, walk_.state().size(), number); [[fallthrough]];
      case Order::fixed: return update_in_order(walk_, order_, wants_to_change);
      case Order::greedy: return greedy_sweep();
      case Order::synchronous: return synchronous_sweep();
    }
    return 0;
  }

  /// Whether the sweep just done, with flips, brought back the state before the last but one.
  bool is_two_cycle() const { return options_.order == Order::synchronous && two_ago_ == walk_.state(); }

 private:
  /// The unit whose change lowers the energy most, the first of equal ones; -1 if none wants to.
  std::int64_t steepest() {
    walk_.fields(fields_);
    std::int64_t best = -1;
    double most = 0;
    for (std::int64_t i = 0; i < walk_.state().size(); ++i) {
      const bool up = walk_.state().get(i);
      const double gain = fields_[static_cast<std::size_t>(i)] * values_.step(up);
      if (gain > most) {
        most = gain;
        best = i;
      }
    }
    return best;
  }

  std::int64_t greedy_sweep() {
    for (std::int64_t flips = 0; flips < walk_.state().size(); ++flips) {
      const std::int64_t unit = steepest();
      if (unit < 0) return flips;
      walk_.flip(unit);
    }
    return walk_.state().size();
  }

  std::int64_t synchronous_sweep() {
    two_ago_ = std::move(before_);
    before_ = walk_.state();
    walk_.fields(fields_);
    BitVector next = before_;
    std::int64_t flips = 0;
    for (std::int64_t i = 0; i < next.size(); ++i) {
      if (!wants_to_change(next.get(i), fields_[static_cast<std::size_t>(i)])) continue;
      next.flip(i);
      ++flips;
    }
    move_to(next, flips);
    return flips;
  }

  // Few flips are cheaper one by one.
  void move_to(const BitVector& next, std::int64_t flips) {
    if (flips * 8 > next.size()) return walk_.start(next);
    for (std::int64_t i = 0; flips > 0; ++i) {
      if (walk_.state().get(i) == next.get(i)) continue;
      walk_.flip(i);
      --flips;
    }
  }

  Walk& walk_;
  const UnitValues& values_;
  const RecallOptions& options_;
  std::vector<std::int32_t> order_;
  std::vector<double> fields_;
  BitVector before_;
  BitVector two_ago_;
};

}  // namespace

std::vector<std::int32_t> update_order(const RecallOptions& options, std::int64_t units, std::int64_t sweep) {
  if (options.order == Order::fixed) return in_order(units);
  return stream(options.seed, kOrders, sweep).permutation(static_cast<std::int32_t>(units));
}

bool at_rest(Walk& walk) {
  std::vector<double> fields(static_cast<std::size_t>(walk.state().size()));
  walk.fields(fields);
  for (std::int64_t i = 0; i < walk.state().size(); ++i) {
    if (wants_to_change(walk.state().get(i), fields[static_cast<std::size_t>(i)])) return false;
  }
  return true;
}

std::int64_t glauber_sweep(Walk& walk, const UnitValues& values, double temperature, std::uint64_t seed,
                           std::int64_t sweep) {
  Random noise = stream(seed, kNoise, sweep);
  const auto units = static_cast<std::int32_t>(walk.state().size());
  const double distance = std::abs(values.step(true));
  return update_in_order(walk, stream(seed, kOrders, sweep).permutation(units), [&](bool up, double field) {
    const double up_probability = 1 / (1 + std::exp(-field * distance / temperature));
    return (static_cast<double>(noise.uniform()) < up_probability) != up;
  });
}

Run run_dynamics(Walk& walk, const UnitValues& values, const RecallOptions& options,
                 const OnSweep& on_sweep) {
  Dynamics dynamics(walk, values, options);
  Run run;
  const auto count = [&](std::int64_t flips) {
    ++run.sweeps;
    run.flips += flips;
    if (on_sweep) on_sweep(run.sweeps, flips);
  };
  if (on_sweep) on_sweep(0, 0);
  for (const double temperature : options.temperatures)
    count(glauber_sweep(walk, values, temperature, options.seed, run.sweeps + 1));
  const bool one_by_one = options.order == Order::random || options.order == Order::fixed;
  for (std::int64_t sweep = 0; sweep < options.max_sweeps; ++sweep) {
    // A sweep in which nothing would change is found out faster from all fields at once.
    const bool rests = one_by_one && at_rest(walk);
    const std::int64_t flips = rests ? 0 : dynamics.sweep(run.sweeps + 1);
    count(flips);
    if (flips == 0) {
      run.ending = Ending::fixed_point;
      break;
    }
    if (dynamics.is_two_cycle()) {
      run.ending = Ending::two_cycle;
      break;
    }
  }
  return run;
}

}  // namespace hebb::memory
