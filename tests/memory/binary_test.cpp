#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>

#include "hebb/binary_memory.hpp"
#include "hebb/error.hpp"
#include "hebb/threads.hpp"
#include "memory/binary_inside.hpp"
#include "memory/naive.hpp"

namespace hebb::memory {
namespace {

using naive::Patterns;
using naive::State;

std::vector<float> to_units(const State& pattern, Units units) {
  std::vector<float> result;
  for (const int x : pattern)
    result.push_back(units == Units::plus_minus_one || x > 0 ? static_cast<float>(x) : 0.0f);
  return result;
}

State to_state(const std::vector<float>& x) { return {x.begin(), x.end()}; }

/// A rule or an energy; which of the two a case is about.
struct Kind {
  std::string name;
  BinaryOptions options;
};

std::vector<Kind> kinds() {
  return {{"hebb", {}},
          {"pseudo_inverse", {.rule = Rule::pseudo_inverse}},
          {"square", {.energy = Energy::polynomial, .degree = 2}},
          {"cube", {.energy = Energy::polynomial, .degree = 3}},
          {"rectified", {.energy = Energy::rectified_polynomial, .degree = 4}},
          {"exponential", {.energy = Energy::exponential}}};
}

struct Case {
  Kind kind;
  Order order;
  Units units;
  Patterns patterns;
  bool biased;
};

/// Both memories with the same patterns.
struct Pair {
  BinaryMemory memory;
  naive::Network network;
};

Pair build(const Case& test, const std::vector<State>& xi, std::uint64_t seed) {
  BinaryOptions options = test.kind.options;
  options.units = test.units;
  if (test.biased) {
    Random random(seed, 77);
    for (std::size_t i = 0; i < xi[0].size(); ++i) options.bias.push_back(0.3f * random.normal());
  }
  Pair pair = {BinaryMemory(static_cast<std::int64_t>(xi[0].size()), options), naive::Network(xi, options)};
  for (const State& pattern : xi) pair.memory.store(to_units(pattern, test.units));
  if (options.rule == Rule::pseudo_inverse) {
    pair.network.set_weights(naive::projection_weights(xi), 1);
  } else {
    pair.network.set_weights(naive::hebb_weights(xi), static_cast<double>(xi[0].size()));
  }
  return pair;
}

class Trajectories : public testing::TestWithParam<std::tuple<int, Order, Units, Patterns>> {};

TEST_P(Trajectories, AreThoseOfTheDefinition) {
  const auto& [kind, order, units, pattern_kind] = GetParam();
  const Case test = {kinds()[static_cast<std::size_t>(kind)], order, units, pattern_kind, false};
  std::uint64_t seed = 1;
  for (const std::int64_t size : {1, 2, 7, 33, 64, 90}) {
    for (const std::int64_t count : {1, 3, 9}) {
      std::vector<State> xi = naive::patterns(size, count, pattern_kind, ++seed);
      if (test.kind.options.rule == Rule::pseudo_inverse) naive::basis_of(xi);
      Case with_bias = test;
      // Greedy choices between equal gains are the first of them only where gains are exact.
      with_bias.biased =
          seed % 2 == 0 || (order == Order::greedy && test.kind.options.rule == Rule::pseudo_inverse);
      const Pair pair = build(with_bias, xi, seed);
      RecallOptions options = {.order = order, .max_sweeps = 30, .seed = seed, .trace = true};
      if (seed % 3 == 0 && order == Order::random) options.temperatures = {1.0, 0.5};
      const State start =
          to_state(to_units(naive::patterns(size, 1, Patterns::random, seed + 1000)[0], units));
      const std::vector<State> path = pair.network.run(start, options);
      // Sweep by sweep: a run of k sweeps ends in state k of the path.
      for (std::size_t k = 1; k < path.size(); ++k) {
        RecallOptions part = options;
        if (k < options.temperatures.size()) continue;
        part.max_sweeps = static_cast<std::int64_t>(k - options.temperatures.size());
        if (part.max_sweeps == 0) continue;
        ASSERT_EQ(to_state(pair.memory.recall(std::vector<float>(start.begin(), start.end()), part).state),
                  path[k])
            << "size " << size << ", patterns " << count << ", sweep " << k;
      }
      const Recall recall = pair.memory.recall(std::vector<float>(start.begin(), start.end()), options);
      EXPECT_EQ(recall.sweeps, static_cast<std::int64_t>(path.size()) - 1);
      EXPECT_NEAR(*recall.energy_end, pair.network.energy(path.back()),
                  1e-9 * (1 + std::abs(*recall.energy_end)));
      ASSERT_EQ(recall.trace.size(), path.size());
      for (std::size_t k = 0; k < path.size(); ++k)
        EXPECT_NEAR(*recall.trace[k].energy, pair.network.energy(path[k]),
                    1e-8 * (1 + std::abs(*recall.energy_end)));
    }
  }
}

constexpr auto kOrders = {Order::random, Order::fixed, Order::greedy, Order::synchronous};
constexpr auto kPatterns = {Patterns::random, Patterns::correlated, Patterns::near_identical};
INSTANTIATE_TEST_SUITE_P(Of, Trajectories,
                         testing::Combine(testing::Range(0, 6), testing::ValuesIn(kOrders),
                                          testing::Values(Units::plus_minus_one, Units::zero_one),
                                          testing::ValuesIn(kPatterns)));

// A dense energy does the same with units of 0 and 1 as with spins: states, sweeps and, without a bias,
// energies.
TEST(BinaryMemory, DenseEnergiesOfZeroOneUnitsAreThoseOfSpins) {
  const std::vector<State> xi = naive::patterns(130, 40, Patterns::correlated, 4);
  for (const Kind& kind : kinds()) {
    if (kind.options.energy == Energy::quadratic) continue;
    const auto build_of = [&](Units units) {
      return build({kind, Order::random, units, Patterns::correlated, false}, xi, 1);
    };
    const Pair spins = build_of(Units::plus_minus_one), bits = build_of(Units::zero_one);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const State start = naive::patterns(130, 1, Patterns::random, 50 + seed)[0];
      const Recall a = spins.memory.recall(to_units(start, Units::plus_minus_one), {.seed = seed});
      const Recall b = bits.memory.recall(to_units(start, Units::zero_one), {.seed = seed});
      EXPECT_EQ(b.state, to_units(to_state(a.state), Units::zero_one)) << kind.name;
      EXPECT_EQ(b.sweeps, a.sweeps);
      EXPECT_EQ(b.energy_end, a.energy_end);
    }
  }
}

TEST(BinaryMemory, EveryFlipChangesTheEnergyByMinusFieldTimesChange) {
  for (const Units units : {Units::plus_minus_one, Units::zero_one}) {
    const double distance = units == Units::plus_minus_one ? 2 : 1;
    for (const Kind& kind : kinds()) {
      const std::vector<State> xi = naive::patterns(120, 12, Patterns::random, 5);
      const Pair pair = build({kind, Order::random, units, Patterns::random, true}, xi, 5);
      const std::unique_ptr<Walk> walk = pair.memory.inside().couplings->walk();
      walk->start(pair.memory.inside().pack(to_units(naive::patterns(120, 1, Patterns::random, 6)[0], units),
                                            "start"));
      Random random(3);
      std::vector<double> fields(120);
      double energy = *walk->energy();
      for (int step = 0; step < 300; ++step) {
        const std::int64_t unit = random.below(120);
        const double field = walk->field(unit);
        walk->fields(fields);
        EXPECT_NEAR(fields[static_cast<std::size_t>(unit)], field, 1e-9 * (1 + std::abs(field))) << kind.name;
        const double change = -field * (walk->state().get(unit) ? -distance : distance);
        walk->flip(unit);
        EXPECT_NEAR(*walk->energy() - energy, change, 1e-8 * (1 + std::abs(energy))) << kind.name;
        energy = *walk->energy();
      }
    }
  }
}

TEST(BinaryMemory, TheEnergyNeverRises) {
  for (const Kind& kind : kinds()) {
    for (const Units units : {Units::plus_minus_one, Units::zero_one}) {
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const std::vector<State> xi = naive::patterns(200, 25, Patterns::correlated, seed);
        const Pair pair = build({kind, Order::random, units, Patterns::correlated, seed % 2 == 1}, xi, seed);
        const std::unique_ptr<Walk> walk = pair.memory.inside().couplings->walk();
        walk->start(
            pair.memory.inside().pack(to_units(naive::patterns(200, 1, Patterns::random, 9)[0], units), "x"));
        double energy = *walk->energy();
        const double first = energy;
        Random random(seed);
        for (int step = 0; step < 2000; ++step) {
          const std::int64_t unit = random.below(200);
          const double field = walk->field(unit);
          if (walk->state().get(unit) ? field >= 0 : field <= 0) continue;
          walk->flip(unit);
          EXPECT_LE(*walk->energy(), energy + 1e-10 * std::abs(first)) << kind.name;
          energy = *walk->energy();
        }
        EXPECT_LT(energy, first);
      }
    }
  }
}

