// GradedMemory against plain references: the differential equation integrated by the classical Runge-Kutta
// method with tiny steps on formed weights, the energy by quadrature, and the binary memory it becomes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hebb/error.hpp"
#include "hebb/graded_memory.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "memory/signs.hpp"

namespace hebb::memory {
namespace {

using Vector = std::vector<double>;

/// 1/N sum_mu xi xi, zero diagonal.
Vector hebb_weights(const std::vector<std::vector<float>>& patterns) {
  const std::size_t n = patterns.front().size();
  Vector weights(n * n);
  for (const auto& xi : patterns) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (i != j) weights[i * n + j] += static_cast<double>(xi[i] * xi[j]) / static_cast<double>(n);
      }
    }
  }
  return weights;
}

Vector random_weights(std::size_t n, bool symmetric, Random& random) {
  Vector weights(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double scale = 1 / std::sqrt(static_cast<double>(n));
      weights[i * n + j] = scale * static_cast<double>(random.normal());
      weights[j * n + i] = symmetric ? weights[i * n + j] : scale * static_cast<double>(random.normal());
    }
  }
  return weights;
}

/// A network with everything in it.
GradedOptions full_options(std::size_t n, Random& random) {
  GradedOptions options;
  options.gain = 3;
  options.capacitance = 0.5;
  options.weights = random_weights(n, true, random);
  for (std::size_t i = 0; i < n; ++i) {
    options.resistance.push_back(static_cast<double>(random.uniform(0.5f, 2.0f)));
    options.input_current.push_back(0.2 * static_cast<double>(random.normal()));
  }
  return options;
}

