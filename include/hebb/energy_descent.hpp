/// Optimization as energy descent: write what shall be small as a quadratic energy of binary variables, and
/// let a network of such units come to rest in it.
///
///     QuadraticEnergy energy(3);                  // x_0, x_1, x_2 of 0 or 1
///     energy.add(0, 2.0);                         // 2 x_0
///     energy.add(0, 2, -1.5);                     // - 1.5 x_0 x_2
///     energy.add_square({{0}, {1}, {2}}, 1, 10);  // 10 (x_0 + x_1 + x_2 - 1)^2: exactly one of them
///     const Minimum found = minimize(energy, {.starts = 1000});
///
/// hebb/energy_problems.hpp has well-known problems written so.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "hebb/binary_memory.hpp"
#include "hebb/memory.hpp"

namespace hebb::memory {

/// coefficient x_variable, in a sum.
struct Term {
  std::int64_t variable = 0;
  double coefficient = 1;
};

/// E(x) = constant + sum_i b_i x_i + sum_ij c_ij x_i x_j + sum_s w_s (sum_i a_si x_i - t_s)^2 of variables
/// that are 0 or 1, or -1 or 1. Terms add up. Squares are kept as they are written: each costs as many
/// operations as its sum has terms, not the square of it.
///
/// For binary variables x_i^2 is x_i (or 1), and it does not matter how an energy is written. Graded
/// units take x_i^2 as it stands, so there it does: a square makes a unit brake itself.
class QuadraticEnergy {
 public:
  /// Throws ConfigError unless variables is in 1 to 2^24.
  explicit QuadraticEnergy(std::int64_t variables, Units units = Units::zero_one);

  std::int64_t variables() const { return static_cast<std::int64_t>(linear_.size()); }
  Units units() const { return units_; }

  // All throw ShapeError for a variable that there is not, ConfigError for a number that is not finite.
  void add_constant(double value);
  void add(std::int64_t i, double coefficient);
  /// i = j adds x_i^2.
  void add(std::int64_t i, std::int64_t j, double coefficient);
  /// weight (sum - target)^2.
  void add_square(const std::vector<Term>& sum, double target = 0, double weight = 1);

  /// E of values [variables], which may lie between the two of a unit. Throws ShapeError for another size,
  /// DataError for values outside.
  double value(std::span<const float> state) const;

  /// The inside, for the parts of hebb::memory.
  struct Pair {
    std::int64_t i, j;
    double coefficient;
  };
  struct Square {
    std::vector<Term> sum;
    double target, weight;
  };
  double constant() const { return constant_; }
  const std::vector<double>& linear() const { return linear_; }
  const std::vector<Pair>& pairs() const { return pairs_; }
  const std::vector<Square>& squares() const { return squares_; }

 private:
  Units units_;
  double constant_ = 0;
  std::vector<double> linear_;
  std::vector<Pair> pairs_;
  std::vector<Square> squares_;
};

/// How units come to rest.
enum class Descent : std::uint8_t {
  /// From a random state, one by one in random order, each to the value of lower energy.
  asynchronous,
  /// The same after sweeps of Glauber dynamics at falling temperatures: a unit changes with probability
  /// 1 / (1 + exp(dE / T)) (Kirkpatrick, Gelatt, Vecchi, Science 220, 671 (1983)).
  annealing,
  /// Graded units in continuous time (Hopfield, Tank, Biol. Cybern. 52, 141 (1985)):
  /// du_i/dt = -u_i / tau - dE/dV_i with outputs V_i = (1 + tanh(u_i / u_0)) / 2, or tanh(u_i / u_0) for -1
  /// and 1. At the end outputs are taken as the nearer of the two values; nothing else is done to them.
  graded,
};

struct GradedUnits {
  double width = 0.02;       ///< u_0, positive: the smaller, the steeper
  double time_constant = 1;  ///< tau, positive
  double start = 0.5;    ///< the output V that all units start at, but for the noise; between the two values
  double noise = 0.1;    ///< inputs start spread evenly by up to this share of u_0 to either side
  double max_time = 20;  ///< in units of tau
  std::int64_t max_steps = 200000;  ///< of the integration
  /// Of the integration's steps, in each u: this times (|u| + u_0).
  double tolerance = 1e-4;
};

/// How one start went.
struct DescentRun {
  std::vector<float> state;  ///< [variables]
  double energy = 0;
  /// `fixed_point` when no change of one variable lowers the energy (of graded units: when they settled),
  /// else `step_limit`.
  Ending ending = Ending::step_limit;
  std::int64_t sweeps = 0;  ///< of graded units, steps of the integration
  /// The energy at the start and after each sweep. Of graded units, with the term of their inputs that makes
  /// it fall (u_0 / tau times the integral of artanh), and thinned to at most 512.
  std::vector<double> history;
};

struct DescentOptions {
  Descent method = Descent::asynchronous;
  std::int64_t starts = 100;
  std::int64_t max_sweeps = 1000;  ///< at temperature zero
  /// Of `annealing`, a sweep each. Empty: 500 sweeps, from the mean |dE| of changes in random states down to
  /// a thousandth of it.
  std::vector<double> temperatures = {};
  GradedUnits graded = {};
  /// Every start is a function of (seed, its number), whatever the number of threads.
  std::uint64_t seed = 0;
  /// Called for each start, in their order, by the calling thread; false ends the search after it.
  std::function<bool(std::int64_t start, const DescentRun& run)> on_run = {};
  /// Set by another thread or a signal, it ends the search soon; starts that were not through are left out.
  const std::atomic<bool>* stop = nullptr;
};

/// The best of all starts. Without any, when it was stopped before, the state is empty.
struct Minimum {
  std::vector<float> state;
  double energy = 0;
  std::int64_t start = 0;        ///< its number; the first of equal ones
  std::vector<double> history;   ///< of it
  std::vector<double> energies;  ///< [starts], those made
  std::int64_t hits = 0;         ///< starts that reached this energy, but for rounding
  std::int64_t at_rest = 0;      ///< starts that came to rest
};

/// Searches for the state of lowest energy from many starts, by all threads. A change that lowers the energy
/// by less than 1e-10 of the coefficients it touches is rounding and not made. Throws ConfigError for options
/// out of range.
Minimum minimize(const QuadraticEnergy& energy, const DescentOptions& options = {});
/// Start number `start` of it, by itself.
DescentRun descend(const QuadraticEnergy& energy, const DescentOptions& options, std::int64_t start);

/// The most variables that `enumerate` takes.
inline constexpr std::int64_t kMostEnumerated = 26;

/// What is certain.
struct Enumeration {
  std::vector<float> state;  ///< one of lowest energy
  double energy = 0;
  std::int64_t minima = 0;  ///< states of that energy, but for rounding
};

/// Tries all 2^variables states. Throws ConfigError for more than kMostEnumerated variables.
Enumeration enumerate(const QuadraticEnergy& energy);

}  // namespace hebb::memory