// Numbers larger than 16 bits: overlaps of identical patterns of many units add up to far more than 2^31.
TEST(BinaryMemory, LargeOverlapsAreExact) {
  for (const std::int64_t units : {8192, 32767, 32768, 70000}) {
    const std::int64_t count = 600;
    const State one = naive::patterns(units, 1, Patterns::random, 1)[0];
    BinaryMemory memory(units);
    std::vector<float> all;
    const std::vector<float> pattern = to_units(one, Units::plus_minus_one);
    for (std::int64_t p = 0; p < count; ++p) all.insert(all.end(), pattern.begin(), pattern.end());
    memory.store_all(all);
    std::vector<float> cue = pattern;
    for (std::size_t i = 0; i < 100; ++i) cue[i] = -cue[i];
    const std::vector<float> field = memory.field(cue);
    const auto n = static_cast<double>(units);
    // M = N - 200 for every pattern, so h_i = P (xi_i (N - 200) - x_i) / N.
    for (std::size_t i = 0; i < 200; ++i) {
      const double expected = static_cast<double>(count) *
                              (static_cast<double>(one[i]) * (n - 200) - static_cast<double>(cue[i])) / n;
      ASSERT_EQ(field[i], static_cast<float>(expected)) << units;
    }
    EXPECT_DOUBLE_EQ(*memory.energy(cue),
                     -0.5 / n * static_cast<double>(count) * ((n - 200) * (n - 200) - n));
    const Recall recall = memory.recall(cue);
    EXPECT_EQ(recall.state, pattern);
    EXPECT_TRUE(recall.converged());
    EXPECT_EQ(recall.flips, 100);
  }
}