/// The outputs after `time` by the classical Runge-Kutta method, given weights, R and I.
Vector reference_outputs(const GradedOptions& o, const std::vector<float>& cue, double time, int steps) {
  const std::size_t n = cue.size();
  const auto slope = [&](const Vector& u) {
    Vector result(n);
    for (std::size_t i = 0; i < n; ++i) {
      double current = o.input_current.empty() ? 0 : o.input_current[i];
      for (std::size_t j = 0; j < n; ++j) current += o.weights[i * n + j] * std::tanh(o.gain * u[j]);
      result[i] = (current - u[i] / (o.resistance.empty() ? 1 : o.resistance[i])) / o.capacitance;
    }
    return result;
  };
  const auto moved = [&](Vector u, const Vector& k, double h) {
    for (std::size_t i = 0; i < n; ++i) u[i] += h * k[i];
    return u;
  };
  Vector u(n);
  for (std::size_t i = 0; i < n; ++i) u[i] = std::atanh(static_cast<double>(cue[i])) / o.gain;
  const double h = time / steps;
  for (int s = 0; s < steps; ++s) {
    const Vector k1 = slope(u);
    const Vector k2 = slope(moved(u, k1, h / 2));
    const Vector k3 = slope(moved(u, k2, h / 2));
    const Vector k4 = slope(moved(u, k3, h));
    for (std::size_t i = 0; i < n; ++i) u[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }
  for (double& x : u) x = std::tanh(o.gain * x);
  return u;
}

double largest_difference(const std::vector<float>& a, const Vector& b) {
  double most = 0;
  for (std::size_t i = 0; i < b.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
  return most;
}

std::vector<float> random_outputs(std::size_t n, Random& random) {
  std::vector<float> outputs(n);
  for (float& v : outputs) v = random.uniform(-0.9f, 0.9f);
  return outputs;
}

TEST(GradedMemory, FollowsTheDifferentialEquation) {
  Random random(1);
  constexpr std::size_t kUnits = 24;
  GradedOptions options = full_options(kUnits, random);
  options.rest = 1e-12;
  const std::vector<float> cue = random_outputs(kUnits, random);
  const double sweep =
      options.capacitance * *std::max_element(options.resistance.begin(), options.resistance.end());
  double previous = 1;
  for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
    options.relative_tolerance = options.absolute_tolerance = tolerance;
    const GradedMemory memory(kUnits, options);
    double worst = 0;
    for (const std::int64_t sweeps : {1, 2, 4}) {
      const Recall run = memory.recall(cue, {.max_sweeps = sweeps});
      const double time = sweep * static_cast<double>(sweeps);
      worst = std::max(worst, largest_difference(run.state, reference_outputs(options, cue, time, 1500)));
    }
    // Errors of the steps add up, and some modes let them grow; a float holds 6e-8.
    EXPECT_LT(worst, 100 * tolerance + 6e-8);
    EXPECT_LT(worst, previous);
    previous = worst;
  }
}

TEST(GradedMemory, HebbRuleIsTheMatrixItDoesNotForm) {
  Random random(2);
  constexpr std::size_t kUnits = 45;
  GradedMemory memory(kUnits, {.gain = 4});
  std::vector<std::vector<float>> patterns;
  for (int mu = 0; mu < 5; ++mu) {
    patterns.push_back(random_signs(kUnits, random));
    memory.store(patterns.back());
  }
  memory.forget(1);
  patterns.erase(patterns.begin() + 1);
  const GradedMemory formed(kUnits, {.gain = 4, .weights = hebb_weights(patterns)});
  const std::vector<float> state = random_outputs(kUnits, random);
  const auto a = memory.field(state);
  const auto b = formed.field(state);
  for (std::size_t i = 0; i < kUnits; ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
  EXPECT_NEAR(*memory.energy(state), *formed.energy(state), 1e-12 * kUnits);
  const Recall run = memory.recall(state, {.max_sweeps = 3});
  EXPECT_LT(largest_difference(run.state, reference_outputs(formed.options(), state, 3, 1500)), 1e-4);
  EXPECT_EQ(memory.size(), 4);
  EXPECT_EQ(memory.pattern(1), patterns[1]);
}

TEST(GradedMemory, EnergyIsItsDefinition) {
  Random random(3);
  constexpr std::size_t kUnits = 9;
  const GradedOptions o = full_options(kUnits, random);
  const GradedMemory memory(kUnits, o);
  for (int trial = 0; trial < 20; ++trial) {
    const std::vector<float> v = random_outputs(kUnits, random);
    double expected = 0;
    for (std::size_t i = 0; i < kUnits; ++i) {
      for (std::size_t j = 0; j < kUnits; ++j)
        expected -= 0.5 * o.weights[i * kUnits + j] * static_cast<double>(v[i] * 1.0 * v[j]);
      expected -= o.input_current[i] * static_cast<double>(v[i]);
      // Simpson's rule for the integral of artanh.
      constexpr int kParts = 2000;
      const double h = static_cast<double>(v[i]) / kParts;
      double area = 0;
      for (int k = 0; k <= kParts; ++k)
        area += (k == 0 || k == kParts ? 1 : k % 2 == 1 ? 4 : 2) * std::atanh(h * k) * h / 3;
      expected += area / (o.gain * o.resistance[i]);
    }
    EXPECT_NEAR(*memory.energy(v), expected, 1e-6);
  }
  // At saturation the integral is log 2.
  const GradedMemory lone(1, {.gain = 2, .weights = {0}});
  EXPECT_NEAR(*lone.energy(std::vector<float>{1}), std::log(2) / 2, 1e-12);
}

TEST(GradedMemory, EnergyNeverRisesAlongARun) {
  Random random(4);
  constexpr std::size_t kUnits = 40;
  for (int trial = 0; trial < 12; ++trial) {
    GradedOptions options = full_options(kUnits, random);
    options.gain = trial % 3 == 0 ? 1.5 : trial % 3 == 1 ? 8 : 100;
    const GradedMemory memory(kUnits, options);
    const auto points = memory.trajectory(random_outputs(kUnits, random));
    ASSERT_GT(points.size(), 10U);
    for (std::size_t k = 1; k < points.size(); ++k) {
      EXPECT_LE(*points[k].energy, *points[k - 1].energy + 1e-12 * std::abs(*points[k].energy));
      EXPECT_GT(points[k].time, points[k - 1].time);
    }
    EXPECT_LT(*points.back().energy, *points.front().energy - 0.1);
    EXPECT_LT(points.back().speed, 1e-2 * points.front().speed);
  }
}

TEST(GradedMemory, RestsWhereTheCurrentsCancel) {
  Random random(5);
  constexpr std::size_t kUnits = 60;
  GradedMemory memory(kUnits, {.gain = 5});
  for (int mu = 0; mu < 4; ++mu) memory.store(random_signs(kUnits, random));
  const auto cue = flipped(memory.pattern(2), 6, random);
  const Recall run = memory.recall(cue, {.trace = true});
  ASSERT_TRUE(run.converged());
  // V = tanh(gain R field).
  const auto field = memory.field(run.state);
  for (std::size_t i = 0; i < kUnits; ++i)
    EXPECT_NEAR(run.state[i], std::tanh(5 * static_cast<double>(field[i])), 5e-4);
  EXPECT_GT(memory.overlaps(run.state)[2], 0.99);
  EXPECT_EQ(run.trace.size(), static_cast<std::size_t>(run.sweeps) + 1);
  EXPECT_EQ(run.trace.front().sweep, 0);
  EXPECT_EQ(run.trace.front().energy, run.energy_start);
  EXPECT_EQ(run.trace.back().energy, run.energy_end);
  EXPECT_NEAR(*run.energy_end, *memory.energy(run.state), 1e-6);
  std::int64_t flips = 0;
  for (const TracePoint& point : run.trace) flips += point.flips;
  EXPECT_EQ(flips, run.flips);
  EXPECT_EQ(flips, 6);
}

TEST(GradedMemory, HoldsALonePatternWhenTheGainIsAboveOne) {
  constexpr std::size_t kUnits = 400;
  Random random(6);
  for (const double gain : {0.8, 1.5, 3.0}) {
    GradedMemory memory(kUnits,
                        {.gain = gain, .relative_tolerance = 1e-8, .absolute_tolerance = 1e-8, .rest = 1e-6});
    memory.store(random_signs(kUnits, random));
    const Recall run = memory.recall(memory.pattern(0));
    ASSERT_TRUE(run.converged());
    // m = tanh(gain (1 - 1/N) m): by bisection for the largest root.
    double low = 1e-9, high = 1;
    for (int k = 0; k < 200; ++k) {
      const double middle = (low + high) / 2;
      (std::tanh(gain * (1 - 1.0 / kUnits) * middle) > middle ? low : high) = middle;
    }
    double m = 0;
    for (std::size_t i = 0; i < kUnits; ++i)
      m += static_cast<double>(run.state[i] * memory.pattern(0)[i]) / kUnits;
    EXPECT_NEAR(m, gain < 1 ? 0 : low, 1e-4) << gain;
  }
}

TEST(GradedMemory, OfHighGainIsTheBinaryMemory) {
  constexpr std::size_t kUnits = 120;
  int recalled = 0;
  for (std::uint64_t trial = 0; trial < 10; ++trial) {
    Random random(7, trial);
    std::vector<std::vector<float>> patterns;
    GradedMemory memory(kUnits, {.gain = 1000});
    for (int mu = 0; mu < 10; ++mu) {
      patterns.push_back(random_signs(kUnits, random));
      memory.store(patterns.back());
    }
    const Vector weights = hebb_weights(patterns);
    const auto binary_field = [&](const std::vector<float>& s, std::size_t i) {
      double h = 0;
      for (std::size_t j = 0; j < kUnits; ++j) h += weights[i * kUnits + j] * static_cast<double>(s[j]);
      return h;
    };
    std::vector<float> binary = flipped(patterns[0], 12, random);
    const Recall run = memory.recall(binary);
    ASSERT_TRUE(run.converged());
    // Asynchronous binary recall of the same cue.
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < kUnits; ++i) {
        if (binary_field(binary, i) * static_cast<double>(binary[i]) >= 0) continue;
        binary[i] = -binary[i];
        moved = true;
      }
    }
    // Where all outputs are saturated, their signs rest in the binary memory too.
    std::vector<float> signs = run.state;
    float least = 1;
    for (float& s : signs) {
      least = std::min(least, std::abs(s));
      s = s > 0 ? 1.0f : -1.0f;
    }
    if (least > 0.999f) {
      for (std::size_t i = 0; i < kUnits; ++i)
        EXPECT_GT(binary_field(signs, i) * static_cast<double>(signs[i]), 0);
    }
    recalled += signs == binary ? 1 : 0;
  }
  // At this load nearly all cues lead both to the pattern; a few may part near a border of basins.
  EXPECT_GE(recalled, 9);
}

