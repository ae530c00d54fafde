#include "hebb/energy_descent.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "memory/quadratic.hpp"
#include "memory/runge_kutta.hpp"

namespace hebb::memory {

namespace {

void check_positive(double value, const char* what) {
  if (!(value > 0) || !std::isfinite(value))
    throw ConfigError(std::string(what) + " must be positive and finite; got " + std::to_string(value));
}

void check_count(std::int64_t value, const char* what) {
  if (value < 1) throw ConfigError(std::string(what) + " must be at least 1; got " + std::to_string(value));
}

void check_options(const DescentOptions& options, double low) {
  check_count(options.starts, "starts");
  check_count(options.max_sweeps, "max_sweeps");
  for (const double t : options.temperatures) check_positive(t, "a temperature");
  if (options.method != Descent::annealing && !options.temperatures.empty())
    throw ConfigError("temperatures go with annealing");
  if (options.method != Descent::graded) return;
  const GradedUnits& graded = options.graded;
  check_positive(graded.width, "width");
  check_positive(graded.time_constant, "time_constant");
  check_positive(graded.max_time, "max_time");
  check_positive(graded.tolerance, "tolerance");
  check_count(graded.max_steps, "max_steps");
  if (!(graded.noise >= 0) || !std::isfinite(graded.noise))
    throw ConfigError("noise must be a number of 0 or more; got " + std::to_string(graded.noise));
  if (!(graded.start > low && graded.start < 1))
    throw ConfigError("start must lie between the two values of a unit; got " + std::to_string(graded.start));
}

std::vector<double> random_state(const EnergyTerms& terms, Random& random) {
  std::vector<double> state(terms.variables());
  for (double& x : state) x = random.below(2) == 0 ? terms.low() : 1;
  return state;
}

/// 53 random bits in [0, 1): probabilities of rare changes are small.
double uniform(Random& random) {
  const std::uint64_t high = random.bits();
  return static_cast<double>(high << 21 | random.bits() >> 11) * 0x1p-53;
}

std::vector<double> usual_cooling(const EnergyTerms& terms, std::uint64_t seed) {
  constexpr int kStates = 10;
  constexpr std::int64_t kSweeps = 500;
  constexpr std::uint64_t kStream = std::uint64_t{1} << 63;  // that of no start
  Random random(seed, kStream);
  double sum = 0;
  for (int k = 0; k < kStates; ++k) {
    const EnergyWalk walk(terms, random_state(terms, random));
    for (std::size_t i = 0; i < terms.variables(); ++i) sum += std::abs(walk.change(i));
  }
  const double mean = sum / (kStates * static_cast<double>(terms.variables()));
  if (!(mean > 0) || !std::isfinite(mean)) return {};  // nothing to climb over
  return cooling(mean, mean / 1000, kSweeps);
}

/// What all starts share.
struct Search {
  EnergyTerms terms;
  DescentOptions options;

  Search(const QuadraticEnergy& energy, const DescentOptions& given) : terms(energy), options(given) {
    check_options(options, terms.low());
    if (options.method == Descent::annealing && options.temperatures.empty())
      options.temperatures = usual_cooling(terms, options.seed);
  }
  bool stopped() const { return options.stop != nullptr && options.stop->load(std::memory_order_relaxed); }
  /// A run that was stopped has no state.
  DescentRun run(std::int64_t start) const;
  DescentRun run_binary(Random& random) const;
  DescentRun run_graded(Random& random) const;
};

/// States and final energies as they are told.
void finish(const EnergyTerms& terms, std::span<const double> state, DescentRun& run) {
  run.energy = terms.value(state);
  run.state.assign(state.begin(), state.end());
}

DescentRun Search::run_binary(Random& random) const {
  DescentRun run;
  EnergyWalk walk(terms, random_state(terms, random));
  double energy = terms.value(walk.state());
  run.history.push_back(energy);
  const auto sweep = [&](const auto& leaves) {
    std::int64_t flips = 0;
    for (const std::int32_t unit : random.permutation(static_cast<std::int32_t>(terms.variables()))) {
      const auto i = static_cast<std::size_t>(unit);
      if (!leaves(i)) continue;
      energy += walk.change(i);
      walk.flip(i);
      ++flips;
    }
    ++run.sweeps;
    run.history.push_back(energy);
    return flips;
  };
  constexpr double kNever = 40;  // exp(-40) is below the least random number but zero
  for (const double t : options.temperatures) {
    if (stopped()) return {};
    sweep([&](std::size_t i) {
      const double climb = walk.change(i) / t;
      return climb < kNever && uniform(random) * (1 + std::exp(climb)) < 1;
    });
  }
  for (std::int64_t k = 0; k < options.max_sweeps && run.ending != Ending::fixed_point; ++k) {
    if (stopped()) return {};
    if (sweep([&](std::size_t i) { return walk.descends(i); }) == 0) run.ending = Ending::fixed_point;
  }
  finish(terms, walk.state(), run);
  return run;
}

/// Graded units on an energy.
class GradedRun {
 public:
  GradedRun(const EnergyTerms& terms, const GradedUnits& units, Random& random)
      : terms_(terms),
        units_(units),
        outputs_(terms.variables()),
        gradient_(terms.variables()),
        solver_(start(terms, units, random), [this](auto u, auto slope) { this->slope(u, slope); },
                {units.tolerance * units.width, units.tolerance}) {}
  GradedRun(const GradedRun&) = delete;
  GradedRun& operator=(const GradedRun&) = delete;

