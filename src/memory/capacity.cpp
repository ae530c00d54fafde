#include "hebb/capacity.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "core/parallel.hpp"
#include "hebb/memory_theory.hpp"
#include "memory/attractors.hpp"

namespace hebb::memory {

namespace {

/// What one set of patterns gave.
struct Trial {
  double overlap = 0;
  bool exact = false;
  std::int64_t stable = 0;  ///< patterns
};

void check(const CapacityOptions& options) {
  const auto require = [](bool holds, const std::string& message) {
    if (!holds) throw ConfigError(message);
  };
  require(!options.patterns.empty(), "a capacity experiment takes at least one number of patterns");
  for (const std::int64_t patterns : options.patterns)
    require(patterns >= 1, "a memory holds at least one pattern; got " + std::to_string(patterns));
  require(options.trials >= 1, "there is at least one trial; got " + std::to_string(options.trials));
  require(options.flip >= 0 && options.flip <= 1,
          "the share of flipped bits is in [0, 1]; got " + std::to_string(options.flip));
  require(options.temperature >= 0 && std::isfinite(options.temperature),
          "the temperature is not negative; got " + std::to_string(options.temperature));
  require(options.max_sweeps >= 1 && options.relaxing_sweeps >= 0 && options.measured_sweeps >= 1,
          "sweeps are positive");
}

std::int64_t count_stable(const BinaryMemory::Inside& inside) {
  std::atomic<std::int64_t> stable = 0;
  constexpr std::int64_t kTogether = 16;
  const std::int64_t patterns = inside.patterns.size();
  parallel_for((patterns + kTogether - 1) / kTogether, [&](std::int64_t group) {
    const std::unique_ptr<Walk> walk = inside.couplings->walk();
    for (std::int64_t p = group * kTogether; p < std::min(patterns, (group + 1) * kTogether); ++p) {
      walk->start(inside.patterns.pattern(p));
      if (at_rest(*walk)) ++stable;
    }
  });
  return stable;
}

double overlap_with(const BinaryMemory::Inside& inside, const BitVector& state, std::int64_t pattern) {
  return inside.overlaps(state)[static_cast<std::size_t>(pattern)];
}

Trial run_trial(const CapacityOptions& options, std::int64_t patterns, std::uint64_t number) {
  Random random(options.seed, number);
  BinaryMemory memory(options.units, options.memory);
  BinaryMemory::Inside& inside = memory.inside();
  std::vector<BitVector> drawn;
  for (std::int64_t p = 0; p < patterns; ++p) drawn.push_back(random_bits(options.units, random));
  inside.store(drawn);

  Trial trial;
  trial.stable = count_stable(inside);
  const auto chosen = static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(patterns)));
  const std::uint64_t seed = random_seed(random);
  const std::unique_ptr<Walk> walk = inside.couplings->walk();
  walk->start(damaged(drawn[static_cast<std::size_t>(chosen)], options.flip, random));
  if (options.temperature == 0) {
    run_dynamics(*walk, inside.values,
                 {.order = options.order, .max_sweeps = options.max_sweeps, .seed = seed});
    trial.overlap = overlap_with(inside, walk->state(), chosen);
  } else {
    for (std::int64_t sweep = 0; sweep < options.relaxing_sweeps + options.measured_sweeps; ++sweep) {
      glauber_sweep(*walk, inside.values, options.temperature, seed, sweep);
      if (sweep >= options.relaxing_sweeps)
        trial.overlap +=
            overlap_with(inside, walk->state(), chosen) / static_cast<double>(options.measured_sweeps);
    }
  }
  trial.exact = walk->state() == drawn[static_cast<std::size_t>(chosen)];
  return trial;
}

Interval wider(const Interval& a, const Interval& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

CapacityPoint summary(const CapacityOptions& options, std::int64_t patterns,
                      const std::vector<Trial>& trials) {
  const auto count = static_cast<std::int64_t>(trials.size());
  CapacityPoint point;
  point.load = static_cast<double>(patterns) / static_cast<double>(options.units);
  point.patterns = patterns;
  point.trials = count;
  std::vector<double> overlaps;
  std::vector<double> stable_shares;
  std::int64_t exact = 0;
  std::int64_t stable = 0;
  for (const Trial& trial : trials) {
    overlaps.push_back(trial.overlap);
    stable_shares.push_back(static_cast<double>(trial.stable) / static_cast<double>(patterns));
    exact += trial.exact ? 1 : 0;
    stable += trial.stable;
  }
  const auto limited = [](Interval interval, double low) {
    return Interval{std::max(interval.low, low), std::min(interval.high, 1.0)};
  };
  point.mean_overlap = std::accumulate(overlaps.begin(), overlaps.end(), 0.0) / static_cast<double>(count);
  point.mean_overlap_interval = limited(mean_interval(overlaps), -1);
  point.stable_fraction = static_cast<double>(stable) / static_cast<double>(count * patterns);
  point.stable_fraction_interval = wilson_interval(stable, count * patterns);
  if (count > 1)
    point.stable_fraction_interval =
        wider(point.stable_fraction_interval, limited(mean_interval(stable_shares), 0));
  point.exact_recall_fraction = static_cast<double>(exact) / static_cast<double>(count);
  point.exact_recall_fraction_interval = wilson_interval(exact, count);
  const BinaryOptions& memory = options.memory;
  const bool has_theory = memory.rule == Rule::hebb && memory.energy == Energy::quadratic &&
                          memory.units == Units::plus_minus_one && memory.bias.empty() &&
                          memory.dilution == 0;
  if (has_theory) {
    const std::optional<theory::ReplicaState> state = theory::retrieval(point.load, options.temperature);
    point.theory_overlap = state ? state->overlap : 0;
  }
  return point;
}

}  // namespace

std::vector<CapacityPoint> capacity(const CapacityOptions& options) {
  check(options);
  std::vector<CapacityPoint> result;
  const std::int64_t all = options.trials * static_cast<std::int64_t>(options.patterns.size());
  std::int64_t done = 0;
  for (const std::int64_t patterns : options.patterns) {
    std::vector<Trial> trials;
    bool goes_on = true;
    while (goes_on && static_cast<std::int64_t>(trials.size()) < options.trials) {
      trials.push_back(run_trial(options, patterns, static_cast<std::uint64_t>(done)));
      ++done;
      goes_on = !options.progress || options.progress(done, all);
    }
    result.push_back(summary(options, patterns, trials));
    if (!goes_on) break;
  }
  return result;
}

}  // namespace hebb::memory
