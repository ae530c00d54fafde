// The equations for m, q and r are solved by the noise sigma = sqrt(alpha r) instead of the load: given
// sigma, m is the only positive zero of a concave function, and then the load follows,
//
//     alpha = sigma^2 (1 - C)^2 / q.
//
// On the retrieval states it rises from 0 at sigma = 0 to alpha_c and falls again, on the spin glass it only
// rises. At T = 0 this is the equation for m / sqrt(2 alpha r) of Amit, Gutfreund and Sompolinsky.
#include <algorithm>
#include <cmath>
#include <string>

#include "hebb/error.hpp"
#include "hebb/memory_theory.hpp"
#include "memory/theory_averages.hpp"
#include "memory/theory_root.hpp"

namespace hebb::memory::theory {

namespace {

/// m given the noise: Newton's method from above, which on a concave function never passes the zero.
double overlap_at(double sigma, double temperature) {
  double m = 1;
  for (int step = 0; step < 200; ++step) {
    const Averages mean = averages(m, sigma, temperature);
    const double next = m - (m - mean.overlap) / (1 - mean.response);
    if (!(next < m) || !(next > 0)) break;
    m = next;
  }
  return m;
}

double load_at(double sigma, const Averages& mean) {
  const double root = sigma * (1 - mean.response);
  return root * root / mean.frozen;
}

double retrieval_load(double sigma, double temperature) {
  return load_at(sigma, averages(overlap_at(sigma, temperature), sigma, temperature));
}

/// d ln(alpha) / d ln(sigma) along the retrieval states.
double load_slope(double sigma, double temperature) {
  const Averages mean = averages(overlap_at(sigma, temperature), sigma, temperature);
  // d m / d ln(sigma), from the equation for m.
  const double overlap = sigma * mean.response_z / (1 - mean.response);
  const double response = mean.response_z / sigma * overlap + mean.response_zz - mean.response;
  return 2 - 2 * response / (1 - mean.response) + temperature * response / mean.frozen;
}

/// The noise at which m = 0 is just stable, C = 1; below it there are retrieval states, above it the spin
/// glass. T below 1.
double largest_retrieval_noise(double temperature) {
  return zero_between([&](double sigma) { return averages(0, sigma, temperature).response - 1; }, 0x1p-30, 1);
}

/// The noise at alpha_c.
double critical_noise(double temperature) {
  const double most = largest_retrieval_noise(temperature);
  return zero_between([&](double sigma) { return load_slope(sigma, temperature); }, most / 8, most * 0.999);
}

ReplicaState state_of(double m, double sigma, double load, double temperature) {
  const Averages mean = averages(m, sigma, temperature);
  const double c = mean.response;
  ReplicaState state = {.load = load, .temperature = temperature, .overlap = m, .frozen = mean.frozen};
  state.noise = mean.frozen / ((1 - c) * (1 - c));
  state.response = c;
  state.energy = load / 2 - m * m / 2 - load / 2 * (1 / (1 - c) + state.noise * c);
  state.entropy = mean.entropy - load / 2 * (std::log1p(-c) + c / (1 - c));
  state.free_energy = state.energy - temperature * state.entropy;
  return state;
}

/// A temperature as it is reckoned with.
double checked_temperature(double temperature) {
  if (!(temperature >= 0) || !std::isfinite(temperature))
    throw ConfigError("a temperature is a finite number from 0; got " + std::to_string(temperature));
  return temperature < 1e-12 ? 0 : temperature;
}

void check_load(double load) {
  if (!(load >= 0) || !std::isfinite(load))
    throw ConfigError("a load is a finite number of patterns a unit, from 0; got " + std::to_string(load));
}

/// The retrieval state of a load up to that at the critical noise.
ReplicaState retrieval_below(double load, double temperature, double critical) {
  const double root = std::sqrt(load);
  const auto difference = [&](double sigma) {
    return (sigma == 0 ? 0 : std::sqrt(retrieval_load(sigma, temperature))) - root;
  };
  const double sigma = zero_between(difference, 0, critical);
  return state_of(overlap_at(sigma, temperature), sigma, load, temperature);
}

/// The temperature, between two, of the largest load; of lines that first rise with the temperature.
template <class Load>
double temperature_of_most(const Load& load, double low, double high) {
  constexpr double kStep = 1e-4;
  return zero_between([&](double t) { return load(t + kStep) - load(t - kStep); }, low, high);
}

/// The highest temperature at which a line reaches this load. It falls from `best` on, to 0 at T = 1.
template <class Load>
double temperature_of(double load, const Load& line, double best) {
  if (line(best) < load) return 0;
  return zero_between([&](double t) { return std::sqrt(line(t)) - std::sqrt(load); }, best, 1);
}

double critical_load(double temperature) {
  const auto critical = critical_point(temperature);
  return critical ? critical->load : 0;
}

}  // namespace

std::optional<ReplicaState> retrieval(double load, double temperature) {
  temperature = checked_temperature(temperature);
  check_load(load);
  if (temperature >= 1) return std::nullopt;
  const double critical = critical_noise(temperature);
  if (load > retrieval_load(critical, temperature)) return std::nullopt;
  return retrieval_below(load, temperature, critical);
}

std::optional<ReplicaState> spin_glass(double load, double temperature) {
  temperature = checked_temperature(temperature);
  check_load(load);
  if (load == 0) throw ConfigError("a spin glass takes a positive load; got 0");
  if (temperature >= spin_glass_temperature(load)) return std::nullopt;
  const double root = std::sqrt(load);
  const auto above = [&](double sigma) {
    const Averages mean = averages(0, sigma, temperature);
    return sigma * (1 - mean.response) / std::sqrt(mean.frozen) - root;
  };
  const double low = temperature < 1 ? largest_retrieval_noise(temperature) : 0x1p-30;
  double high = std::max(1.0, 2 * low);
  while (above(high) < 0) high *= 2;
  return state_of(0, zero_between(above, low, high), load, temperature);
}

std::optional<CriticalPoint> critical_point(double temperature) {
  temperature = checked_temperature(temperature);
  if (temperature >= 1) return std::nullopt;
  const double sigma = critical_noise(temperature);
  return CriticalPoint{.load = retrieval_load(sigma, temperature), .overlap = overlap_at(sigma, temperature)};
}

double ferromagnetic_load(double temperature) {
  temperature = checked_temperature(temperature);
  if (temperature >= 1) return 0;
  const double critical = critical_noise(temperature);
  const double most = retrieval_load(critical, temperature);
  const auto excess = [&](double load) {
    return retrieval_below(load, temperature, critical).free_energy -
           spin_glass(load, temperature)->free_energy;
  };
  return zero_between(excess, most / 100, most);
}

double spin_glass_temperature(double load) {
  check_load(load);
  return 1 + std::sqrt(load);
}

double retrieval_temperature(double load) {
  check_load(load);
  static const double best = temperature_of_most(critical_load, 0.01, 0.04);
  return temperature_of(load, critical_load, best);
}

double ferromagnetic_temperature(double load) {
  check_load(load);
  static const double best = temperature_of_most(ferromagnetic_load, 0.05, 0.15);
  return temperature_of(load, ferromagnetic_load, best);
}

}  // namespace hebb::memory::theory
