#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.hpp"
#include "memory/attractors.hpp"

namespace hebb::memory {

namespace {

void check(const BinaryMemory& memory, const BasinOptions& options) {
  memory.inside().check(options.recall);
  if (options.trials < 1)
    throw ConfigError("a basin takes at least one trial; got " + std::to_string(options.trials));
  if (options.pattern && (*options.pattern < 0 || *options.pattern >= memory.size()))
    throw ShapeError("there is no pattern " + std::to_string(*options.pattern) + "; " +
                     std::to_string(memory.size()) + " are stored");
  for (const double flip : options.flips) {
    if (!(flip >= 0 && flip <= 1))
      throw ConfigError("the share of flipped bits is in [0, 1]; got " + std::to_string(flip));
  }
}

/// The overlap with its pattern that each trial ends with.
std::vector<double> final_overlaps(const BinaryMemory& memory, const BasinOptions& options, double flip) {
  const BinaryMemory::Inside& inside = memory.inside();
  std::vector<double> overlaps(static_cast<std::size_t>(options.trials));
  constexpr std::int64_t kTogether = 16;
  parallel_for((options.trials + kTogether - 1) / kTogether, [&](std::int64_t group) {
    const std::unique_ptr<Walk> walk = inside.couplings->walk();
    for (std::int64_t k = group * kTogether; k < std::min(options.trials, (group + 1) * kTogether); ++k) {
      const std::int64_t pattern = options.pattern.value_or(k % memory.size());
      Random random(options.recall.seed, static_cast<std::uint64_t>(k));
      RecallOptions recall = options.recall;
      recall.seed = random_seed(random);
      walk->start(damaged(inside.patterns.pattern(pattern), flip, random));
      run_dynamics(*walk, inside.values, recall);
      overlaps[static_cast<std::size_t>(k)] =
          inside.overlaps(walk->state())[static_cast<std::size_t>(pattern)];
    }
  });
  return overlaps;
}

}  // namespace

BitVector damaged(const BitVector& pattern, double flip, Random& random) {
  BitVector result = pattern;
  const auto units = static_cast<std::uint32_t>(pattern.size());
  const auto flips = static_cast<std::uint32_t>(std::llround(flip * static_cast<double>(pattern.size())));
  // The first of a random order (Fisher-Yates, as far as needed).
  std::vector<std::uint32_t> order(units);
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint32_t k = 0; k < flips; ++k) {
    std::swap(order[k], order[k + random.below(units - k)]);
    result.flip(order[k]);
  }
  return result;
}

std::vector<BasinPoint> basin(const BinaryMemory& memory, const BasinOptions& options) {
  check(memory, options);
  std::vector<BasinPoint> result;
  for (const double flip : options.flips) {
    const std::vector<double> overlaps = final_overlaps(memory, options, flip);
    const auto reached = [&](double least) {
      return std::count_if(overlaps.begin(), overlaps.end(), [&](double m) { return m >= least; });
    };
    const auto trials = static_cast<double>(options.trials);
    BasinPoint point;
    point.flip = flip;
    point.trials = options.trials;
    point.recalled = static_cast<double>(reached(options.threshold)) / trials;
    point.recalled_interval = wilson_interval(reached(options.threshold), options.trials);
    point.exact = static_cast<double>(reached(1)) / trials;
    point.exact_interval = wilson_interval(reached(1), options.trials);
    point.mean_overlap = std::accumulate(overlaps.begin(), overlaps.end(), 0.0) / trials;
    result.push_back(point);
  }
  return result;
}

}  // namespace hebb::memory
