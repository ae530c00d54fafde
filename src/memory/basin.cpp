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

/// Recalls cues with a share of their bits inverted, and notes the overlap with its pattern that each ends
/// with.
class Basin {
 public:
  Basin(const BinaryMemory& memory, const BasinOptions& options)
      : inside_(memory.inside()), options_(options) {}

  /// The points, as many as progress let be measured; the last may have fewer trials than asked for.
  std::vector<BasinPoint> run() {
    std::vector<BasinPoint> points;
    for (const double flip : options_.flips) {
      if (ended_) break;
      points.push_back(point_of(flip));
    }
    return points;
  }

 private:
  BasinPoint point_of(double flip) {
    std::vector<double> overlaps;
    constexpr std::int64_t kBatch = 64;  // between which progress is told
    while (!ended_ && static_cast<std::int64_t>(overlaps.size()) < options_.trials) {
      const auto first = static_cast<std::int64_t>(overlaps.size());
      const std::int64_t some = std::min(kBatch, options_.trials - first);
      overlaps.resize(static_cast<std::size_t>(first + some));
      run_batch(flip, first, std::span(overlaps).subspan(static_cast<std::size_t>(first)));
      done_ += some;
      const auto all = options_.trials * static_cast<std::int64_t>(options_.flips.size());
      ended_ = options_.progress && !options_.progress(done_, all);
    }
    return summary(flip, overlaps);
  }

  void run_batch(double flip, std::int64_t first, std::span<double> overlaps) const {
    constexpr std::int64_t kTogether = 4;
    const auto some = static_cast<std::int64_t>(overlaps.size());
    parallel_for((some + kTogether - 1) / kTogether, [&](std::int64_t group) {
      const std::unique_ptr<Walk> walk = inside_.couplings->walk();
      for (std::int64_t k = group * kTogether; k < std::min(some, (group + 1) * kTogether); ++k)
        overlaps[static_cast<std::size_t>(k)] = run_one(*walk, flip, first + k);
    });
  }

  double run_one(Walk& walk, double flip, std::int64_t trial) const {
    const std::int64_t pattern = options_.pattern.value_or(trial % inside_.patterns.size());
    Random random(options_.recall.seed, static_cast<std::uint64_t>(trial));
    RecallOptions recall = options_.recall;
    recall.seed = random_seed(random);
    walk.start(damaged(inside_.patterns.pattern(pattern), flip, random));
    run_dynamics(walk, inside_.values, recall);
    return inside_.overlaps(walk.state())[static_cast<std::size_t>(pattern)];
  }

  BasinPoint summary(double flip, const std::vector<double>& overlaps) const {
    const auto trials = static_cast<std::int64_t>(overlaps.size());
    const auto reached = [&](double least) {
      return std::count_if(overlaps.begin(), overlaps.end(), [&](double m) { return m >= least; });
    };
    const auto share = [&](std::int64_t count) {
      return static_cast<double>(count) / static_cast<double>(trials);
    };
    BasinPoint point;
    point.flip = flip;
    point.trials = trials;
    point.recalled = share(reached(options_.threshold));
    point.recalled_interval = wilson_interval(reached(options_.threshold), trials);
    point.exact = share(reached(1));
    point.exact_interval = wilson_interval(reached(1), trials);
    point.mean_overlap = std::accumulate(overlaps.begin(), overlaps.end(), 0.0) / static_cast<double>(trials);
    return point;
  }

  const BinaryMemory::Inside& inside_;
  const BasinOptions& options_;
  std::int64_t done_ = 0;  ///< cues, of all shares
  bool ended_ = false;     ///< by progress
};

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
  return Basin(memory, options).run();
}

}  // namespace hebb::memory
