// Memories with formed weights, state by state over whole runs, against the definitions.
#include <gtest/gtest.h>

#include <tuple>

#include "hebb/binary_memory.hpp"
#include "memory/binary_inside.hpp"
#include "memory/naive.hpp"
#include "memory/naive_rules.hpp"

namespace hebb::memory {
namespace {

using naive::Patterns;
using naive::State;

std::vector<float> to_units(const State& pattern, Units units) {
  std::vector<float> result;
  for (const int x : pattern) result.push_back(static_cast<float>(naive::input(units, x)));
  return result;
}

/// Those of the patterns that the rule can learn together.
std::vector<State> learnable(std::vector<State> xi, Rule rule) {
  if (rule == Rule::pseudo_inverse) naive::basis_of(xi);
  if (naive::learns_perceptron(rule) && xi.size() > 1) {
    // Each two differ in more than one unit, or a unit would have to take both values on the same input.
    std::vector<State> kept;
    std::reverse(xi.begin(), xi.end());  // of nearly identical ones, the first is near to all others
    for (const State& pattern : xi) {
      bool far = true;
      for (const State& other : kept) {
        int differ = 0;
        for (std::size_t i = 0; i < pattern.size(); ++i) differ += pattern[i] != other[i] ? 1 : 0;
        far = far && differ > 1;
      }
      if (far) kept.push_back(pattern);
    }
    xi = kept;
  }
  return xi;
}

naive::Network network_of(const std::vector<State>& xi, const BinaryOptions& options) {
  naive::Network network(xi, options);
  naive::Quotients quotients = naive::quotients_of(xi, options, xi[0].size());
  std::vector<double> flat;
  for (const auto& row : quotients.whole) flat.insert(flat.end(), row.begin(), row.end());
  network.set_weights(std::move(flat), std::move(quotients.divisors));
  return network;
}

/// Sweep by sweep: a run of k sweeps ends in state k of the path.
void expect_path(const BinaryMemory& memory, const std::vector<State>& path, const RecallOptions& options,
                 const std::string& what) {
  const std::vector<float> start(path[0].begin(), path[0].end());
  for (std::size_t k = options.temperatures.size() + 1; k < path.size(); ++k) {
    RecallOptions part = options;
    part.max_sweeps = static_cast<std::int64_t>(k - options.temperatures.size());
    const std::vector<float> state = memory.recall(start, part).state;
    ASSERT_EQ(State(state.begin(), state.end()), path[k]) << what << ", sweep " << k;
  }
  const Recall whole = memory.recall(start, options);
  EXPECT_EQ(whole.sweeps, static_cast<std::int64_t>(path.size()) - 1) << what;
}

class RuleTrajectories : public ::testing::TestWithParam<std::tuple<Rule, Order, Units, Patterns>> {};

TEST_P(RuleTrajectories, AreThoseOfTheDefinition) {
  const auto& [rule, order, units, kind] = GetParam();
  // Choices between equal gains are the first of them only where gains are exact.
  const bool rounded = rule == Rule::storkey || rule == Rule::pseudo_inverse;
  std::uint64_t seed = 1;
  for (const std::int64_t size : {2, 7, 20, 64, 90}) {
    for (const std::int64_t count : {1, 3, 9}) {
      ++seed;
      const std::vector<State> xi = learnable(naive::patterns(size, count, kind, seed), rule);
      // Units that hear less of correlated patterns may hear the same and have to do the opposite.
      const bool diluted =
          seed % 2 == 0 && size >= 20 && (!naive::learns_perceptron(rule) || kind == Patterns::random);
      BinaryOptions options{
          .units = units, .rule = rule, .dilution = diluted ? 0.2 : 0, .form_weights = true};
      Random random(seed, 77);
      for (std::int64_t i = 0; i < size && !naive::learns_perceptron(rule); ++i) {
        if (order == Order::greedy ? rounded : seed % 3 == 0) options.bias.push_back(0.3F * random.normal());
      }
      const std::string what = naive::name(options, xi[0].size(), xi.size());
      std::vector<float> all;
      for (const State& pattern : xi) {
        const std::vector<float> values = to_units(pattern, units);
        all.insert(all.end(), values.begin(), values.end());
      }
      options.max_epochs = 500;
      BinaryMemory memory(size, options);
      try {
        memory.store_all(all);
      } catch (const ConfigError&) {  // small sets of 0/1 patterns need not be learnable
        ASSERT_TRUE(naive::learns_perceptron(rule) && size <= 7) << what;
        continue;
      }
      ASSERT_NE(memory.inside().formed(), nullptr);
      const naive::Network network = network_of(xi, options);
      RecallOptions recall{.order = order, .max_sweeps = 30, .seed = seed, .trace = true};
      if (seed % 3 == 0 && order == Order::random) recall.temperatures = {1.0, 0.5};
      const std::vector<float> cue =
          to_units(naive::patterns(size, 1, Patterns::random, seed + 1000)[0], units);
      const std::vector<State> path = network.run(State(cue.begin(), cue.end()), recall);
      expect_path(memory, path, recall, what);

      const Recall whole = memory.recall(cue, recall);
      ASSERT_EQ(whole.trace.size(), path.size());
      ASSERT_EQ(memory.has_energy(), naive::symmetric(rule));
      const double near = 1e-9 + static_cast<double>(size * size) *
                                     naive::tolerance(rule, xi.size(), static_cast<std::size_t>(size));
      for (std::size_t k = 0; k < path.size(); ++k) {
        ASSERT_EQ(whole.trace[k].energy.has_value(), naive::symmetric(rule));
        if (naive::symmetric(rule)) {
          EXPECT_NEAR(*whole.trace[k].energy, network.energy(path[k]), near) << what;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, RuleTrajectories,
    ::testing::Combine(::testing::ValuesIn(naive::kRules),
                       ::testing::Values(Order::random, Order::fixed, Order::greedy, Order::synchronous),
                       ::testing::Values(Units::plus_minus_one, Units::zero_one),
                       ::testing::Values(Patterns::random, Patterns::correlated, Patterns::near_identical)));

TEST(FormedWeights, RunAsTheEngineWithoutThem) {
  for (const Rule rule : {Rule::hebb, Rule::pseudo_inverse}) {
    for (const Units units : naive::kUnits) {
      const std::vector<State> xi = naive::patterns(300, 40, Patterns::correlated, 3);
      BinaryMemory formed(300, {.units = units, .rule = rule, .form_weights = true});
      BinaryMemory without(300, {.units = units, .rule = rule});
      for (const State& pattern : xi) {
        formed.store(to_units(pattern, units));
        without.store(to_units(pattern, units));
      }
      EXPECT_NE(formed.inside().formed(), nullptr);
      EXPECT_EQ(without.inside().formed(), nullptr);
      for (std::uint64_t k = 0; k < 10; ++k) {
        const std::vector<float> cue = to_units(naive::patterns(300, 1, Patterns::random, k)[0], units);
        const Recall a = formed.recall(cue, {.seed = k});
        const Recall b = without.recall(cue, {.seed = k});
        EXPECT_EQ(a.state, b.state);
        EXPECT_EQ(a.flips, b.flips);
        EXPECT_NEAR(*a.energy_end, *b.energy_end, 1e-4);
      }
    }
  }
}

TEST(FormedWeights, TheEnergyNeverRises) {
  for (const Rule rule : naive::kRules) {
    if (!naive::symmetric(rule)) continue;
    for (const Units units : naive::kUnits) {
      const std::vector<State> xi = naive::patterns(150, 12, Patterns::random, 4);
      BinaryMemory memory(150, {.units = units, .rule = rule, .dilution = 0.1});
      for (const State& pattern : xi) memory.store(to_units(pattern, units));
      const std::unique_ptr<Walk> walk = memory.inside().couplings->walk();
      walk->start(
          memory.inside().pack(to_units(naive::patterns(150, 1, Patterns::random, 9)[0], units), "x"));
      Random random(1);
      double energy = *walk->energy();
      int flips = 0;
      for (int step = 0; step < 100000 && !at_rest(*walk); ++step) {
        const std::int64_t unit = random.below(150);
        const double field = walk->field(unit);
        if (walk->state().get(unit) ? field >= 0 : field <= 0) continue;
        walk->flip(unit);
        ++flips;
        EXPECT_LT(*walk->energy(), energy) << static_cast<int>(rule);
        energy = *walk->energy();
      }
      EXPECT_GT(flips, 20);
      EXPECT_TRUE(at_rest(*walk));
    }
  }
}

TEST(FormedWeights, PerceptronRulesReportTheirStabilities) {
  const std::vector<State> xi = naive::patterns(60, 20, Patterns::random, 4);
  for (const Rule rule : naive::kRules) {
    BinaryMemory memory(60, {.rule = rule, .margin = 0.1});
    for (const State& pattern : xi) memory.store(to_units(pattern, Units::plus_minus_one));
    const std::vector<double> stabilities = memory.stabilities();
    ASSERT_EQ(stabilities.size(), naive::learns_perceptron(rule) ? 60U : 0U);
    for (const double stability : stabilities) EXPECT_GE(stability, 0.1);
    // Stored patterns rest.
    if (!naive::learns_perceptron(rule)) continue;
    for (const State& pattern : xi) {
      const std::vector<float> cue = to_units(pattern, Units::plus_minus_one);
      EXPECT_EQ(memory.recall(cue).state, cue);
    }
  }
}

TEST(FormedWeights, AFailedStoreChangesNothing) {
  std::vector<State> xi = naive::patterns(30, 4, Patterns::random, 4);
  xi[3] = xi[0];
  xi[3][5] = -xi[3][5];
  BinaryMemory memory(30, {.rule = Rule::perceptron, .max_epochs = 100});
  for (int p = 0; p < 3; ++p) memory.store(to_units(xi[static_cast<std::size_t>(p)], Units::plus_minus_one));
  const double weight = memory.weight(3, 4);
  EXPECT_THROW(memory.store(to_units(xi[3], Units::plus_minus_one)), ConfigError);
  EXPECT_EQ(memory.size(), 3);
  EXPECT_EQ(memory.weight(3, 4), weight);
}

// ---- unlearning
// -------------------------------------------------------------------------------------------------------

TEST(Unlearning, SubtractsRestingStatesAndIsReproducible) {
  const std::vector<State> xi = naive::patterns(80, 4, Patterns::random, 4);
  const auto unlearned = [&](const BinaryOptions& options, std::int64_t dreams, std::uint64_t seed) {
    BinaryMemory memory(80, options);
    for (const State& pattern : xi) memory.store(to_units(pattern, Units::plus_minus_one));
    memory.unlearn(dreams, 0.01, seed);
    return memory;
  };
  // A single dream takes 0.01 s s / N away, s a state in which Hebb's memory rests.
  const BinaryMemory one = unlearned({}, 1, 7);
  BinaryMemory hebb(80);
  for (const State& pattern : xi) hebb.store(to_units(pattern, Units::plus_minus_one));
  std::vector<float> dream;
  for (std::int64_t j = 0; j < 80; ++j)
    dream.push_back(j == 0 || hebb.weight(0, j) > one.weight(0, j) ? 1.0F : -1.0F);
  EXPECT_EQ(hebb.recall(dream).flips, 0);
  for (std::int64_t i = 0; i < 80; ++i) {
    for (std::int64_t j = 0; j < i; ++j) {
      const double s =
          static_cast<double>(dream[static_cast<std::size_t>(i)] * dream[static_cast<std::size_t>(j)]);
      EXPECT_NEAR(hebb.weight(i, j) - one.weight(i, j), 0.01 * s / 80, 1e-9);
    }
  }
  // The same again; and the same with weights that were formed before.
  const BinaryMemory again = unlearned({}, 30, 7);
  const BinaryMemory formed = unlearned({.form_weights = true}, 30, 7);
  const BinaryMemory other = unlearned({}, 30, 8);
  const auto values = [](const BinaryMemory& memory) { return memory.inside().formed()->save().values; };
  EXPECT_EQ(values(again), values(unlearned({}, 30, 7)));
  EXPECT_EQ(values(again), values(formed));
  EXPECT_NE(values(again), values(other));
}

TEST(Unlearning, RaisesTheShareOfStablePatterns) {
  // Hopfield, Feinstein and Palmer: spurious states lose more than memories.
  const std::vector<State> xi = naive::patterns(100, 22, Patterns::random, 2);
  BinaryMemory memory(100);
  for (const State& pattern : xi) memory.store(to_units(pattern, Units::plus_minus_one));
  const auto unstable = [&] {
    std::int64_t count = 0;
    for (const State& pattern : xi) {
      const std::vector<float> field = memory.field(to_units(pattern, Units::plus_minus_one));
      for (std::size_t i = 0; i < field.size(); ++i)
        count += field[i] * static_cast<float>(pattern[i]) < 0 ? 1 : 0;
    }
    return count;
  };
  const std::int64_t before = unstable();
  memory.unlearn(300, 0.01, 1);
  EXPECT_GT(before, 10);
  EXPECT_LT(unstable(), before / 2);
}

TEST(Unlearning, RefusesWhatItCannotDo) {
  const std::vector<float> pattern = {1, -1, 1, 1, -1};
  BinaryMemory hebb(5);
  EXPECT_THROW(hebb.unlearn(1, 0.01), ConfigError);  // empty
  hebb.store(pattern);
  EXPECT_THROW(hebb.unlearn(0, 0.01), ConfigError);
  EXPECT_THROW(hebb.unlearn(1, -0.01), ConfigError);
  EXPECT_THROW(hebb.unlearn(1, 1.01), ConfigError);
  BinaryMemory perceptron(5, {.rule = Rule::perceptron});
  perceptron.store(pattern);
  EXPECT_THROW(perceptron.unlearn(1, 0.01), ConfigError);
  BinaryMemory dense(5, {.energy = Energy::polynomial});
  dense.store(pattern);
  EXPECT_THROW(dense.unlearn(1, 0.01), ConfigError);
}

TEST(Restore, TakesPatternsAndWeightsTogether) {
  const std::vector<State> xi = naive::patterns(80, 6, Patterns::random, 4);
  const BinaryOptions options{.rule = Rule::palimpsest};
  BinaryMemory memory(80, options);
  std::vector<BitVector> patterns;
  for (const State& pattern : xi) {
    memory.store(to_units(pattern, Units::plus_minus_one));
    patterns.push_back(naive::bits_of(pattern));
  }
  memory.unlearn(5, 0.1, 3);
  SavedWeights saved = memory.inside().formed()->save();
  BinaryMemory restored(80, options);
  restored.inside().restore(patterns, saved);
  ASSERT_EQ(restored.size(), 6);
  const std::vector<float> cue =
      to_units(naive::patterns(80, 1, Patterns::random, 9)[0], Units::plus_minus_one);
  EXPECT_EQ(restored.recall(cue).state, memory.recall(cue).state);
  EXPECT_EQ(restored.energy(cue), memory.energy(cue));
  EXPECT_THROW(restored.inside().restore(patterns, saved), ConfigError);  // not empty

  saved.values.pop_back();
  BinaryMemory unharmed(80, options);
  EXPECT_THROW(unharmed.inside().restore(patterns, saved), DataError);
  EXPECT_EQ(unharmed.size(), 0);
  unharmed.store(to_units(xi[0], Units::plus_minus_one));
  EXPECT_EQ(unharmed.size(), 1);
}

}  // namespace
}  // namespace hebb::memory
