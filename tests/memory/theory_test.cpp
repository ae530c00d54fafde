// The replica theory and the laws of capacity: known values, values by NumPy, and the equations themselves.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "golden.hpp"
#include "hebb/error.hpp"
#include "hebb/memory_theory.hpp"
#include "hebb/random.hpp"

namespace hebb::memory::theory {
namespace {

using testing::find;
using testing::Golden;
using testing::read_golden;

const Golden& golden() {
  static const Golden values = read_golden("memory/golden/theory.txt");
  return values;
}

/// << f(z) >> by the plainest rule, at a step far below the width of the kink of tanh.
double average(const std::function<double(double)>& f) {
  constexpr double kStep = 5e-4;
  double sum = 0;
  for (int i = -18000; i <= 18000; ++i) {
    const double z = kStep * i;
    sum += f(z) * std::exp(-z * z / 2);
  }
  return sum * kStep / std::sqrt(2 * std::numbers::pi);
}

/// The free energy of the header, of any m, q, r.
double free_energy(double load, double t, double m, double q, double r) {
  const double c = (1 - q) / t;
  const double noise = std::sqrt(load * r);
  const double units = average([&](double z) {
    const double u = std::abs(m + noise * z) / t;
    return u + std::log1p(std::exp(-2 * u));
  });
  return load / 2 + m * m / 2 + load * t / 2 * std::log(1 - c) - load / 2 * q / (1 - c) + load * r * c / 2 -
         t * units;
}

TEST(Replicas, AgreeWithIterationByNumPy) {
  int states = 0;
  for (const auto& [name, values] : golden()) {
    if (name != "retrieval" && name != "spin_glass") continue;
    const auto state =
        name == "retrieval" ? retrieval(values[0], values[1]) : spin_glass(values[0], values[1]);
    ASSERT_TRUE(state) << name << " " << values[0] << " " << values[1];
    EXPECT_NEAR(state->overlap, values[2], 1e-9) << name << " " << values[0];
    EXPECT_NEAR(state->frozen, values[3], 1e-9) << name << " " << values[0];
    EXPECT_NEAR(state->noise, values[4], 1e-8 * values[4]) << name << " " << values[0];
    // The average of |x| by the trapezoidal rule has an error of the square of its step.
    EXPECT_NEAR(state->free_energy, values[5], values[1] == 0 ? 2e-5 : 1e-9) << name << " " << values[0];
    ++states;
  }
  EXPECT_EQ(states, 17);
}

TEST(Replicas, LinesAgreeWithHalvingByNumPy) {
  int points = 0;
  for (const auto& [name, values] : golden()) {
    if (name == "critical_load") {
      EXPECT_NEAR(critical_point(values[0])->load, values[1], 2e-6) << values[0];
    } else if (name == "ferromagnetic_load") {
      EXPECT_NEAR(ferromagnetic_load(values[0]), values[1], values[0] == 0 ? 2e-5 : 1e-7) << values[0];
    } else {
      continue;
    }
    ++points;
  }
  EXPECT_EQ(points, 7);
}

TEST(Replicas, AreWhatThePapersSay) {
  const auto end = critical_point(0);
  EXPECT_NEAR(end->load, 0.1379, 5e-5);
  EXPECT_NEAR(end->overlap, 0.967, 5e-4);
  EXPECT_NEAR(retrieval(0.12, 0)->overlap, 0.993, 5e-4);
  EXPECT_NEAR(retrieval(0.13, 0)->overlap, 0.987, 5e-4);
  EXPECT_NEAR(ferromagnetic_load(0), 0.051, 1e-3);
  // The entropy is slightly negative (Amit, Gutfreund, Sompolinsky 1987: -1.4e-3 at alpha_c).
  EXPECT_NEAR(retrieval(end->load, 0)->entropy, -1.4e-3, 5e-5);
  // Near T = 1: T_M = 1 - 1.95 sqrt(alpha), T_c = 1 - 2.6 sqrt(alpha) (1985).
  EXPECT_NEAR((1 - 0.999) / std::sqrt(critical_point(0.999)->load), 1.95, 0.01);
  EXPECT_NEAR((1 - 0.999) / std::sqrt(ferromagnetic_load(0.999)), 2.6, 0.01);
  // The end of retrieval re-enters (Naef, Canning 1992: alpha_c = 0.138186 at T = 0.023).
  EXPECT_NEAR(critical_point(0.023)->load, 0.138186, 5e-6);
  EXPECT_GT(critical_point(0.023)->load, critical_point(0.02)->load);
  EXPECT_GT(critical_point(0.023)->load, critical_point(0.026)->load);
  // The energy of the spin glass at T = 0 (1985), in closed form.
  for (const double load : {0.001, 0.05, 0.7, 30.0}) {
    const double energy = -1 / std::numbers::pi - std::sqrt(2 * load / std::numbers::pi);
    EXPECT_NEAR(spin_glass(load, 0)->energy, energy, 1e-12 * (1 + load));
  }
}

TEST(Replicas, SolveTheirEquations) {
  for (const double t : {0.005, 0.05, 0.2, 0.5, 0.8, 0.97, 1.2, 1.9}) {
    const auto end = critical_point(t);
    std::vector<std::optional<ReplicaState>> states = {spin_glass(0.3, t), spin_glass(1, t)};
    if (end) {
      states.push_back(spin_glass(end->load, t));
      for (const double part : {0.01, 0.5, 0.95, 1.0}) states.push_back(retrieval(part * end->load, t));
    }
    for (const auto& state : states) {
      if (!state) continue;
      const double noise = std::sqrt(state->load * state->noise);
      const double m = average([&](double z) { return std::tanh((state->overlap + noise * z) / t); });
      const double q =
          average([&](double z) { return std::pow(std::tanh((state->overlap + noise * z) / t), 2); });
      const double c = (1 - q) / t;
      SCOPED_TRACE(t);
      EXPECT_NEAR(state->overlap, m, 1e-11);
      EXPECT_NEAR(state->frozen, q, 1e-11);
      EXPECT_NEAR(state->response, c, 1e-10 / t);
      EXPECT_NEAR(state->noise, q / ((1 - c) * (1 - c)), 1e-7 * state->noise);
      EXPECT_NEAR(state->free_energy,
                  free_energy(state->load, t, state->overlap, state->frozen, state->noise), 1e-10);
      EXPECT_NEAR(state->free_energy, state->energy - t * state->entropy, 1e-12);
    }
  }
}

TEST(Replicas, RestWhereTheFreeEnergyIsStationary) {
  for (const auto& state : {retrieval(0.05, 0.3), retrieval(0.01, 0.7), spin_glass(0.2, 0.5)}) {
    const double load = state->load, t = state->temperature;
    const double m = state->overlap, q = state->frozen, r = state->noise;
    const double d = 1e-5;
    const auto slope = [&](double dm, double dq, double dr) {
      return (free_energy(load, t, m + dm, q + dq, r + dr) - free_energy(load, t, m - dm, q - dq, r - dr)) /
             (2 * d);
    };
    EXPECT_NEAR(slope(d, 0, 0), 0, 1e-8);
    EXPECT_NEAR(slope(0, d, 0), 0, 1e-8);
    EXPECT_NEAR(slope(0, 0, d), 0, 1e-8);
    // Of what is not stationary, the same difference shows it.
    EXPECT_GT(std::abs(free_energy(load, t, m + 0.1, q, r) - free_energy(load, t, m, q, r)), 1e-4);
    // The entropy is the slope with temperature.
    const auto at = [&](double temperature) {
      return (m > 0 ? retrieval(load, temperature) : spin_glass(load, temperature))->free_energy;
    };
    EXPECT_NEAR(-(at(t + d) - at(t - d)) / (2 * d), state->entropy, 1e-8);
  }
}

TEST(Replicas, GoOverIntoTemperatureZero) {
  for (const double load : {0.001, 0.05, 0.12, 0.137}) {
    const auto cold = retrieval(load, 0);
    const auto glass = spin_glass(load, 0);
    for (const double t : {1e-3, 1e-5, 1e-8, 1e-11, 1e-13, 1e-300}) {
      // The entropy at zero tells how the free energy sets out; overlaps go as T.
      EXPECT_NEAR(retrieval(load, t)->free_energy, cold->free_energy - t * cold->entropy,
                  0.5 * t * t + 1e-14);
      EXPECT_NEAR(spin_glass(load, t)->free_energy, glass->free_energy - t * glass->entropy, t * t + 1e-14);
      EXPECT_NEAR(retrieval(load, t)->overlap, cold->overlap, 2 * t + 1e-13);
    }
  }
  EXPECT_NEAR(critical_point(1e-8)->load, critical_point(0)->load, 1e-9);
  EXPECT_NEAR(critical_point(1e-8)->overlap, critical_point(0)->overlap, 1e-9);
}

TEST(Replicas, EndWhereTheyAreSaidToEnd) {
  for (const double t : {0.0, 0.01, 0.3, 0.9, 0.999, 1 - 1e-9}) {
    const auto end = critical_point(t);
    ASSERT_TRUE(end) << t;
    const auto last = retrieval(end->load, t);
    ASSERT_TRUE(last) << t;
    EXPECT_NEAR(last->overlap, end->overlap, 2e-5) << t;  // it falls as a square root
    EXPECT_FALSE(retrieval(end->load * (1 + 1e-9), t)) << t;
    EXPECT_GT(retrieval(end->load * 0.9, t)->overlap, end->overlap) << t;
    if (t > 0.024) {
      EXPECT_NEAR(retrieval_temperature(end->load), t, 1e-7);
    }
    if (t > 0.09 && t < 0.9999) {
      const double equal = ferromagnetic_load(t);
      EXPECT_NEAR(ferromagnetic_temperature(equal), t, 1e-7);
      EXPECT_LT(retrieval(0.9 * equal, t)->free_energy, spin_glass(0.9 * equal, t)->free_energy);
      EXPECT_GT(retrieval(1.1 * equal, t)->free_energy, spin_glass(1.1 * equal, t)->free_energy);
    }
  }
  for (const double t : {1.0, 1.5, 1e300}) {
    EXPECT_FALSE(critical_point(t));
    EXPECT_FALSE(retrieval(0, t));
    EXPECT_EQ(ferromagnetic_load(t), 0);
  }
  EXPECT_EQ(retrieval_temperature(0.2), 0);
  EXPECT_EQ(ferromagnetic_temperature(0.06), 0);
  for (const double load : {1e-6, 0.04, 1.0, 100.0}) {
    const double end = spin_glass_temperature(load);
    EXPECT_DOUBLE_EQ(end, 1 + std::sqrt(load));
    EXPECT_FALSE(spin_glass(load, end));
    const auto last = spin_glass(load, 1 + (end - 1) * 0.9999);
    ASSERT_TRUE(last);
    EXPECT_GT(last->frozen, 0);
    EXPECT_LT(last->frozen, 1e-3);
  }
  // Without other patterns it is the ferromagnet of Curie and Weiss.
  EXPECT_EQ(retrieval(0, 0)->overlap, 1);
  const double m = retrieval(0, 0.5)->overlap;
  EXPECT_NEAR(m, std::tanh(m / 0.5), 1e-15);
}

TEST(Replicas, RefuseWhatIsNoLoadAndNoTemperature) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {-1e-9, inf, -inf, std::nan("")}) {
    EXPECT_THROW(retrieval(bad, 0), ConfigError);
    EXPECT_THROW(retrieval(0.1, bad), ConfigError);
    EXPECT_THROW(spin_glass(bad, 0), ConfigError);
    EXPECT_THROW(spin_glass(0.1, bad), ConfigError);
    EXPECT_THROW(critical_point(bad), ConfigError);
    EXPECT_THROW(ferromagnetic_load(bad), ConfigError);
    EXPECT_THROW(ferromagnetic_temperature(bad), ConfigError);
    EXPECT_THROW(retrieval_temperature(bad), ConfigError);
    EXPECT_THROW(spin_glass_temperature(bad), ConfigError);
  }
  EXPECT_THROW(spin_glass(0, 0), ConfigError);
}

