// Quadratic energies and what minimises them, against plain sums and exhaustive search.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>

#include "hebb/energy_descent.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"

namespace hebb::memory {
namespace {

using State = std::vector<float>;

/// Everything an energy can have, and beside it the same as a function written down plainly.
struct Sample {
  QuadraticEnergy energy;
  std::function<double(const State&)> plain;
};

double normal(Random& random) { return static_cast<double>(random.normal()); }

Sample random_sample(std::int64_t n, Units units, Random& random) {
  Sample sample{QuadraticEnergy(n, units), {}};
  const auto index = [&] { return static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(n))); };
  std::vector<double> linear(static_cast<std::size_t>(n));
  struct Product {
    std::int64_t i, j;
    double c;
  };
  std::vector<Product> products;
  struct Whole {
    std::vector<Term> sum;
    double target, weight;
  };
  std::vector<Whole> squares;
  const double constant = normal(random);
  sample.energy.add_constant(constant);
  for (std::int64_t k = 0; k < 2 * n; ++k) {
    const std::int64_t i = index();
    const double c = normal(random);
    sample.energy.add(i, c);
    linear[static_cast<std::size_t>(i)] += c;
  }
  for (std::int64_t k = 0; k < 3 * n; ++k) {
    products.push_back({index(), index(), normal(random)});  // i = j and pairs that come twice among them
    sample.energy.add(products.back().i, products.back().j, products.back().c);
  }
  for (int k = 0; k < 4; ++k) {
    std::vector<Term> sum;
    for (std::int64_t t = 0; t < n; ++t) sum.push_back({index(), normal(random)});  // variables come twice
    squares.push_back({sum, normal(random), 0.3 * normal(random)});
    sample.energy.add_square(sum, squares.back().target, squares.back().weight);
  }
  sample.plain = [=](const State& x) {
    const auto at = [&](std::int64_t i) { return static_cast<double>(x[static_cast<std::size_t>(i)]); };
    double e = constant;
    for (std::int64_t i = 0; i < n; ++i) e += linear[static_cast<std::size_t>(i)] * at(i);
    for (const auto& p : products) e += p.c * at(p.i) * at(p.j);
    for (const auto& s : squares) {
      double sum = 0;
      for (const Term& t : s.sum) sum += t.coefficient * at(t.variable);
      e += s.weight * (sum - s.target) * (sum - s.target);
    }
    return e;
  };
  return sample;
}

State state_number(std::uint64_t bits, std::int64_t n, Units units) {
  State state;
  for (std::int64_t i = 0; i < n; ++i)
    state.push_back((bits >> i & 1U) != 0 ? 1.0f : units == Units::zero_one ? 0.0f : -1.0f);
  return state;
}

State changed(State state, std::size_t i, Units units) {
  state[i] = units == Units::zero_one ? 1 - state[i] : -state[i];
  return state;
}

constexpr Units kUnits[] = {Units::zero_one, Units::plus_minus_one};

TEST(QuadraticEnergy, IsTheSumOfItsTerms) {
  Random random(1);
  for (const Units units : kUnits) {
    for (int trial = 0; trial < 20; ++trial) {
      const Sample sample = random_sample(7, units, random);
      State state;
      for (int i = 0; i < 7; ++i) state.push_back(random.uniform(units == Units::zero_one ? 0.0f : -1.0f, 1));
      EXPECT_NEAR(sample.energy.value(state), sample.plain(state), 1e-10);
    }
  }
}

TEST(QuadraticEnergy, EnumerationFindsTheLowestState) {
  Random random(2);
  for (const Units units : kUnits) {
    for (int trial = 0; trial < 10; ++trial) {
      const std::int64_t n = 1 + trial;
      const Sample sample = random_sample(n, units, random);
      double lowest = std::numeric_limits<double>::infinity();
      for (std::uint64_t k = 0; k < std::uint64_t{1} << n; ++k)
        lowest = std::min(lowest, sample.plain(state_number(k, n, units)));
      const Enumeration found = enumerate(sample.energy);
      EXPECT_NEAR(found.energy, lowest, 1e-10);
      EXPECT_NEAR(sample.plain(found.state), lowest, 1e-10);
      EXPECT_EQ(found.minima, 1);
    }
  }
  // Exactly two of thirteen: enough states to make sums anew on the way.
  QuadraticEnergy two(13);
  std::vector<Term> sum;
  for (std::int64_t i = 0; i < 13; ++i) sum.push_back({i, 0.1});
  two.add_square(sum, 0.2, 1e6);
  const Enumeration found = enumerate(two);
  EXPECT_EQ(found.minima, 13 * 12 / 2);
  EXPECT_NEAR(found.energy, 0, 1e-9);
}

