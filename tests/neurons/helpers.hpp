/// What the tests of neurons share: the data of golden/linear.txt, random samples, an independent look at
/// proofs.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "golden.hpp"
#include "hebb/neurons.hpp"
#include "hebb/random.hpp"

namespace hebb::testing {

/// Samples and labels that own what they are.
struct Labelled {
  std::vector<float> values = {};
  std::int64_t features = 2;
  std::vector<std::int32_t> labels = {};

  neurons::Samples x() const { return {values, features}; }
  void add(const std::vector<float>& sample, std::int32_t label) {
    values.insert(values.end(), sample.begin(), sample.end());
    labels.push_back(label);
  }
  std::int64_t count() const { return std::ssize(labels); }
};

/// "iris" or "moons".
inline Labelled golden_data(const Golden& golden, const std::string& name) {
  const std::vector<double> x = find(golden, name + " x");
  const std::vector<double> y = find(golden, name + " y");
  Labelled data{.features = std::ssize(x) / std::max<std::int64_t>(1, std::ssize(y))};
  for (const double value : x) data.values.push_back(static_cast<float>(value));
  for (const double label : y) data.labels.push_back(static_cast<std::int32_t>(label));
  return data;
}

/// Normal samples of two classes, at least `gap` to either side of a random hyperplane (negative: mixed).
inline Labelled random_classes(std::int64_t count, std::int64_t features, double gap, std::uint64_t seed) {
  Random random(seed, 7);
  std::vector<double> normal(static_cast<std::size_t>(features));
  double square = 0;
  for (double& w : normal) square += std::pow(w = static_cast<double>(random.normal()), 2);
  Labelled data{.features = features};
  while (data.count() < count) {
    std::vector<float> sample(normal.size());
    double s = 0.3;
    for (std::size_t j = 0; j < sample.size(); ++j) {
      sample[j] = random.normal();
      s += normal[j] * static_cast<double>(sample[j]) / std::sqrt(square);
    }
    if (gap < 0) {
      data.add(sample, static_cast<std::int32_t>(random.below(2)));
    } else if (std::abs(s) >= gap) {
      data.add(sample, s > 0 ? 1 : 0);
    }
  }
  return data;
}

}  // namespace hebb::testing