TEST(BinaryMemory, ResultsDoNotDependOnThreadsNorOnBatches) {
  const std::vector<State> xi = naive::patterns(300, 40, Patterns::random, 2);
  for (const Kind& kind : kinds()) {
    const Pair pair = build({kind, Order::random, Units::plus_minus_one, Patterns::random, false}, xi, 1);
    std::vector<float> cues;
    for (std::uint64_t k = 0; k < 20; ++k) {
      const State cue = naive::patterns(300, 1, Patterns::random, 100 + k)[0];
      cues.insert(cues.end(), cue.begin(), cue.end());
    }
    const int before = threads();
    std::vector<std::vector<Recall>> batches;
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      batches.push_back(pair.memory.recall_batch(cues, {.seed = 4}));
    }
    set_threads(before);
    for (std::size_t k = 0; k < 20; ++k) {
      const Recall single = pair.memory.recall(std::span(cues).subspan(k * 300, 300), {.seed = 4});
      for (const auto& batch : batches) {
        EXPECT_EQ(batch[k].state, single.state);
        EXPECT_EQ(batch[k].sweeps, single.sweeps);
        EXPECT_EQ(batch[k].energy_end, single.energy_end);
      }
    }
  }
}

// Many cues of a Hebbian memory are recalled in lanes that visit the units together.
TEST(BinaryMemory, LanesGiveWhatSingleRecallsGive) {
  struct Size {
    std::int64_t units, patterns, cues;
  };
  // Overlaps with one digit and with two, blocks and words that are not full, the largest number of units.
  for (const Size size :
       {Size{1, 1, 9}, {33, 2, 8}, {100, 14, 40}, {700, 65, 33}, {1500, 700, 70}, {32000, 3, 9}}) {
    for (const Patterns kind : {Patterns::random, Patterns::correlated, Patterns::near_identical}) {
      for (const Units units : {Units::plus_minus_one, Units::zero_one}) {
        for (const Order order : {Order::random, Order::fixed}) {
          if (size.units > 1000 && (order == Order::fixed || units == Units::zero_one)) continue;
          const std::vector<State> xi =
              naive::patterns(static_cast<int>(size.units), static_cast<int>(size.patterns), kind, 5);
          BinaryMemory memory(size.units, {.units = units});
          for (const State& pattern : xi) memory.store(to_units(pattern, units));
          std::vector<float> cues;
          for (std::int64_t k = 0; k < size.cues; ++k) {
            State cue = xi[static_cast<std::size_t>(k % size.patterns)];
            Random random(7, static_cast<std::uint64_t>(k));
            for (int& x : cue) {
              if (random.uniform() < 0.02F * static_cast<float>(k % 10)) x = -x;
            }
            const std::vector<float> values = to_units(cue, units);
            cues.insert(cues.end(), values.begin(), values.end());
          }
          for (const std::int64_t most : {1, 1000}) {
            const RecallOptions options = {.order = order, .max_sweeps = most, .seed = 3};
            const std::vector<Recall> batch = memory.recall_batch(cues, options);
            ASSERT_EQ(batch.size(), static_cast<std::size_t>(size.cues));
            for (std::size_t k = 0; k < batch.size(); ++k) {
              const auto n = static_cast<std::size_t>(size.units);
              const Recall one = memory.recall(std::span(cues).subspan(k * n, n), options);
              ASSERT_EQ(batch[k].state, one.state) << size.units << " units, cue " << k;
              ASSERT_EQ(batch[k].ending, one.ending);
              ASSERT_EQ(batch[k].sweeps, one.sweeps);
              ASSERT_EQ(batch[k].flips, one.flips);
              ASSERT_EQ(batch[k].energy_start, one.energy_start);
              ASSERT_EQ(batch[k].energy_end, one.energy_end);
            }
          }
        }
      }
    }
  }
}