TEST(Laws, OfGardnerAgreeWithQuadratureByNumPy) {
  int points = 0;
  for (const auto& [name, values] : golden()) {
    if (name != "gardner_load") continue;
    EXPECT_NEAR(gardner_load(values[0]), values[1], 1e-8);
    ++points;
  }
  EXPECT_EQ(points, 4);
  EXPECT_DOUBLE_EQ(gardner_load(0), 2);
  EXPECT_DOUBLE_EQ(gardner_capacity(1000), 2000);
  EXPECT_NEAR(gardner_load(50) * 50 * 50, 1, 1e-3);  // weights that are worth one another
}

TEST(Laws, AreWhatThePapersSay) {
  EXPECT_DOUBLE_EQ(hopfield_capacity(100), 15);
  EXPECT_NEAR(mceliece_capacity(10000), 542.87, 0.01);
  EXPECT_NEAR(mceliece_capacity_of_all(10000), 271.43, 0.01);
  EXPECT_NEAR(mceliece_capacity(10000, 0.25), 542.87 / 4, 0.01);
  EXPECT_NEAR(storkey_capacity(10000), 2329.9, 0.1);
  EXPECT_DOUBLE_EQ(projection_capacity(7), 7);
  // (2n-3)!! is 1, 3, 15, 105.
  const double log_n = std::log(50.0);
  EXPECT_NEAR(dense_capacity_without_errors(50, 2), 50 / (2 * log_n), 1e-9);
  EXPECT_NEAR(dense_capacity_without_errors(50, 3), 2500 / (6 * log_n), 1e-9);
  EXPECT_NEAR(dense_capacity_without_errors(50, 4), 125000 / (30 * log_n), 1e-7);
  EXPECT_NEAR(dense_capacity_without_errors(50, 5), 6250000 / (210 * log_n), 1e-6);
  EXPECT_NEAR(exponential_capacity(20), 1024, 1e-9);
  EXPECT_NEAR(exponential_rate(0.25), (1.5 * std::log(1.5) + 0.5 * std::log(0.5)) / 4, 1e-15);
  EXPECT_EQ(exponential_capacity(1 << 20), std::numeric_limits<double>::infinity());
  EXPECT_GT(dense_capacity_without_errors(1 << 20, 60), 1e200);
  // Hertz, Krogh, Palmer, table 2.1: the share of errors by load.
  EXPECT_NEAR(unstable_bits(10000, 1050), 0.001, 2e-5);
  EXPECT_NEAR(unstable_bits(10000, 1380), 0.0036, 5e-5);
  EXPECT_NEAR(unstable_bits(10000, 1850), 0.01, 1e-4);
  EXPECT_NEAR(unstable_bits(10000, 3700), 0.05, 5e-4);
  EXPECT_NEAR(unstable_bits(10000, 6100), 0.1, 5e-4);
}