TEST(EnergyDescent, RestsWhereNoSingleChangeHelps) {
  Random random(3);
  for (const Units units : kUnits) {
    for (const Descent method : {Descent::asynchronous, Descent::annealing}) {
      const Sample sample = random_sample(30, units, random);
      DescentOptions options = {.method = method, .seed = 4};
      for (std::int64_t start = 0; start < 10; ++start) {
        const DescentRun run = descend(sample.energy, options, start);
        EXPECT_EQ(run.ending, Ending::fixed_point);
        EXPECT_NEAR(run.energy, sample.plain(run.state), 1e-9);
        for (std::size_t i = 0; i < 30; ++i)
          EXPECT_GE(sample.plain(changed(run.state, i, units)), run.energy - 1e-7);
        EXPECT_EQ(run.history.size(), static_cast<std::size_t>(run.sweeps) + 1);
        EXPECT_NEAR(run.history.back(), run.energy, 1e-9);
        if (method == Descent::annealing) continue;
        for (std::size_t k = 1; k < run.history.size(); ++k) EXPECT_LE(run.history[k], run.history[k - 1]);
      }
    }
  }
}

TEST(EnergyDescent, FindsTheLowestStateOfSmallEnergies) {
  Random random(5);
  for (const Units units : kUnits) {
    for (const Descent method : {Descent::asynchronous, Descent::annealing, Descent::graded}) {
      for (int trial = 0; trial < 4; ++trial) {
        const Sample sample = random_sample(12, units, random);
        DescentOptions options = {.method = method, .starts = 150};
        options.graded.start = units == Units::zero_one ? 0.5 : 0.0;
        options.graded.noise = 3;
        const Minimum found = minimize(sample.energy, options);
        EXPECT_NEAR(found.energy, sample.plain(found.state), 1e-9);
        const double lowest = enumerate(sample.energy).energy;
        EXPECT_GE(found.energy, lowest - 1e-9);
        // Graded units follow the energy between the corners, which need not lead to the lowest of them.
        if (method != Descent::graded) {
          EXPECT_NEAR(found.energy, lowest, 1e-9);
        }
        EXPECT_EQ(found.energies.size(), 150U);
        EXPECT_GE(found.hits, 1);
        EXPECT_NEAR(found.energies[static_cast<std::size_t>(found.start)], found.energy, 1e-9);
      }
    }
  }
}

TEST(EnergyDescent, AnnealingObeysGlauberAtOneTemperature) {
  // One free spin: after a sweep at T it is up with probability 1 / (1 + exp(2 b / T)) for E = b s.
  QuadraticEnergy energy(1, Units::plus_minus_one);
  energy.add(0, 0.7);
  constexpr double kTemperature = 1.3;
  int up = 0, back = 0;
  constexpr int kStarts = 4000;
  for (int k = 0; k < kStarts; ++k) {
    // Descent at temperature zero would undo it: what happened at T is read from the history.
    const DescentRun run = descend(
        energy, {.method = Descent::annealing, .temperatures = {kTemperature, kTemperature}, .seed = 9}, k);
    up += run.history[2] > 0 ? 1 : 0;
    back += run.state[0] == -1 ? 1 : 0;
  }
  const double expected = 1 / (1 + std::exp(2 * 0.7 / kTemperature));
  const double error = std::sqrt(expected * (1 - expected) / kStarts);
  EXPECT_NEAR(static_cast<double>(up) / kStarts, expected, 4 * error);
  EXPECT_EQ(back, kStarts);
}