TEST(GradedMemory, WithoutSymmetryThereIsNoEnergy) {
  Random random(8);
  const GradedMemory memory(6, {.weights = random_weights(6, false, random)});
  EXPECT_FALSE(memory.has_energy());
  const Recall run = memory.recall(random_outputs(6, random), {.max_sweeps = 5, .trace = true});
  EXPECT_FALSE(run.energy_start || run.energy_end || run.trace.front().energy);
  EXPECT_FALSE(memory.energy(random_outputs(6, random)).has_value());
}

TEST(GradedMemory, NeverRestsOnACircleAndSaysSo) {
  // Two units, one drives, the other brakes: the outputs go round.
  const GradedMemory memory(2, {.gain = 10, .weights = {2, -2, 2, 2}});
  const Recall run = memory.recall(std::vector<float>{0.5f, 0}, {.max_sweeps = 60});
  EXPECT_EQ(run.ending, Ending::step_limit);
  EXPECT_EQ(run.sweeps, 60);
  EXPECT_FALSE(run.converged());
  EXPECT_GT(run.flips, 10);
}

TEST(GradedMemory, BatchesGiveWhatSingleRunsGiveWithAnyNumberOfThreads) {
  Random random(9);
  constexpr std::size_t kUnits = 50;
  GradedMemory memory(kUnits);
  for (int mu = 0; mu < 3; ++mu) memory.store(random_signs(kUnits, random));
  std::vector<float> cues;
  for (int k = 0; k < 7; ++k) {
    const auto cue = random_outputs(kUnits, random);
    cues.insert(cues.end(), cue.begin(), cue.end());
  }
  const int before = threads();
  for (const int count : {1, 3}) {
    set_threads(count);
    const auto batch = memory.recall_batch(cues, {.trace = true});
    ASSERT_EQ(batch.size(), 7U);
    for (std::size_t k = 0; k < 7; ++k) {
      const Recall lone = memory.recall(std::span(cues).subspan(k * kUnits, kUnits), {.trace = true});
      EXPECT_EQ(batch[k].state, lone.state);
      EXPECT_EQ(batch[k].energy_end, lone.energy_end);
      EXPECT_EQ(batch[k].trace.size(), lone.trace.size());
    }
  }
  set_threads(before);
  EXPECT_THROW(memory.recall_batch(std::vector<float>(kUnits + 1)), ShapeError);
}

