#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hebb/lab.hpp"
#include "hebb/regression.hpp"
#include "lab/sine.hpp"
#include "lab/words.hpp"

namespace hebb::lab {

namespace {

/// Random streams: each data set has one of its own for its samples and one for its test noise.
enum Stream : std::uint64_t { kSamples = 0, kTest = 1'000'000 };

void check(const CapacityOptions& o) {
  require_within("sets", static_cast<double>(o.sets), 2, 1000);
  require_within("points", static_cast<double>(o.points), 2, 1000);
  require_within("noise", o.noise, 0, 1e6);
  require_degrees(o.degrees, o.samples);
}

/// Sine with noise at each of the points, for every set anew: [sets, points].
std::vector<double> test_targets(const Capacity& found, const CapacityOptions& options) {
  std::vector<double> targets;
  for (std::int64_t set = 0; set < options.sets; ++set) {
    Random random(options.seed, kTest + static_cast<std::uint64_t>(set));
    for (const double truth : found.truth) targets.push_back(truth + options.noise * random.normal());
  }
  return targets;
}

/// What has to be known of the points' predictions for bias and variance: a column of [sets, points].
struct Column {
  double mean = 0;
  double variance = 0;
};

Column column_of(const std::vector<double>& predictions, std::size_t point, std::size_t points) {
  const auto sets = static_cast<double>(predictions.size() / points);
  Column column;
  for (std::size_t i = point; i < predictions.size(); i += points) column.mean += predictions[i] / sets;
  for (std::size_t i = point; i < predictions.size(); i += points)
    column.variance += std::pow(predictions[i] - column.mean, 2) / sets;
  return column;
}

CapacityResult fit_all(std::int64_t degree, const std::vector<Points>& sets, const Capacity& found,
                       const std::vector<double>& targets, double noise_loss) {
  CapacityResult result{.degree = degree};
  const std::vector<float> at(found.x.begin(), found.x.end());
  const std::vector<float> judged = legendre(at, degree);
  for (const Points& samples : sets) {
    neurons::LinearRegression regression({.solver = neurons::Solver::newton});
    const std::vector<float> fitted = legendre(samples.x, degree);
    regression.fit({fitted, degree}, samples.y);
    result.train_loss += mean_square(regression.predict({fitted, degree}), samples.y);
    const std::vector<double> predictions = regression.predict({judged, degree});
    result.predictions.insert(result.predictions.end(), predictions.begin(), predictions.end());
  }
  result.train_loss /= static_cast<double>(sets.size());
  const std::size_t points = found.x.size();
  for (std::size_t p = 0; p < points; ++p) {
    const Column column = column_of(result.predictions, p, points);
    result.bias_squared += std::pow(column.mean - found.truth[p], 2) / static_cast<double>(points);
    result.variance += column.variance / static_cast<double>(points);
  }
  result.expected_loss = result.bias_squared + result.variance + noise_loss;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    result.test_loss += std::pow(result.predictions[i] - targets[i], 2) / static_cast<double>(targets.size());
  }
  return result;
}

const CapacityResult& best_of(const Capacity& found) {
  return lowest(found.degrees, [](const CapacityResult& r) { return r.expected_loss; });
}

std::string meaning(const CapacityResult& first, const CapacityResult& last) {
  const bool gains = last.bias_squared < (1 - kSame) * first.bias_squared;
  const bool costs = last.variance > (1 + kSame) * first.variance;
  if (gains && costs) return "flexibility trades the one for the other";
  if (gains) return "flexibility costs nothing here";
  if (costs) return "flexibility gains nothing here";
  return "here flexibility neither gains nor costs anything";
}

}  // namespace

Capacity capacity(const CapacityOptions& options) {
  check(options);
  Capacity found{.noise_loss = options.noise * options.noise};
  for (std::int64_t i = 0; i < options.points; ++i) {
    // As a float, which is what the polynomials are given.
    found.x.push_back(static_cast<float>(2 * i + 1) / static_cast<float>(options.points) - 1);
    found.truth.push_back(sine(found.x.back()));
  }
  std::vector<Points> sets;
  for (std::int64_t set = 0; set < options.sets; ++set) {
    sets.push_back(noisy_sine(options.samples, options.noise,
                              Random(options.seed, kSamples + static_cast<std::uint64_t>(set))));
  }
  const std::vector<double> targets = test_targets(found, options);
  for (std::int64_t degree = 1; degree <= options.degrees; ++degree)
    found.degrees.push_back(fit_all(degree, sets, found, targets, found.noise_loss));
  found.best_degree = best_of(found).degree;
  return found;
}

Conclusion conclusion(const Capacity& found) {
  const CapacityResult& best = best_of(found);
  const CapacityResult& first = found.degrees.front();
  const CapacityResult& last = found.degrees.back();
  double apart = 0;
  for (const CapacityResult& r : found.degrees)
    apart = std::max(apart, std::abs(r.expected_loss / r.test_loss - 1));
  const char* place = &best == &last ? ", the highest tried" : &best == &first ? ", the lowest tried" : "";
  return {fmt::format("From degree {} to degree {} the bias squared {}, while the variance {}: {}.",
                      first.degree, last.degree, course(first.bias_squared, last.bias_squared),
                      course(first.variance, last.variance), meaning(first, last)),
          fmt::format("With the noise their sum is lowest at degree {}{} ({:.3g}), and nowhere further than "
                      "{:.2g} % from the measured test error.",
                      best.degree, place, best.expected_loss, 100 * apart)};
}

}  // namespace hebb::lab
