#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hebb/attractors.hpp"

namespace hebb::memory {

namespace {

constexpr double kNormal = 1.959963984540054;  // the 97.5 % quantile of the normal distribution

/// The distribution function of Student's t with `nu` degrees of freedom at x >= 0, by the finite sums for
/// whole nu (Abramowitz, Stegun, 26.7.3 and 26.7.4).
double student_probability(double x, std::int64_t nu) {
  const auto n = static_cast<double>(nu);
  const double theta = std::atan(x / std::sqrt(n));
  const double c = std::cos(theta);
  const double s = std::sin(theta);
  double sum = 0;
  if (nu % 2 == 1) {
    double term = c;
    for (std::int64_t k = 3; k <= nu; k += 2) {
      sum += term;
      term *= c * c * static_cast<double>(k - 1) / static_cast<double>(k);
    }
    return 0.5 + (theta + s * sum) / std::acos(-1.0);
  }
  double term = 1;
  for (std::int64_t k = 2; k <= nu; k += 2) {
    sum += term;
    term *= c * c * static_cast<double>(k - 1) / static_cast<double>(k);
  }
  return 0.5 + 0.5 * s * sum;
}

double student_quantile(std::int64_t nu) {
  if (nu > 1000) return kNormal;
  double low = 0;
  double high = 1000;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (student_probability(middle, nu) < 0.975 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

Interval wilson_interval(std::int64_t successes, std::int64_t trials) {
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double z2 = kNormal * kNormal;
  const double center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {successes == 0 ? 0 : std::max(0.0, center - half),
          successes == trials ? 1 : std::min(1.0, center + half)};
}

Interval mean_interval(std::span<const double> values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (values.size() < 2) return {-kInfinity, kInfinity};
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double half =
      student_quantile(static_cast<std::int64_t>(values.size()) - 1) * std::sqrt(squares / (n - 1) / n);
  return {mean - half, mean + half};
}

}  // namespace hebb::memory