TEST(GradedMemory, RefusesWhatMakesNoSense) {
  EXPECT_THROW(GradedMemory(0), ConfigError);
  EXPECT_THROW(GradedMemory(std::int64_t{1} << 40), ConfigError);
  EXPECT_THROW(GradedMemory(2, {.gain = 0}), ConfigError);
  EXPECT_THROW(GradedMemory(2, {.gain = std::nan("")}), ConfigError);
  EXPECT_THROW(GradedMemory(2, {.capacitance = -1}), ConfigError);
  EXPECT_THROW(GradedMemory(2, {.resistance = {1, 0}}), ConfigError);
  EXPECT_THROW(GradedMemory(2, {.resistance = {1}}), ShapeError);
  EXPECT_THROW(GradedMemory(2, {.weights = {1, 2, 3}}), ShapeError);
  EXPECT_THROW(GradedMemory(1, {.weights = {std::numeric_limits<double>::infinity()}}), ConfigError);
  EXPECT_THROW(GradedMemory(2, {.rest = 0}), ConfigError);
  GradedMemory memory(2);
  const std::vector<float> pattern = {1, -1};
  EXPECT_THROW(memory.recall(pattern), ConfigError);
  memory.store(pattern);
  EXPECT_THROW(memory.store(pattern), DataError);
  EXPECT_THROW(memory.store(std::vector<float>{1, 0}), DataError);
  EXPECT_THROW(memory.store(std::vector<float>{1, 1, 1}), ShapeError);
  EXPECT_THROW(memory.recall(std::vector<float>{1, 1.5f}), DataError);
  EXPECT_THROW(memory.recall(std::vector<float>{1, std::nanf("")}), DataError);
  EXPECT_THROW(memory.recall(std::vector<float>{1}), ShapeError);
  EXPECT_THROW(memory.recall(pattern, {.order = Order::greedy}), ConfigError);
  EXPECT_THROW(memory.recall(pattern, {.temperatures = {1.0}}), ConfigError);
  EXPECT_THROW(memory.recall(pattern, {.max_sweeps = 0}), ConfigError);
  EXPECT_THROW(memory.forget(1), ShapeError);
  EXPECT_THROW(memory.pattern(-1), ShapeError);
  EXPECT_EQ(memory.size(), 1);
}

TEST(GradedMemory, GivesUpWhereNumbersOverflow) {
  const GradedMemory memory(2, {.weights = {1e308, 1e308, 1e308, 1e308}});
  const Recall run = memory.recall(std::vector<float>{1, 1}, {.max_sweeps = 3});
  EXPECT_FALSE(run.converged());
}

}  // namespace
}  // namespace hebb::memory