TEST(BinaryMemory, ForgettingLeavesWhatWasNeverStored) {
  for (const Kind& kind : kinds()) {
    const std::vector<State> xi = naive::patterns(700, 530, Patterns::random, 8);
    BinaryMemory memory(700, kind.options);
    std::vector<float> all;
    for (const State& pattern : xi) all.insert(all.end(), pattern.begin(), pattern.end());
    memory.store_all(all);
    for (const std::int64_t index : {529, 511, 300, 64, 0}) memory.forget(index);
    BinaryMemory fresh(700, kind.options);
    for (std::int64_t p = 0; p < 530; ++p) {
      if (p == 529 || p == 511 || p == 300 || p == 64 || p == 0) continue;
      fresh.store(to_units(xi[static_cast<std::size_t>(p)], Units::plus_minus_one));
    }
    ASSERT_EQ(memory.size(), fresh.size());
    for (std::int64_t p = 0; p < fresh.size(); ++p) ASSERT_EQ(memory.pattern(p), fresh.pattern(p)) << p;
    const std::vector<float> state =
        to_units(naive::patterns(700, 1, Patterns::random, 9)[0], Units::plus_minus_one);
    const std::vector<float> a = memory.field(state);
    const std::vector<float> b = fresh.field(state);
    for (std::size_t i = 0; i < a.size(); ++i)
      EXPECT_NEAR(a[i], b[i], 1e-5f * (1 + std::abs(b[i]))) << kind.name;
    EXPECT_NEAR(*memory.energy(state), *fresh.energy(state), 1e-8 * std::abs(*fresh.energy(state)));
  }
}

