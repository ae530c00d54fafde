#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"

namespace hebb::lab {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The data, centred, in double.
struct Centred {
  std::size_t n, d;
  std::vector<double> x, means, y;
  double mean = 0;

  explicit Centred(const Table& table)
      : n(table.targets.size()),
        d(table.inputs.size() / n),
        x(table.inputs.begin(), table.inputs.end()),
        means(d, 0.0),
        y(table.targets.begin(), table.targets.end()) {
    mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) {
      y[i] -= mean;
      for (std::size_t j = 0; j < d; ++j) means[j] += x[i * d + j] / static_cast<double>(n);
    }
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < d; ++j) x[i * d + j] -= means[j];
  }

  /// 2 / n sum of x[j] (y - w . x): minus the slope of the loss by weight j.
  double pull(std::size_t j, const std::vector<double>& w) const {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double error = y[i];
      for (std::size_t k = 0; k < d; ++k) error -= w[k] * x[i * d + k];
      sum += 2 * x[i * d + j] * error / static_cast<double>(n);
    }
    return sum;
  }

  /// (X^T X / n + l2) w = X^T y / n, by elimination with pivots.
  std::vector<double> ridge(double l2) const {
    std::vector<std::vector<double>> a(d, std::vector<double>(d + 1, 0.0));
    for (std::size_t r = 0; r < d; ++r) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t c = 0; c < d; ++c) a[r][c] += x[i * d + r] * x[i * d + c] / static_cast<double>(n);
        a[r][d] += x[i * d + r] * y[i] / static_cast<double>(n);
      }
      a[r][r] += l2;
    }
    for (std::size_t k = 0; k < d; ++k) {
      const auto pivot = std::max_element(a.begin() + static_cast<std::ptrdiff_t>(k), a.end(),
                                          [&](auto& p, auto& q) { return std::abs(p[k]) < std::abs(q[k]); });
      std::swap(*pivot, a[k]);
      for (std::size_t r = 0; r < d; ++r) {
        if (r == k) continue;
        const double factor = a[r][k] / a[k][k];
        for (std::size_t c = k; c <= d; ++c) a[r][c] -= factor * a[k][c];
      }
    }
    std::vector<double> w(d);
    for (std::size_t k = 0; k < d; ++k) w[k] = a[k][d] / a[k][k];
    return w;
  }
};

TEST(Regularization, L2IsTheClosedForm) {
  const Regularization found = regularization({});
  const Centred data(found.train);
  ASSERT_EQ(data.n, 30U);
  ASSERT_EQ(data.d, 20U);
  ASSERT_EQ(found.l2.results.size(), 33U);
  std::vector<LambdaResult> all = found.l2.results;
  all.push_back(found.unpenalized);
  for (const LambdaResult& result : all) {
    const std::vector<double> want = data.ridge(result.lambda);
    double bias = data.mean;
    for (std::size_t j = 0; j < data.d; ++j) {
      EXPECT_NEAR(result.weights[j], want[j], 1e-9) << result.lambda << " " << j;
      bias -= want[j] * data.means[j];
    }
    EXPECT_NEAR(result.bias, bias, 1e-9);
  }
}

TEST(Regularization, L1FulfilsTheConditionsOfItsMinimum) {
  const Regularization found = regularization({.seed = 3});
  const Centred data(found.train);
  double largest = 0;  // from this lambda on all weights are zero
  for (std::size_t j = 0; j < data.d; ++j)
    largest = std::max(largest, std::abs(data.pull(j, std::vector<double>(data.d, 0.0))));
  EXPECT_LT(found.l1.results.front().lambda, largest);
  EXPECT_GT(found.l1.results.back().lambda, largest);
  for (const LambdaResult& result : found.l1.results) {
    for (std::size_t j = 0; j < data.d; ++j) {
      const double pull = data.pull(j, result.weights);
      const double w = result.weights[j];
      if (w == 0) {
        EXPECT_LE(std::abs(pull), result.lambda + 1e-5) << result.lambda << " " << j;
      } else {
        EXPECT_NEAR(pull, w > 0 ? result.lambda : -result.lambda, 1e-5) << result.lambda << " " << j;
      }
    }
    const bool all_zero =
        std::all_of(result.weights.begin(), result.weights.end(), [](double w) { return w == 0; });
    EXPECT_EQ(all_zero, result.lambda >= largest) << result.lambda;
  }
}

TEST(Regularization, LossesAreThoseOfTheWeights) {
  const Regularization found = regularization({.inputs = 10});
  for (const PenaltyPath* path : {&found.l1, &found.l2}) {
    double best = std::numeric_limits<double>::infinity();
    for (const LambdaResult& result : path->results) {
      double sum = 0;
      for (std::size_t i = 0; i < 30; ++i) {
        double error = result.bias - double{found.train.targets[i]};
        for (std::size_t j = 0; j < 10; ++j)
          error += result.weights[j] * double{found.train.inputs[10 * i + j]};
        sum += error * error;
      }
      EXPECT_NEAR(result.train_loss, sum / 30, 1e-9);
      best = std::min(best, result.validation_loss);
    }
    for (const LambdaResult& result : path->results) {
      if (result.lambda == path->best_lambda) {
        EXPECT_EQ(result.validation_loss, best);
      }
      // A penalty can only take from the fit.
      EXPECT_GE(result.train_loss, found.unpenalized.train_loss * (1 - 1e-9));
    }
  }
}

