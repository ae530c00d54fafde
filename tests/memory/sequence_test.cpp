// SequenceMemory against a plain one with formed weights and all past states, and against the paper's times.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "hebb/error.hpp"
#include "hebb/sequence_memory.hpp"
#include "hebb/threads.hpp"
#include "memory/signs.hpp"

namespace hebb::memory {
namespace {

using State = std::vector<float>;

std::vector<State> random_patterns(std::size_t count, std::size_t units, Random& random) {
  std::vector<State> patterns;
  for (std::size_t k = 0; k < count; ++k) patterns.push_back(random_signs(units, random));
  return patterns;
}

SequenceMemory memory_of(const std::vector<State>& patterns, const SequenceOptions& options) {
  SequenceMemory memory(static_cast<std::int64_t>(patterns.front().size()), options);
  for (const State& pattern : patterns) memory.store(pattern);
  return memory;
}

/// The definition: J and K as matrices, the trace from all states so far.
class Plain {
 public:
  Plain(const std::vector<State>& patterns, const SequenceOptions& options)
      : n_(patterns.front().size()), options_(options), j_(n_ * n_), k_(n_ * n_) {
    const std::size_t count = patterns.size();
    for (std::size_t a = 0; a < n_; ++a) {
      for (std::size_t b = 0; b < n_; ++b) {
        if (a == b) continue;
        for (std::size_t mu = 0; mu < count; ++mu) {
          const State& xi = patterns[mu];
          j_[a * n_ + b] += static_cast<double>(xi[a] * xi[b]) / static_cast<double>(n_);
          if (mu + 1 == count && !options.cyclic) continue;
          k_[a * n_ + b] +=
              static_cast<double>(patterns[(mu + 1) % count][a] * xi[b]) / static_cast<double>(n_);
        }
      }
    }
  }

  double field(const State& s, const std::vector<double>& trace, std::size_t i) const {
    double h = 0;
    for (std::size_t b = 0; b < n_; ++b)
      h += j_[i * n_ + b] * static_cast<double>(s[b]) + options_.strength * k_[i * n_ + b] * trace[b];
    return h;
  }

  std::vector<double> trace(const std::vector<State>& history) const {
    std::vector<double> result(n_);
    const auto sweep = static_cast<int>(history.size());  // history[m] is the state after sweep m
    double whole = 0;
    for (int age = 1; age < 5000; ++age) whole += std::exp(-age / options_.delay);
    for (int m = 0; m < sweep; ++m) {
      const int age = sweep - m;
      double weight = 0;
      if (options_.kind == Delay::fixed) weight = age == options_.delay ? 1 : 0;
      if (options_.kind == Delay::window) weight = age <= options_.delay ? 1 / options_.delay : 0;
      if (options_.kind == Delay::exponential) weight = std::exp(-age / options_.delay) / whole;
      for (std::size_t i = 0; i < n_; ++i)
        result[i] += weight * static_cast<double>(history[static_cast<std::size_t>(m)][i]);
    }
    return result;
  }

  /// The states after 0, 1, ... sweeps.
  std::vector<State> play(State s, const RecallOptions& options) const {
    std::vector<State> history = {s};
    Random random(options.seed);
    std::vector<std::int32_t> order(n_);
    std::iota(order.begin(), order.end(), 0);
    for (std::int64_t k = 0; k < options.max_sweeps; ++k) {
      const std::vector<double> past = trace(history);
      if (options.order == Order::random) order = random.permutation(static_cast<std::int32_t>(n_));
      const State before = s;
      for (const std::int32_t unit : order) {
        const auto i = static_cast<std::size_t>(unit);
        const double h = field(options.order == Order::synchronous ? before : s, past, i);
        if (h * static_cast<double>(s[i]) < -1e-12) s[i] = -s[i];
      }
      history.push_back(s);
    }
    return history;
  }