TEST(EnergyDescent, GradedUnitsGoDownhillAndDecide) {
  Random random(6);
  for (const Units units : kUnits) {
    const Sample sample = random_sample(20, units, random);
    DescentOptions options = {.method = Descent::graded, .seed = 1};
    options.graded.start = units == Units::zero_one ? 0.4 : -0.2;
    options.graded.tolerance = 1e-6;
    for (std::int64_t start = 0; start < 5; ++start) {
      const DescentRun run = descend(sample.energy, options, start);
      EXPECT_EQ(run.ending, Ending::fixed_point);
      ASSERT_GT(run.history.size(), 10U);
      EXPECT_LE(run.history.size(), 512U);
      for (std::size_t k = 1; k < run.history.size(); ++k)
        EXPECT_LE(run.history[k], run.history[k - 1] + 1e-9 * std::abs(run.history[k]));
      EXPECT_NEAR(run.energy, sample.plain(run.state), 1e-9);
    }
  }
}

TEST(EnergyDescent, GradedUnitsFollowTheirEquation) {
  // Two units, by Euler's method with tiny steps.
  QuadraticEnergy energy(2);
  energy.add(0, 1, 3);
  energy.add_square({{0}, {1, 2}}, 1, 2);
  energy.add(0, -0.4);
  DescentOptions options = {.method = Descent::graded};
  options.graded = {.width = 0.5, .time_constant = 0.7, .start = 0.3, .noise = 0, .max_time = 40};
  const DescentRun run = descend(energy, options, 0);
  double u[2];
  u[0] = u[1] = 0.5 * std::atanh(2 * 0.3 - 1);
  double v[2];
  for (int k = 0; k < 400000; ++k) {
    for (int i = 0; i < 2; ++i) v[i] = (1 + std::tanh(u[i] / 0.5)) / 2;
    const double sum = v[0] + 2 * v[1] - 1;
    const double slope[2] = {3 * v[1] + 4 * sum - 0.4, 3 * v[0] + 8 * sum};
    for (int i = 0; i < 2; ++i) u[i] += 1e-4 * (-u[i] / 0.7 - slope[i]);
  }
  EXPECT_EQ(run.ending, Ending::fixed_point);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(run.state[i], u[i] > 0 ? 1 : 0);
  // The energy there, with the term of the inputs by its definition.
  double lyapunov = energy.value(State{static_cast<float>(v[0]), static_cast<float>(v[1])});
  for (int i = 0; i < 2; ++i) {
    constexpr int kParts = 20000;
    for (int k = 0; k < kParts; ++k) {
      const double at = 0.5 + (v[i] - 0.5) * (k + 0.5) / kParts;
      lyapunov += 0.5 / 0.7 * std::atanh(2 * at - 1) * (v[i] - 0.5) / kParts;
    }
  }
  EXPECT_NEAR(run.history.back(), lyapunov, 1e-3);
}

TEST(EnergyDescent, DoesNotDependOnThreadsNorOnOtherStarts) {
  Random random(7);
  const Sample sample = random_sample(25, Units::zero_one, random);
  const int before = threads();
  for (const Descent method : {Descent::asynchronous, Descent::annealing, Descent::graded}) {
    DescentOptions options = {.method = method, .starts = 130, .seed = 3};
    std::vector<std::int64_t> told;
    options.on_run = [&](std::int64_t start, const DescentRun&) {
      told.push_back(start);
      return true;
    };
    set_threads(1);
    const Minimum one = minimize(sample.energy, options);
    set_threads(3);
    const Minimum three = minimize(sample.energy, options);
    EXPECT_EQ(one.energies, three.energies);
    EXPECT_EQ(one.state, three.state);
    EXPECT_EQ(one.history, three.history);
    ASSERT_EQ(told.size(), 260U);
    for (std::int64_t k = 0; k < 260; ++k) EXPECT_EQ(told[static_cast<std::size_t>(k)], k % 130);
    EXPECT_EQ(descend(sample.energy, options, 77).energy, one.energies[77]);
    EXPECT_EQ(descend(sample.energy, options, one.start).state, one.state);
  }
  set_threads(before);
}

TEST(EnergyDescent, EndsWhenToldTo) {
  QuadraticEnergy energy(3);
  energy.add(1, -1);
  DescentOptions options = {.starts = 1000};
  options.on_run = [](std::int64_t start, const DescentRun&) { return start < 9; };
  const Minimum found = minimize(energy, options);
  EXPECT_EQ(found.energies.size(), 10U);
  EXPECT_EQ(found.energy, -1);
  EXPECT_EQ(found.hits, 10);
}

