#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "hebb/error.hpp"
#include "hebb/memory_theory.hpp"
#include "memory/theory_root.hpp"

namespace hebb::memory::theory {

namespace {

double checked_units(std::int64_t units, std::int64_t least = 2) {
  if (units < least)
    throw ConfigError("this capacity is of at least " + std::to_string(least) + " units; got " +
                      std::to_string(units));
  return static_cast<double>(units);
}

/// 1 - 2 flip, the overlap of the cue.
double checked_cue(double flip) {
  if (!(flip >= 0 && flip < 0.5))
    throw ConfigError("the share of inverted bits is from 0 and below 0.5; got " + std::to_string(flip));
  return 1 - 2 * flip;
}

/// N^(n-1) / (2n-3)!!, by factors, so that it is finite where the result is.
double dense_scale(double units, int degree) {
  if (degree < 2) throw ConfigError("the degree of an energy is at least 2; got " + std::to_string(degree));
  double scale = units;
  for (int k = 3; k <= degree; ++k) scale *= units / (2 * k - 3);
  return scale;
}

double checked_patterns(double patterns) {
  if (!(patterns >= 0) || !std::isfinite(patterns))
    throw ConfigError("the number of patterns is finite and from 0; got " + std::to_string(patterns));
  return patterns;
}

/// The probability that a standard normal variable exceeds z.
double upper_tail(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

/// x ln x, 0 at 0.
double x_log_x(double x) { return x == 0 ? 0 : x * std::log(x); }

}  // namespace

double hopfield_capacity(std::int64_t units) { return 0.15 * checked_units(units); }

double mceliece_capacity(std::int64_t units, double flip) {
  const double n = checked_units(units, 3);
  const double cue = checked_cue(flip);
  return cue * cue * n / (2 * std::log(n));
}

double mceliece_capacity_of_all(std::int64_t units, double flip) {
  return mceliece_capacity(units, flip) / 2;
}

double storkey_capacity(std::int64_t units) {
  const double n = checked_units(units, 3);
  return n / std::sqrt(2 * std::log(n));
}

double projection_capacity(std::int64_t units) { return checked_units(units); }

double gardner_load(double margin) {
  if (!(margin >= 0) || !std::isfinite(margin))
    throw ConfigError("a margin is a finite number from 0; got " + std::to_string(margin));
  // The integral, by parts.
  const double density = std::exp(-margin * margin / 2) / std::sqrt(2 * std::numbers::pi);
  return 1 / ((1 + margin * margin) * upper_tail(-margin) + margin * density);
}

double gardner_capacity(std::int64_t units, double margin) {
  return gardner_load(margin) * checked_units(units);
}

double unstable_bits(std::int64_t units, double patterns) { return unstable_bits(units, patterns, 2); }

double unstable_bits(std::int64_t units, double patterns, int degree) {
  const double scale = dense_scale(checked_units(units), degree);
  return checked_patterns(patterns) == 0 ? 0 : upper_tail(std::sqrt(scale / patterns));
}

double dense_capacity(std::int64_t units, int degree, double error) {
  if (!(error > 0 && error < 0.5))
    throw ConfigError("the share of unstable bits is between 0 and 0.5; got " + std::to_string(error));
  const double scale = dense_scale(checked_units(units), degree);
  const double z = zero_between([&](double x) { return std::log(upper_tail(x) / error); }, 0, 37);
  return scale / (z * z);
}

double dense_capacity_without_errors(std::int64_t units, int degree) {
  const double n = checked_units(units, 3);
  return dense_scale(n, degree) / (2 * std::log(n));
}

double exponential_rate(double flip) {
  const double a = checked_cue(flip);
  return (x_log_x(1 + a) + x_log_x(1 - a)) / 4;
}

double exponential_capacity(std::int64_t units, double flip) {
  return std::exp(exponential_rate(flip) * checked_units(units));
}

}  // namespace hebb::memory::theory