TEST(Regularization, MuchDataWithoutNoiseTellTheWeights) {
  const Regularization found = regularization({.samples = 5000, .inputs = 10, .noise = 0, .lambdas = 2});
  const std::vector<double> want = {2, -4.0 / 3, 2.0 / 3, 0, 0, 0, 0, 0, 0, 0};
  for (std::size_t j = 0; j < 10; ++j) {
    EXPECT_NEAR(found.truth[j], want[j], 1e-12);
    EXPECT_NEAR(found.unpenalized.weights[j], want[j], 1e-5);
  }
  EXPECT_LT(found.unpenalized.validation_loss, 1e-9);
  EXPECT_TRUE(has(conclusion(found)[0], "no penalty helps")) << conclusion(found)[0];
}

TEST(Regularization, FewSamplesOfManyInputsWantAPenalty) {
  const Regularization found = regularization({.inputs = 25});
  const auto best = std::find_if(found.l1.results.begin(), found.l1.results.end(),
                                 [&](auto& r) { return r.lambda == found.l1.best_lambda; });
  EXPECT_LT(best->validation_loss, found.unpenalized.validation_loss / 2);
  EXPECT_GT(std::count(best->weights.begin() + 3, best->weights.end(), 0.0), 10);
  EXPECT_EQ(std::count(best->weights.begin(), best->weights.begin() + 2, 0.0), 0);
  const Conclusion words = conclusion(found);
  EXPECT_TRUE(has(words[0], "falls from")) << words[0];
  EXPECT_TRUE(has(words[1], "worse than L1; no weight ever becomes exactly zero")) << words[1];
}

TEST(Regularization, IsAFunctionOfItsOptions) {
  const Regularization once = regularization({});
  const Regularization again = regularization({});
  EXPECT_EQ(once.train.inputs, again.train.inputs);
  for (std::size_t i = 0; i < once.l1.results.size(); ++i)
    EXPECT_EQ(once.l1.results[i].weights, again.l1.results[i].weights);
  const Regularization other = regularization({.seed = 1});
  EXPECT_NE(once.train.targets, other.train.targets);
  EXPECT_NE(once.unpenalized.validation_loss, other.unpenalized.validation_loss);
}

/// Of one input that matters and one that does not.
Regularization made_up() {
  Regularization found{.truth = {2, 0}, .unpenalized = {.weights = {3, 4}, .validation_loss = 2}};
  found.l1.results = {{.lambda = 0.1, .weights = {2.5, 1}, .validation_loss = 1.5},
                      {.lambda = 1, .weights = {1.5, 0}, .validation_loss = 1},
                      {.lambda = 10, .weights = {0, 0}, .validation_loss = 3}};
  found.l2.results = {{.lambda = 0.1, .weights = {2.5, 2}, .validation_loss = 1.7},
                      {.lambda = 1, .weights = {1, 1}, .validation_loss = 1.2},
                      {.lambda = 10, .weights = {0.3, 0.4}, .validation_loss = 2}};
  return found;
}

TEST(Regularization, ConclusionFollowsTheFigures) {
  const Conclusion words = conclusion(made_up());
  EXPECT_EQ(words[0],
            "With L1, the validation loss falls from 2 without a penalty to 1 at lambda 1, where 1 of the 1 "
            "weights "
            "of inputs that have no part in the target are exactly zero, and 0 of the 1 others.");
  EXPECT_EQ(
      words[1],
      "With L2, the validation loss falls from 2 without a penalty to 1.2 at lambda 1, worse than L1; no "
      "weight ever becomes exactly zero, though together they shrink from a length of 5 without a penalty to "
      "0.5 at lambda 10.");

  Regularization reversed = made_up();  // what L1 did is now said of L2
  std::swap(reversed.l1, reversed.l2);
  EXPECT_TRUE(has(conclusion(reversed)[0], "where 0 of the 1 weights")) << conclusion(reversed)[0];
  EXPECT_TRUE(
      has(conclusion(reversed)[1], "to 1 at lambda 1, better than L1; 3 times a weight is exactly zero"))
      << conclusion(reversed)[1];

  reversed = made_up();  // the penalty does harm
  reversed.unpenalized.validation_loss = 0.9;
  EXPECT_TRUE(has(conclusion(reversed)[0],
                  "no penalty helps: the validation loss is 0.9 without one, and at best 1"));
  reversed = made_up();  // the weights grow under it
  std::swap(reversed.unpenalized.weights, reversed.l2.results.back().weights);
  EXPECT_TRUE(has(conclusion(reversed)[1], "do not shrink from a length of 0.5")) << conclusion(reversed)[1];
  reversed.l2.results[1].validation_loss = 1.01;
  EXPECT_TRUE(has(conclusion(reversed)[1], "as good as L1"));
  reversed.truth = {2, 1};
  EXPECT_TRUE(has(conclusion(reversed)[0], "where 1 of the 2 weights are exactly zero."));
  EXPECT_THROW(conclusion(Regularization()), DataError);
}

TEST(Regularization, RefusesWhatItCannotTry) {
  const auto refused = [](const RegularizationOptions& options) {
    EXPECT_THROW(regularization(options), ConfigError);
  };
  refused({.samples = 1});
  refused({.validation = 0});
  refused({.inputs = 0});
  refused({.samples = 300, .inputs = 201});
  refused({.samples = 20});
  refused({.relevant = 0});
  refused({.relevant = 21});
  refused({.noise = -1});
  refused({.noise = std::numeric_limits<double>::infinity()});
  refused({.least = 0});
  refused({.least = 1, .most = 1});
  refused({.least = std::numeric_limits<double>::quiet_NaN()});
  refused({.most = std::numeric_limits<double>::infinity()});
  refused({.most = 1e300});
  refused({.lambdas = 1});
}

}  // namespace
}  // namespace hebb::lab