  double time() const { return solver_.time() / units_.time_constant; }
  bool step() { return solver_.step(); }
  double energy() const;
  /// Whether no unit will change its mind any more: each is saturated and pushed further out, or rests, or
  /// has not moved for half of the time, one time constant at least. (Stiff units tremble within the
  /// tolerance of the integration.)
  bool settled();
  std::vector<double> decided() const {
    std::vector<double> state;
    for (const double u : solver_.state()) state.push_back(u > 0 ? 1 : terms_.low());
    return state;
  }

 private:
  static std::vector<double> start(const EnergyTerms& terms, const GradedUnits& units, Random& random) {
    const double middle = (terms.low() + 1) / 2;
    const double input = units.width * std::atanh((units.start - middle) / (1 - middle));
    std::vector<double> inputs(terms.variables());
    for (double& u : inputs) u = input + units.noise * units.width * (2 * uniform(random) - 1);
    return inputs;
  }
  void outputs_of(std::span<const double> u, std::span<double> v) const {
    const double half = (1 - terms_.low()) / 2;
    for (std::size_t i = 0; i < u.size(); ++i)
      v[i] = terms_.low() + half * (1 + std::tanh(u[i] / units_.width));
  }
  void slope(std::span<const double> u, std::span<double> result) {
    outputs_of(u, outputs_);
    terms_.gradient(outputs_, gradient_);
    for (std::size_t i = 0; i < u.size(); ++i) result[i] = -u[i] / units_.time_constant - gradient_[i];
  }

  const EnergyTerms& terms_;
  const GradedUnits& units_;
  std::vector<double> outputs_, gradient_;
  RungeKutta solver_;
  double noted_at_ = 1;  ///< from when on it is looked whether outputs move
  std::vector<double> noted_;
};

double GradedRun::energy() const {
  std::vector<double> outputs(outputs_.size());
  outputs_of(solver_.state(), outputs);
  double area = 0;
  for (const double u : solver_.state()) {
    // The integral of artanh up to y = tanh z is z y - log cosh z, here without overflow.
    const double z = std::abs(u / units_.width);
    area += z * std::tanh(z) - (z + std::log1p(std::exp(-2 * z)) - std::log(2));
  }
  const double half = (1 - terms_.low()) / 2;
  return terms_.value(outputs) + half * units_.width / units_.time_constant * area;
}

bool GradedRun::settled() {
  constexpr double kSaturated = 5;  // outputs within 5e-5 of their value
  constexpr double kAtRest = 1e-3;
  bool all_held = true, all_decided = true;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const double u = solver_.state()[i];
    const double slope = solver_.slope()[i];
    const double drive = slope + u / units_.time_constant;
    const bool saturated = std::abs(u) > kSaturated * units_.width;
    const bool held =
        saturated ? u * drive > 0 : std::abs(slope) * units_.time_constant <= kAtRest * units_.width;
    all_held = all_held && held;
    all_decided = all_decided && (held || !saturated);
  }
  if (all_held || time() < noted_at_) return all_held;
  if (!noted_.empty() && time() < 2 * noted_at_) return false;
  std::vector<double> now(outputs_.size());
  outputs_of(solver_.state(), now);
  bool still = !noted_.empty() && all_decided;
  for (std::size_t i = 0; still && i < now.size(); ++i) still = std::abs(now[i] - noted_[i]) <= kAtRest;
  noted_at_ = time();
  noted_ = std::move(now);
  return still;
}

DescentRun Search::run_graded(Random& random) const {
  constexpr std::size_t kPoints = 512;
  DescentRun run;
  GradedRun graded(terms, options.graded, random);
  run.history.push_back(graded.energy());
  std::int64_t stride = 1;
  while (run.sweeps < options.graded.max_steps && graded.time() < options.graded.max_time && graded.step()) {
    if (stopped()) return {};
    if (++run.sweeps % stride == 0) run.history.push_back(graded.energy());
    if (run.history.size() == kPoints) {  // keeps every second one
      for (std::size_t k = 0; 2 * k < kPoints; ++k) run.history[k] = run.history[2 * k];
      run.history.resize(kPoints / 2);
      stride *= 2;
    }
    if (!graded.settled()) continue;
    run.ending = Ending::fixed_point;
    break;
  }
  finish(terms, graded.decided(), run);
  return run;
}

DescentRun Search::run(std::int64_t start) const {
  Random random(options.seed, static_cast<std::uint64_t>(start));
  return options.method == Descent::graded ? run_graded(random) : run_binary(random);
}

}  // namespace

