/// The data of most experiments, and polynomials for them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "hebb/data.hpp"
#include "hebb/random.hpp"

namespace hebb::lab {

struct Points {
  std::vector<float> x;
  std::vector<float> y;

  std::int64_t size() const { return static_cast<std::int64_t>(x.size()); }
};

/// The function without noise: sin(pi x).
double sine(double x);

/// x uniform in [-1, 1], y the sine plus normal noise.
Points noisy_sine(std::int64_t count, double noise, Random random);

/// One input, one target value.
ArrayDataset data_set(const Points& points);

/// Legendre polynomials of degree 1, ..., `degree` at each x: [count, degree], row-major. With a bias they
/// span all polynomials of that degree, as powers do, but are nearly independent in [-1, 1], where powers are
/// nearly the same.
std::vector<float> legendre(std::span<const float> x, std::int64_t degree);

/// Throws ConfigError unless there are 2 to a million samples and they determine the polynomials up to degree
/// `degrees`, which is at most 50.
void require_degrees(std::int64_t degrees, std::int64_t samples);

/// Mean of (prediction - target)^2.
double mean_square(std::span<const double> predictions, std::span<const float> targets);

/// Throws ConfigError, naming the number, unless low <= value <= high.
void require_within(const char* name, double value, double low, double high);
/// Throws ConfigError, naming what is swept, unless 1e-12 <= least < most <= 1e12.
void require_range(const char* name, double least, double most);

/// `count` >= 2 numbers from `least` to `most`, each in the same ratio to the one before.
std::vector<double> equal_ratios(double least, double most, std::int64_t count);

}  // namespace hebb::lab
