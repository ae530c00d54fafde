#include "hebb/attractors.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "hebb/error.hpp"
#include "memory/naive.hpp"

namespace hebb::memory {
namespace {

using naive::State;

std::vector<float> floats(const State& x) { return {x.begin(), x.end()}; }

State numbered(std::int64_t units, std::int64_t number, int down = -1) {
  State x(static_cast<std::size_t>(units));
  for (std::int64_t i = 0; i < units; ++i) x[static_cast<std::size_t>(i)] = (number >> i & 1) != 0 ? 1 : down;
  return x;
}

/// Small networks of every engine, with their oracle.
struct Small {
  std::string name;
  BinaryMemory memory;
  naive::Network network;
  std::vector<State> xi;
};

std::vector<Small> small_networks() {
  std::vector<Small> result;
  const auto add = [&](const std::string& name, std::int64_t units, std::int64_t count,
                       const BinaryOptions& options) {
    std::vector<State> xi = naive::patterns(units, count, naive::Patterns::random, 10 + result.size());
    if (options.rule == Rule::pseudo_inverse) naive::basis_of(xi);
    Small small = {name, BinaryMemory(units, options), naive::Network(xi, options), xi};
    for (const State& pattern : xi) {
      std::vector<float> x = floats(pattern);
      if (options.units == Units::zero_one) {
        for (float& v : x) v = v > 0 ? 1 : 0;
      }
      small.memory.store(x);
    }
    if (options.rule == Rule::pseudo_inverse) {
      small.network.set_weights(naive::projection_weights(xi), 1);
    } else {
      small.network.set_weights(naive::hebb_weights(xi), static_cast<double>(units));
    }
    result.push_back(std::move(small));
  };
  add("hebb 8", 8, 1, {});
  add("hebb 13", 13, 3, {});
  add("hebb 14 crowded", 14, 6, {});
  add("hebb 0/1", 12, 2, {.units = Units::zero_one});
  add("projection", 12, 4, {.rule = Rule::pseudo_inverse});
  add("cube", 12, 5, {.energy = Energy::polynomial, .degree = 3});
  add("exponential", 11, 6, {.energy = Energy::exponential});
  add("biased", 10, 2, {.bias = {0.3f, -0.2f, 0.1f, 0, 0.4f, -0.1f, 0.2f, 0.05f, -0.3f, 0.15f}});
  add("cube 0/1", 11, 4, {.units = Units::zero_one, .energy = Energy::polynomial, .degree = 3});
  // Where patterns are at equal overlaps a unit's field is often exactly zero.
  for (const std::int64_t count : {2, 4, 7, 8})
    add("exponential, even", 10, count, {.energy = Energy::exponential});
  return result;
}

TEST(Census, OfAllStatesIsThatOfEnumeration) {
  for (const Small& small : small_networks()) {
    const std::int64_t units = small.network.units();
    for (const Order order : {Order::fixed, Order::synchronous}) {
      const RecallOptions recall = {.order = order, .max_sweeps = 200};
      // A cycle is named by the one of its states whose bits make the smaller number.
      std::map<State, std::int64_t> hits;
      std::set<State> cycles;
      for (std::int64_t number = 0; number < std::int64_t{1} << units; ++number) {
        const std::vector<State> path =
            small.network.run(numbered(units, number, small.network.down()), recall);
        State end = path.back();
        const State& before = path[path.size() - 2];
        if (before != end) {
          const bool smaller =
              std::lexicographical_compare(before.rbegin(), before.rend(), end.rbegin(), end.rend());
          end = smaller ? before : end;
          cycles.insert(end);
        }
        ++hits[end];
      }
      const Census census =
          memory::census(small.memory, {.exhaustive = true, .recall = recall, .depths = 1000});
      ASSERT_EQ(census.attractors.size(), hits.size()) << small.name;
      EXPECT_EQ(census.unsettled, 0);
      for (const Attractor& attractor : census.attractors) {
        const State state(attractor.state.begin(), attractor.state.end());
        ASSERT_TRUE(hits.contains(state)) << small.name;
        EXPECT_EQ(attractor.hits, hits[state]);
        EXPECT_DOUBLE_EQ(attractor.share,
                         static_cast<double>(hits[state]) / static_cast<double>(census.starts));
        EXPECT_EQ(attractor.label.kind == AttractorKind::two_cycle, cycles.contains(state));
        EXPECT_NEAR(*attractor.energy, small.network.energy(state), 1e-9);
      }
    }
  }
}

TEST(Depth, IsThatOfEnumeratingOneAndTwoFlips) {
  for (const Small& small : small_networks()) {
    std::int64_t metastable = 0;
    for (const Attractor& attractor : census(small.memory, {.exhaustive = true, .depths = 1000}).attractors) {
      const State state(attractor.state.begin(), attractor.state.end());
      const double here = small.network.energy(state);
      const auto flipped = [&](State x, std::size_t i) {
        x[i] = x[i] == 1 ? small.network.down() : 1;
        return x;
      };
      double single = INFINITY;
      double pair = INFINITY;
      for (std::size_t i = 0; i < state.size(); ++i) {
        single = std::min(single, small.network.energy(flipped(state, i)) - here);
        for (std::size_t j = 0; j < i; ++j)
          pair = std::min(pair, small.network.energy(flipped(flipped(state, i), j)) - here);
      }
      ASSERT_TRUE(attractor.depth.has_value());
      EXPECT_NEAR(attractor.depth->single, single, 1e-9) << small.name;
      EXPECT_NEAR(attractor.depth->pair, pair, 1e-9) << small.name;
      EXPECT_GE(attractor.depth->single, 0) << small.name;
      EXPECT_EQ(attractor.depth->is_stable(), std::min(single, pair) > 1e-9) << small.name;
      metastable += attractor.depth->is_stable() ? 0 : 1;
    }
    if (small.name == "hebb 14 crowded") {
      EXPECT_GT(metastable, 0);
    }
  }
}

/// The name of a state by the definition: the nearest pattern or inverse, else the nearest majority of 3, 5
/// or 7 of any patterns with any signs.
AttractorKind naive_kind(const State& state, const std::vector<State>& xi) {
  const auto likeness = [&](const State& other) {
    double sum = 0;
    for (std::size_t i = 0; i < state.size(); ++i) sum += state[i] * other[i];
    return sum / static_cast<double>(state.size());
  };
  for (const State& pattern : xi) {
    if (likeness(pattern) >= 0.9) return AttractorKind::pattern;
    if (likeness(pattern) <= -0.9) return AttractorKind::inverse;
  }
  const std::size_t p = xi.size();
  std::size_t combinations = 1;
  for (std::size_t k = 0; k < p; ++k) combinations *= 3;
  for (std::size_t code = 0; code < combinations; ++code) {
    std::size_t members = 0;
    State sum(state.size());
    for (std::size_t k = 0, rest = code; k < p; ++k, rest /= 3) {
      const int sign = static_cast<int>(rest % 3) - 1;
      members += sign != 0 ? 1 : 0;
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += sign * xi[k][i];
    }
    if (members < 3 || members % 2 == 0) continue;
    for (int& x : sum) x = x > 0 ? 1 : -1;
    if (likeness(sum) >= 0.9) return AttractorKind::mixture;
  }
  return AttractorKind::spin_glass;
}

TEST(Classify, NamesEveryRestingStateAsEnumerationDoes) {
  std::map<AttractorKind, int> seen;
  for (const std::uint64_t seed : {0, 1, 2, 3, 4}) {
    const std::vector<State> xi =
        naive::patterns(15, 3 + static_cast<std::int64_t>(seed), naive::Patterns::random, seed);
    BinaryMemory memory(15);
    for (const State& pattern : xi) memory.store(floats(pattern));
    for (const Attractor& attractor : census(memory, {.exhaustive = true, .depths = 0}).attractors) {
      const State state(attractor.state.begin(), attractor.state.end());
      const AttractorKind expected = naive_kind(state, xi);
      ++seen[expected];
      EXPECT_EQ(attractor.label.kind, expected);
    }
  }
  EXPECT_GT(seen[AttractorKind::pattern], 0);
  EXPECT_GT(seen[AttractorKind::inverse], 0);
  EXPECT_GT(seen[AttractorKind::mixture], 0);
  EXPECT_GT(seen[AttractorKind::spin_glass], 0);
}

TEST(Classify, SaysWhichPatternsAMixtureIsMadeOf) {
  const std::vector<State> xi = naive::patterns(501, 9, naive::Patterns::random, 4);
  BinaryMemory memory(501);
  for (const State& pattern : xi) memory.store(floats(pattern));
  for (const std::vector<std::size_t>& members : {std::vector<std::size_t>{1, 4, 7}, {0, 2, 3, 5, 8}}) {
    State state(501);
    for (std::size_t i = 0; i < state.size(); ++i) {
      int sum = 0;
      for (const std::size_t p : members) sum += p == 4 ? -xi[p][i] : xi[p][i];
      state[i] = sum > 0 ? 1 : -1;
    }
    const Label label = classify(memory, floats(state));
    EXPECT_EQ(label.kind, AttractorKind::mixture);
    EXPECT_EQ(std::set<std::int64_t>(label.patterns.begin(), label.patterns.end()),
              std::set<std::int64_t>(members.begin(), members.end()));
    EXPECT_EQ(label.overlap, 1);
  }
}

// Basins under a fixed order are sets: the share of cues at a distance that lie in one is counted.
TEST(Basin, RecallProbabilityIsThatOfEnumeration) {
  for (const Small& small : small_networks()) {
    if (small.memory.options().units == Units::zero_one) continue;  // patterns are given as +-1 below
    const std::int64_t units = small.network.units();
    std::vector<std::int64_t> inside(static_cast<std::size_t>(units) + 1);
    std::vector<std::int64_t> all(static_cast<std::size_t>(units) + 1);
    for (std::int64_t number = 0; number < std::int64_t{1} << units; ++number) {
      const State start = numbered(units, number);
      std::size_t distance = 0;
      for (std::size_t i = 0; i < start.size(); ++i) distance += start[i] != small.xi[0][i] ? 1 : 0;
      ++all[distance];
      inside[distance] +=
          small.network.run(start, {.order = Order::fixed, .max_sweeps = 200}).back() == small.xi[0];
    }
    BasinOptions options = {.flips = {}, .trials = 1000, .pattern = 0, .recall = {.order = Order::fixed}};
    for (std::int64_t k = 0; k <= units; ++k)
      options.flips.push_back(static_cast<double>(k) / static_cast<double>(units));
    const std::vector<BasinPoint> points = basin(small.memory, options);
    for (std::size_t k = 0; k < points.size(); ++k) {
      const double p = static_cast<double>(inside[k]) / static_cast<double>(all[k]);
      EXPECT_NEAR(points[k].exact, p, 4 * std::sqrt(p * (1 - p) / 1000)) << small.name << " " << k;
      EXPECT_LE(points[k].exact_interval.low, points[k].exact);
      EXPECT_GE(points[k].exact_interval.high, points[k].exact);
    }
  }
}

TEST(Basin, EndsEarlyWithWhatItHas) {
  BinaryMemory memory(40);
  for (const State& pattern : naive::patterns(40, 3, naive::Patterns::random, 5))
    memory.store(floats(pattern));
  BasinOptions options = {.flips = {0.1, 0.3, 0.4}, .trials = 100};
  const std::vector<BasinPoint> whole = basin(memory, options);
  std::vector<std::int64_t> calls;
  options.progress = [&](std::int64_t done, std::int64_t cues) {
    EXPECT_EQ(cues, 300);
    calls.push_back(done);
    return done < 150;
  };
  const std::vector<BasinPoint> part = basin(memory, options);
  ASSERT_EQ(part.size(), 2U);
  EXPECT_EQ(part[0].mean_overlap, whole[0].mean_overlap);
  EXPECT_EQ(part[0].trials, 100);
  EXPECT_LT(part[1].trials, 100);
  EXPECT_EQ(part[0].trials + part[1].trials, calls.back());
  // The second share's trials are the first of those that a shorter measurement makes.
  options.progress = {};
  options.flips = {0.3};
  options.trials = part[1].trials;
  EXPECT_EQ(basin(memory, options).front().mean_overlap, part[1].mean_overlap);
}

TEST(Census, OfRandomStartsEstimatesShares) {
  const std::vector<State> xi = naive::patterns(14, 2, naive::Patterns::random, 3);
  BinaryMemory memory(14);
  for (const State& pattern : xi) memory.store(floats(pattern));
  const RecallOptions fixed = {.order = Order::fixed, .seed = 7};
  const Census exact = census(memory, {.exhaustive = true, .recall = fixed});
  const Census sampled = census(memory, {.starts = 4000, .recall = fixed});
  std::map<std::vector<float>, double> shares;
  for (const Attractor& attractor : exact.attractors) shares[attractor.state] = attractor.share;
  int outside = 0;
  for (const Attractor& attractor : sampled.attractors) {
    ASSERT_TRUE(shares.contains(attractor.state));
    const double share = shares[attractor.state];
    outside += share < attractor.share_interval.low || share > attractor.share_interval.high ? 1 : 0;
  }
  EXPECT_LE(outside, 1 + static_cast<int>(sampled.attractors.size()) / 10);
  std::int64_t calls = 0;
  const Census part = census(
      memory,
      {.starts = 4000, .recall = fixed, .progress = [&](std::int64_t, std::int64_t) { return ++calls < 2; }});
  EXPECT_EQ(part.starts, 512);
}

TEST(Census, RefusesWhatItCannotDo) {
  BinaryMemory memory(30);
  EXPECT_THROW(census(memory), ConfigError);
  memory.store(std::vector<float>(30, 1));
  EXPECT_THROW(census(memory, {.exhaustive = true}), ConfigError);
  EXPECT_THROW(census(memory, {.starts = 0}), ConfigError);
  EXPECT_THROW(basin(memory, {.flips = {1.5}}), ConfigError);
  EXPECT_THROW(basin(memory, {.pattern = 1}), ShapeError);
}

// Values of scipy.stats: t.ppf(0.975, [1, 2, 11, 99]) and statsmodels' proportion_confint(...,
// method="wilson").
TEST(Statistics, IntervalsAreThoseOfTheTables) {
  const auto half_width = [](std::vector<double> values) {
    const Interval interval = mean_interval(values);
    double squares = 0;
    double mean = 0;
    for (const double v : values) mean += v / static_cast<double>(values.size());
    for (const double v : values) squares += (v - mean) * (v - mean);
    const auto n = static_cast<double>(values.size());
    return (interval.high - interval.low) / 2 / std::sqrt(squares / (n - 1) / n);
  };
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) {
    values.push_back(i * i % 17);
    const std::map<int, double> quantiles = {
        {1, 12.7062047364}, {2, 4.3026527297}, {11, 2.2009851601}, {99, 1.9842169516}};
    if (const auto known = quantiles.find(i); known != quantiles.end()) {
      EXPECT_NEAR(half_width(values), known->second, 1e-8);
    }
  }
  const Interval wilson = wilson_interval(8, 10);
  EXPECT_NEAR(wilson.low, 0.4901624, 1e-6);
  EXPECT_NEAR(wilson.high, 0.9433178, 1e-6);
  EXPECT_EQ(wilson_interval(0, 10).low, 0);
  EXPECT_EQ(wilson_interval(10, 10).high, 1);
}

}  // namespace
}  // namespace hebb::memory