 private:
  std::size_t n_;
  SequenceOptions options_;
  std::vector<double> j_, k_;
};

constexpr Delay kKinds[] = {Delay::fixed, Delay::window, Delay::exponential};

TEST(SequenceMemory, MovesAsThePlainOneStateByState) {
  Random random(1);
  for (const Delay kind : kKinds) {
    for (const Order order : {Order::random, Order::fixed, Order::synchronous}) {
      for (const bool cyclic : {true, false}) {
        for (const std::size_t units : {31U, 64U}) {
          const auto patterns = random_patterns(4, units, random);
          const SequenceOptions o = {.strength = 1.375, .delay = 4, .kind = kind, .cyclic = cyclic};
          const SequenceMemory memory = memory_of(patterns, o);
          const RecallOptions options = {.order = order, .max_sweeps = 40, .seed = 5, .trace = true};
          const State cue = flipped(patterns[0], 4, random);
          const auto expected = Plain(patterns, o).play(cue, options);
          const Recall run = memory.recall(cue, options);
          ASSERT_EQ(run.trace.size(), static_cast<std::size_t>(run.sweeps) + 1);
          for (std::size_t k = 0; k < run.trace.size(); ++k) {
            const auto overlaps = memory.overlaps(expected[k]);
            EXPECT_EQ(run.trace[k].overlaps, overlaps) << "sweep " << k;
            std::int64_t flips = 0;
            for (std::size_t i = 0; k > 0 && i < units; ++i) flips += expected[k][i] != expected[k - 1][i];
            EXPECT_EQ(run.trace[k].flips, flips);
          }
          for (const std::int64_t sweeps : {1, 2, 3, 5, 8, 13, 21}) {
            RecallOptions cut = options;
            cut.max_sweeps = sweeps;
            EXPECT_EQ(memory.recall(cue, cut).state, expected[static_cast<std::size_t>(sweeps)]);
          }
          // What it says is a fixed point stays one.
          for (auto k = static_cast<std::size_t>(run.sweeps); k < expected.size(); ++k)
            EXPECT_EQ(run.state, expected[k]);
        }
      }
    }
  }
}

TEST(SequenceMemory, FieldIsThatOfALastingState) {
  Random random(2);
  const auto patterns = random_patterns(5, 37, random);
  for (const bool cyclic : {true, false}) {
    const SequenceOptions o = {.strength = 1.7, .cyclic = cyclic};
    const SequenceMemory memory = memory_of(patterns, o);
    const State s = random_signs(37, random);
    const auto fields = memory.field(s);
    for (std::size_t i = 0; i < s.size(); ++i)
      EXPECT_NEAR(fields[i], Plain(patterns, o).field(s, {s.begin(), s.end()}, i), 1e-6);
  }
}

/// Mean time between the beginnings of visits, the first one and the last left out; they must be in order.
double mean_dwell(const std::vector<Visit>& shown, std::int64_t patterns) {
  for (std::size_t k = 1; k < shown.size(); ++k)
    EXPECT_EQ(shown[k].pattern, (shown[k - 1].pattern + 1) % patterns);
  EXPECT_GT(shown.size(), 5U);
  if (shown.size() <= 5) return 0;
  return static_cast<double>(shown.back().begin - shown[2].begin) / static_cast<double>(shown.size() - 3);
}

TEST(SequenceMemory, ShowsEachPatternForTheTimeOfThePaper) {
  Random random(3);
  const auto patterns = random_patterns(5, 4000, random);
  for (const double strength : {1.2, 1.5, 2.0}) {
    for (const Delay kind : kKinds) {
      if (kind == Delay::exponential && strength == 2.0) continue;  // where patterns begin to mix
      const SequenceOptions o = {.strength = strength, .delay = 30, .kind = kind};
      const SequenceMemory memory = memory_of(patterns, o);
      const Recall run = memory.recall(patterns[1], {.max_sweeps = 500, .trace = true});
      EXPECT_EQ(run.ending, Ending::step_limit);
      const double dwell = mean_dwell(visits(run.trace), 5);
      const double expected = expected_dwell(o);
      switch (kind) {
        case Delay::fixed: EXPECT_EQ(dwell, expected); break;
        case Delay::window: EXPECT_NEAR(dwell, expected, 1); break;
        case Delay::exponential: EXPECT_LT(dwell, expected); EXPECT_GT(dwell, 0.75 * expected);
      }
      double best = 0;
      for (const TracePoint& point : run.trace) {
        if (point.sweep > 200) best = std::max(best, point.overlaps[3]);
      }
      EXPECT_GT(best, 0.98);
    }
  }
}

TEST(SequenceMemory, StaysWhereTheSlowSynapsesAreWeaker) {
  Random random(4);
  const auto patterns = random_patterns(4, 2000, random);
  for (const Delay kind : kKinds) {
    const SequenceOptions o = {.strength = 0.8, .delay = 20, .kind = kind};
    const Recall run = memory_of(patterns, o).recall(patterns[2], {.max_sweeps = 400});
    EXPECT_EQ(run.ending, Ending::fixed_point);
    EXPECT_EQ(run.state, patterns[2]);
    EXPECT_EQ(expected_dwell(o), std::numeric_limits<double>::infinity());
  }
}

TEST(SequenceMemory, AnOpenSequenceRestsInItsLastPattern) {
  Random random(5);
  const auto patterns = random_patterns(6, 1500, random);
  for (const Delay kind : kKinds) {
    const SequenceMemory memory =
        memory_of(patterns, {.strength = 1.5, .delay = 12, .kind = kind, .cyclic = false});
    const Recall run = memory.recall(flipped(patterns[0], 150, random), {.trace = true});
    EXPECT_TRUE(run.converged());
    EXPECT_EQ(run.state, patterns[5]);
    const auto shown = visits(run.trace);
    ASSERT_EQ(shown.size(), 6U);
    for (std::int64_t k = 0; k < 6; ++k) EXPECT_EQ(shown[static_cast<std::size_t>(k)].pattern, k);
  }
}

TEST(SequenceMemory, ForgettingClosesTheGap) {
  Random random(6);
  auto patterns = random_patterns(5, 900, random);
  SequenceMemory memory = memory_of(patterns, {.delay = 5});
  memory.forget(2);
  patterns.erase(patterns.begin() + 2);
  const SequenceMemory anew = memory_of(patterns, {.delay = 5});
  const RecallOptions options = {.max_sweeps = 60, .trace = true};
  const Recall a = memory.recall(patterns[0], options);
  EXPECT_EQ(a.state, anew.recall(patterns[0], options).state);
  EXPECT_EQ(mean_dwell(visits(a.trace), 4), 5);
  EXPECT_FALSE(memory.has_energy());
  EXPECT_FALSE(memory.energy(patterns[0]).has_value());
}

TEST(SequenceMemory, BatchesGiveWhatSingleRunsGiveWithAnyNumberOfThreads) {
  Random random(7);
  const SequenceMemory memory = memory_of(random_patterns(3, 60, random), {.delay = 4});
  State cues;
  for (int k = 0; k < 5; ++k) {
    const State cue = random_signs(60, random);
    cues.insert(cues.end(), cue.begin(), cue.end());
  }
  const int before = threads();
  for (const int count : {1, 3}) {
    set_threads(count);
    const auto batch = memory.recall_batch(cues, {.max_sweeps = 33, .seed = 4});
    ASSERT_EQ(batch.size(), 5U);
    for (std::size_t k = 0; k < 5; ++k) {
      const Recall lone = memory.recall(std::span(cues).subspan(k * 60, 60), {.max_sweeps = 33, .seed = 4});
      EXPECT_EQ(batch[k].state, lone.state);
      EXPECT_EQ(batch[k].flips, lone.flips);
    }
  }
  set_threads(before);
}

TEST(SequenceMemory, ShowsWhatWasSeen) {
  const std::vector<TracePoint> trace = {
      {0, 0, {}, {0.9, 0.1}}, {1, 0, {}, {0.8, 0.2}}, {2, 0, {}, {0.4, 0.45}},
      {3, 0, {}, {0.1, 0.7}}, {4, 0, {}, {0.6, 0.1}}, {5, 0, {}, {0.7, 0.1}},
  };
  const auto shown = visits(trace);
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[0].sweeps, 2);
  EXPECT_EQ(shown[1].pattern, 1);
  EXPECT_EQ(shown[1].begin, 3);
  EXPECT_EQ(shown[1].sweeps, 1);
  EXPECT_EQ(shown[2].begin, 4);
  EXPECT_EQ(shown[2].sweeps, 2);
  EXPECT_TRUE(visits({}).empty());
}

TEST(SequenceMemory, RefusesWhatMakesNoSense) {
  EXPECT_THROW(SequenceMemory(0), ConfigError);
  EXPECT_THROW(SequenceMemory(2, {.strength = -1}), ConfigError);
  EXPECT_THROW(SequenceMemory(2, {.delay = 0}), ConfigError);
  EXPECT_THROW(SequenceMemory(2, {.delay = 1e9}), ConfigError);
  EXPECT_THROW(SequenceMemory(2, {.delay = std::nan("")}), ConfigError);
  EXPECT_THROW(SequenceMemory(2, {.delay = 2.5}), ConfigError);
  EXPECT_NO_THROW(SequenceMemory(2, {.delay = 2.5, .kind = Delay::exponential}));
  SequenceMemory memory(2);
  const State pattern = {1, -1};
  EXPECT_THROW(memory.recall(pattern), ConfigError);
  EXPECT_EQ(memory.field(pattern), (std::vector<float>{0, 0}));
  memory.store(pattern);
  EXPECT_THROW(memory.store(pattern), DataError);
  EXPECT_THROW(memory.store(State{1, 0}), DataError);
  EXPECT_THROW(memory.store(State{1}), ShapeError);
  EXPECT_THROW(memory.recall(State{1, 0.5f}), DataError);
  EXPECT_THROW(memory.recall(State{1, 1, 1}), ShapeError);
  EXPECT_THROW(memory.recall(pattern, {.order = Order::greedy}), ConfigError);
  EXPECT_THROW(memory.recall(pattern, {.temperatures = {1.0}}), ConfigError);
  EXPECT_THROW(memory.recall(pattern, {.max_sweeps = 0}), ConfigError);
  EXPECT_THROW(memory.recall_batch(State{1, 1, 1}), ShapeError);
  EXPECT_THROW(memory.recall_batch(State{1, 1, 0, 1}), DataError);
  EXPECT_THROW(memory.forget(1), ShapeError);
}

}  // namespace
}  // namespace hebb::memory
