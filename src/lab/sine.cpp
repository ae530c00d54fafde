#include "lab/sine.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "hebb/error.hpp"

namespace hebb::lab {

double sine(double x) { return std::sin(std::numbers::pi * x); }

Points noisy_sine(std::int64_t count, double noise, Random random) {
  Points points;
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = random.uniform(-1, 1);
    points.x.push_back(x);
    points.y.push_back(static_cast<float>(sine(x) + noise * random.normal()));
  }
  return points;
}

ArrayDataset data_set(const Points& points) {
  const Shape shape = {points.size(), 1};
  return ArrayDataset({.inputs = Tensor::from(points.x, shape), .targets = Tensor::from(points.y, shape)});
}

std::vector<float> legendre(std::span<const float> x, std::int64_t degree) {
  std::vector<float> values;
  values.reserve(x.size() * static_cast<std::size_t>(degree));
  for (const double at : x) {
    double before = 1;
    double value = at;
    for (std::int64_t n = 1; n <= degree; ++n) {
      values.push_back(static_cast<float>(value));
      // Bonnet's recursion: (n + 1) P[n+1] = (2 n + 1) x P[n] - n P[n-1].
      const auto k = static_cast<double>(n);
      const double next = ((2 * k + 1) * at * value - k * before) / (k + 1);
      before = value;
      value = next;
    }
  }
  return values;
}

void require_degrees(std::int64_t degrees, std::int64_t samples) {
  require_within("samples", static_cast<double>(samples), 2, 1e6);
  require_within("degrees", static_cast<double>(degrees), 1, 50);
  if (samples <= degrees)
    throw ConfigError(fmt::format("degrees: {} samples determine polynomials up to degree {}, got {}",
                                  samples, samples - 1, degrees));
}

double mean_square(std::span<const double> predictions, std::span<const float> targets) {
  double sum = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double error = predictions[i] - targets[i];
    sum += error * error;
  }
  return sum / static_cast<double>(targets.size());
}

void require_within(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw ConfigError(fmt::format("{}: expected {:g} to {:g}, got {:g}", name, low, high, value));
}

void require_range(const char* name, double least, double most) {
  if (least >= 1e-12 && least < most && most <= 1e12) return;
  throw ConfigError(
      fmt::format("{}: expected a rising range within 1e-12 to 1e12, got {:g} to {:g}", name, least, most));
}

std::vector<double> equal_ratios(double least, double most, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(count - 1);
    values.push_back(i == count - 1 ? most : least * std::pow(most / least, share));
  }
  return values;
}

}  // namespace hebb::lab