TEST(EnergyDescent, EndsWhenStopped) {
  Random random(10);
  const Sample sample = random_sample(10, Units::zero_one, random);
  std::atomic<bool> stop{true};
  for (const Descent method : {Descent::asynchronous, Descent::annealing, Descent::graded}) {
    DescentOptions options = {.method = method, .starts = 300, .stop = &stop};
    stop = true;
    const Minimum none = minimize(sample.energy, options);
    EXPECT_TRUE(none.energies.empty());
    EXPECT_TRUE(none.state.empty());
    EXPECT_EQ(none.hits, 0);
    stop = false;
    options.on_run = [&](std::int64_t start, const DescentRun&) {
      if (start == 20) stop = true;
      return true;
    };
    // The group of starts that was under way is told of, no other begins.
    const Minimum some = minimize(sample.energy, options);
    EXPECT_GE(some.energies.size(), 21U);
    EXPECT_LT(some.energies.size(), 300U);
  }
}

TEST(EnergyDescent, StopsAtItsLimits) {
  Random random(8);
  const Sample sample = random_sample(40, Units::zero_one, random);
  const DescentRun binary = descend(sample.energy, {.max_sweeps = 1}, 0);
  EXPECT_EQ(binary.ending, Ending::step_limit);
  EXPECT_EQ(binary.sweeps, 1);
  DescentOptions options = {.method = Descent::graded};
  options.graded.max_steps = 3;
  const DescentRun graded = descend(sample.energy, options, 0);
  EXPECT_EQ(graded.ending, Ending::step_limit);
  EXPECT_EQ(graded.sweeps, 3);
}

TEST(EnergyDescent, AFlatEnergyIsLeftAlone) {
  for (const Descent method : {Descent::asynchronous, Descent::annealing, Descent::graded}) {
    const Minimum found = minimize(QuadraticEnergy(4), {.method = method, .starts = 3});
    EXPECT_EQ(found.energy, 0);
    EXPECT_EQ(found.hits, 3);
    EXPECT_EQ(found.at_rest, 3);
  }
}

TEST(EnergyDescent, RefusesWhatMakesNoSense) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THROW(QuadraticEnergy(0), ConfigError);
  EXPECT_THROW(QuadraticEnergy(std::int64_t{1} << 40), ConfigError);
  QuadraticEnergy energy(3);
  EXPECT_THROW(energy.add(3, 1.0), ShapeError);
  EXPECT_THROW(energy.add(-1, 1.0), ShapeError);
  EXPECT_THROW(energy.add(0, 3, 1.0), ShapeError);
  EXPECT_THROW(energy.add(0, infinity), ConfigError);
  EXPECT_THROW(energy.add(0, 1, std::nan("")), ConfigError);
  EXPECT_THROW(energy.add_constant(infinity), ConfigError);
  EXPECT_THROW(energy.add_square({{0}, {7}}), ShapeError);
  EXPECT_THROW(energy.add_square({{0, infinity}}), ConfigError);
  EXPECT_THROW(energy.add_square({{0}}, infinity), ConfigError);
  EXPECT_THROW(energy.value(State{1, 0}), ShapeError);
  EXPECT_THROW(energy.value(State{1, 0, -1}), DataError);
  EXPECT_THROW(energy.value(State{1, 0, std::nanf("")}), DataError);
  EXPECT_EQ(energy.value(State{1, 0, 1}), 0);
  EXPECT_THROW(minimize(energy, {.starts = 0}), ConfigError);
  EXPECT_THROW(minimize(energy, {.max_sweeps = 0}), ConfigError);
  EXPECT_THROW(minimize(energy, {.temperatures = {1.0}}), ConfigError);
  EXPECT_THROW(minimize(energy, {.method = Descent::annealing, .temperatures = {1.0, 0.0}}), ConfigError);
  const auto graded = [&](const GradedUnits& units) {
    minimize(energy, {.method = Descent::graded, .graded = units});
  };
  EXPECT_THROW(graded({.width = 0}), ConfigError);
  EXPECT_THROW(graded({.time_constant = infinity}), ConfigError);
  EXPECT_THROW(graded({.start = 1}), ConfigError);
  EXPECT_THROW(graded({.noise = -1}), ConfigError);
  EXPECT_THROW(graded({.max_steps = 0}), ConfigError);
  EXPECT_THROW(descend(energy, {}, -1), ConfigError);
  EXPECT_THROW(enumerate(QuadraticEnergy(27)), ConfigError);
}

}  // namespace
}  // namespace hebb::memory