TEST(BinaryMemory, WeightsAreThoseOfTheRule) {
  const std::vector<State> xi = naive::patterns(40, 7, Patterns::correlated, 3);
  for (const Rule rule : {Rule::hebb, Rule::pseudo_inverse}) {
    BinaryMemory memory(40, {.rule = rule});
    for (const State& pattern : xi) memory.store(to_units(pattern, Units::plus_minus_one));
    std::vector<double> expected = naive::projection_weights(xi);
    if (rule == Rule::hebb) {
      expected = naive::hebb_weights(xi);
      for (double& weight : expected) weight /= 40;
    }
    for (std::int64_t i = 0; i < 40; ++i) {
      for (std::int64_t j = 0; j < 40; ++j)
        EXPECT_NEAR(memory.weight(i, j), expected[static_cast<std::size_t>(40 * i + j)], 1e-12);
    }
  }
}

TEST(BinaryMemory, SynchronousUpdatesFindTwoCycles) {
  // Two units that want to be unlike each other: together they change for ever.
  BinaryMemory memory(2);
  memory.store(std::vector<float>{1, -1});
  const Recall recall = memory.recall(std::vector<float>{1, 1}, {.order = Order::synchronous});
  EXPECT_EQ(recall.ending, Ending::two_cycle);
  EXPECT_EQ(recall.sweeps, 2);
  const Recall one_by_one = memory.recall(std::vector<float>{1, 1});
  EXPECT_TRUE(one_by_one.converged());
}

TEST(BinaryMemory, RefusesWhatDoesNotFit) {
  EXPECT_THROW(BinaryMemory(0), ConfigError);
  EXPECT_THROW(BinaryMemory((std::int64_t{1} << 24) + 1), ConfigError);
  EXPECT_THROW(BinaryMemory(4, {.bias = {1, 2}}), ConfigError);
  EXPECT_THROW(BinaryMemory(4, {.energy = Energy::polynomial, .degree = 1}), ConfigError);
  EXPECT_THROW(BinaryMemory(4, {.dilution = 1}), ConfigError);
  BinaryMemory memory(4);
  const std::vector<float> good = {1, -1, 1, -1};
  EXPECT_THROW(memory.recall(good), ConfigError);
  EXPECT_THROW(memory.store(std::vector<float>{1, -1}), ShapeError);
  EXPECT_THROW(memory.store(std::vector<float>{1, -1, 0, 1}), DataError);
  EXPECT_THROW(memory.store(std::vector<float>{1, -1, NAN, 1}), DataError);
  EXPECT_THROW(memory.store_all(std::vector<float>{1, -1, 1, 1, 1}), ShapeError);
  EXPECT_EQ(memory.size(), 0);
  memory.store(good);
  EXPECT_THROW(memory.forget(1), ShapeError);
  EXPECT_THROW(memory.recall(good, {.max_sweeps = 0}), ConfigError);
  EXPECT_THROW(memory.recall(good, {.temperatures = {0}}), ConfigError);
  EXPECT_THROW(rule_of("heb"), ConfigError);

  BinaryMemory projection(4, {.rule = Rule::pseudo_inverse});
  projection.store(good);
  EXPECT_THROW(projection.store(good), DataError);
  EXPECT_THROW(projection.store(std::vector<float>{-1, 1, -1, 1}), DataError);
  EXPECT_EQ(projection.size(), 1);
  EXPECT_EQ(projection.recall(good).state, good);
}

}  // namespace
}  // namespace hebb::memory