Minimum minimize(const QuadraticEnergy& energy, const DescentOptions& options) {
  const Search search(energy, options);
  // Starts are made in groups, so that they can be told of in their order, and few are kept.
  constexpr std::int64_t kGroup = 32;
  const double rounding = search.terms.rounding();
  Minimum best;
  bool goes_on = true;
  for (std::int64_t first = 0; first < options.starts && goes_on; first += kGroup) {
    std::vector<DescentRun> runs(static_cast<std::size_t>(std::min(kGroup, options.starts - first)));
    parallel_for(static_cast<std::int64_t>(runs.size()),
                 [&](std::int64_t k) { runs[static_cast<std::size_t>(k)] = search.run(first + k); });
    for (DescentRun& run : runs) {
      goes_on = !run.state.empty();
      if (!goes_on) break;
      const auto start = static_cast<std::int64_t>(best.energies.size());
      best.energies.push_back(run.energy);
      best.at_rest += run.ending == Ending::fixed_point ? 1 : 0;
      if (options.on_run) goes_on = options.on_run(start, run);
      if (start == 0 || run.energy < best.energy - rounding) {
        best.state = std::move(run.state);
        best.energy = run.energy;
        best.start = start;
        best.history = std::move(run.history);
      }
      if (!goes_on) break;
    }
  }
  best.hits = std::count_if(best.energies.begin(), best.energies.end(),
                            [&](double e) { return e <= best.energy + rounding; });
  return best;
}

DescentRun descend(const QuadraticEnergy& energy, const DescentOptions& options, std::int64_t start) {
  if (start < 0) throw ConfigError("starts are counted from 0; got " + std::to_string(start));
  return Search(energy, options).run(start);
}

Enumeration enumerate(const QuadraticEnergy& energy) {
  const std::int64_t n = energy.variables();
  if (n > kMostEnumerated)
    throw ConfigError("all states are tried of at most " + std::to_string(kMostEnumerated) +
                      " variables; the energy has " + std::to_string(n));
  const EnergyTerms terms(energy);
  EnergyWalk walk(terms, std::vector<double>(terms.variables(), terms.low()));
  const double rounding = terms.rounding();
  constexpr std::uint64_t kAnew = 4096;  // changes after which sums are made anew, before they drift
  Enumeration best;
  double now = terms.value(walk.state());
  best.energy = now;
  best.minima = 1;
  std::vector<double> state(walk.state().begin(), walk.state().end());
  // In the order of Gray's code neighbours differ in one variable.
  for (std::uint64_t k = 1; k < std::uint64_t{1} << n; ++k) {
    const auto i = static_cast<std::size_t>(std::countr_zero(k));
    now += walk.change(i);
    walk.flip(i);
    if (k % kAnew == 0) {
      walk = EnergyWalk(terms, {walk.state().begin(), walk.state().end()});
      now = terms.value(walk.state());
    }
    if (now < best.energy - rounding) {
      best.energy = now;
      best.minima = 0;
      state.assign(walk.state().begin(), walk.state().end());
    }
    if (now <= best.energy + rounding) ++best.minima;
  }
  best.energy = terms.value(state);
  best.state.assign(state.begin(), state.end());
  return best;
}

}  // namespace hebb::memory