TEST(Laws, OfErrorsAreInverseToThoseOfCapacity) {
  for (const int degree : {2, 3, 4, 7}) {
    for (const double error : {0.3, 0.005, 1e-10}) {
      EXPECT_NEAR(unstable_bits(200, dense_capacity(200, degree, error), degree), error, 1e-11 * error);
    }
  }
  EXPECT_EQ(unstable_bits(100, 0), 0);
  EXPECT_EQ(unstable_bits(100, 17, 2), unstable_bits(100, 17));
}

TEST(Laws, OfUnstableBitsAreMeasured) {
  constexpr int kUnits = 500, kPatterns = 150;
  Random random(3);
  std::vector<std::vector<int>> patterns(kPatterns, std::vector<int>(kUnits));
  for (auto& pattern : patterns) {
    for (int& value : pattern) value = static_cast<int>(random.below(2)) * 2 - 1;
  }
  int unstable = 0;
  for (const auto& pattern : patterns) {
    std::vector<int> field(kUnits, -kPatterns);  // without the diagonal: seen through the pattern
    for (const auto& other : patterns) {
      int overlap = 0;
      for (std::size_t i = 0; i < kUnits; ++i) overlap += pattern[i] * other[i];
      for (std::size_t i = 0; i < kUnits; ++i) field[i] += overlap * other[i] * pattern[i];
    }
    for (const int h : field) unstable += h < 0;
  }
  const double share = static_cast<double>(unstable) / (kUnits * kPatterns);
  const double law = unstable_bits(kUnits, kPatterns);
  EXPECT_NEAR(share, law, 4 * std::sqrt(law / (kUnits * kPatterns)) + law / kPatterns) << law;
}

TEST(Laws, RefuseWhatHasNoCapacity) {
  EXPECT_THROW(hopfield_capacity(1), ConfigError);
  EXPECT_THROW(mceliece_capacity(2), ConfigError);
  EXPECT_THROW(storkey_capacity(-5), ConfigError);
  EXPECT_THROW(projection_capacity(0), ConfigError);
  EXPECT_THROW(mceliece_capacity(100, 0.5), ConfigError);
  EXPECT_THROW(mceliece_capacity(100, -0.1), ConfigError);
  EXPECT_THROW(exponential_rate(std::nan("")), ConfigError);
  EXPECT_THROW(gardner_load(-1), ConfigError);
  EXPECT_THROW(gardner_load(std::nan("")), ConfigError);
  EXPECT_THROW(dense_capacity(100, 1), ConfigError);
  EXPECT_THROW(dense_capacity(100, 3, 0), ConfigError);
  EXPECT_THROW(dense_capacity(100, 3, 0.5), ConfigError);
  EXPECT_THROW(unstable_bits(100, -1), ConfigError);
  EXPECT_THROW(unstable_bits(100, std::nan("")), ConfigError);
}

}  // namespace
}  // namespace hebb::memory::theory
