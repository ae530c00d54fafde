#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"
#include "hebb/model.hpp"

namespace hebb::lab {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The loss of y = a x + b, in double.
struct Line {
  double a, b;

  double loss(const Table& data) const {
    double sum = 0;
    for (std::size_t i = 0; i < data.targets.size(); ++i)
      sum += std::pow(a * double{data.inputs[i]} + b - double{data.targets[i]}, 2);
    return sum / static_cast<double>(data.targets.size());
  }
  void descend(const Table& data, double rate) {
    double da = 0;
    double db = 0;
    for (std::size_t i = 0; i < data.targets.size(); ++i) {
      const double error = a * double{data.inputs[i]} + b - double{data.targets[i]};
      da += 2 * error * double{data.inputs[i]} / static_cast<double>(data.targets.size());
      db += 2 * error / static_cast<double>(data.targets.size());
    }
    a -= rate * da;
    b -= rate * db;
  }
};

TEST(LearningRate, LossesAreThoseOfGradientDescent) {
  const LearningRate found =
      learning_rate({.model = "dense(1)", .least = 0.01, .most = 1.2, .rates = 7, .steps = 60, .seed = 2});
  Sequential model = Sequential::parse("dense(1)");
  model.build({1}, 2);
  const std::vector<NamedValue> start = parameter_values(model);
  ASSERT_EQ(found.rates.size(), 7U);
  EXPECT_EQ(found.rates.front().rate, 0.01);
  EXPECT_EQ(found.rates.back().rate, 1.2);
  for (const RateResult& result : found.rates) {
    Line line{start[0].value.to_vector()[0], start[1].value.to_vector()[0]};
    ASSERT_EQ(result.losses.size(), 61U);
    for (const double loss : result.losses) {
      const double want = line.loss(found.train);
      EXPECT_NEAR(loss, want, 2e-4 * want) << result.rate;
      line.descend(found.train, result.rate);
    }
    EXPECT_EQ(result.final_loss, result.losses.back());
  }
}

TEST(LearningRate, DivergesFromTwoOverTheCurvatureOn) {
  const Table data = learning_rate({.rates = 2, .steps = 1}).train;
  double square = 0;
  double sum = 0;
  const auto n = static_cast<double>(data.inputs.size());
  for (const double x : data.inputs) square += x * x / n, sum += x / n;
  // The loss of a line has second derivatives 2 mean x^2, 2 mean x and 2.
  const double largest = square + 1 + std::hypot(square - 1, 2 * sum);
  const double limit = 2 / largest;
  const LearningRate found = learning_rate(
      {.model = "dense(1)", .least = 0.9 * limit, .most = 1.1 * limit, .rates = 21, .steps = 2000});
  std::int64_t above = 0;
  for (const RateResult& result : found.rates) {
    EXPECT_EQ(result.diverged, result.rate > limit) << result.rate / limit;
    above += result.diverged ? 1 : 0;
  }
  EXPECT_EQ(above, 10);
}

TEST(LearningRate, ANetworkCrawlsLearnsAndDiverges) {
  const LearningRate found = learning_rate({});
  ASSERT_EQ(found.rates.size(), 25U);
  EXPECT_FALSE(found.rates.front().diverged);
  EXPECT_TRUE(found.rates.back().diverged);
  EXPECT_GT(found.best_rate, found.rates.front().rate);
  EXPECT_LT(found.best_rate, found.rates.back().rate);
  const Conclusion words = conclusion(found);
  EXPECT_TRUE(has(words[0], "only crawls")) << words[0];
  EXPECT_TRUE(has(words[1], "diverge, ")) << words[1];
  for (const RateResult& result : found.rates) {
    EXPECT_EQ(result.losses.front(), found.rates.front().losses.front());
    EXPECT_TRUE(
        std::all_of(result.losses.begin(), result.losses.end(), [](double l) { return std::isfinite(l); }));
    EXPECT_EQ(std::isinf(result.final_loss), result.losses.size() < 1001) << result.rate;
    if (result.rate == found.best_rate) {
      for (const RateResult& other : found.rates) EXPECT_LE(result.final_loss, other.final_loss);
    }
  }
}

TEST(LearningRate, TakesOtherOptimisers) {
  const LearningRateOptions few = {.least = 0.01, .most = 0.1, .rates = 2, .steps = 20};
  LearningRateOptions adam = few;
  adam.optimizer = "adam";
  LearningRateOptions own_rate = few;  // the rate of the text does not count
  own_rate.optimizer = "adam(learning_rate=5)";
  EXPECT_NE(learning_rate(few).rates[1].final_loss, learning_rate(adam).rates[1].final_loss);
  EXPECT_EQ(learning_rate(own_rate).rates[1].losses, learning_rate(adam).rates[1].losses);
}

TEST(LearningRate, IsAFunctionOfItsOptions) {
  LearningRateOptions options = {.rates = 3, .steps = 10};
  const LearningRate once = learning_rate(options);
  const LearningRate again = learning_rate(options);
  EXPECT_EQ(once.train.targets, again.train.targets);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(once.rates[i].losses, again.rates[i].losses);
  options.seed = 1;
  EXPECT_NE(once.rates[0].losses, learning_rate(options).rates[0].losses);
}

LearningRate made_up(const std::vector<double>& final_losses) {
  LearningRate found;
  double rate = 0.01;
  for (const double loss : final_losses) {
    found.rates.push_back({.rate = rate, .losses = {1, loss}, .final_loss = loss, .diverged = loss > 1});
    rate *= 10;
  }
  return found;
}

TEST(LearningRate, ConclusionFollowsTheFigures) {
  Conclusion words = conclusion(made_up({0.9, 0.3, 0.1, 50}));
  EXPECT_EQ(
      words[0],
      "The loss falls furthest at rate 1, in 1 steps from 1 to 0.1; at the smallest rate, 0.01, it only "
      "crawls to 0.9.");
  EXPECT_EQ(words[1], "1 of the 4 rates diverges, 10, 10 times the best.");
  words = conclusion(made_up({50, 0.1, 0.3, 0.9}));
  EXPECT_EQ(
      words[0],
      "The loss falls furthest at rate 0.1, in 1 steps from 1 to 0.1; at the smallest rate, 0.01, it rises "
      "to 50.");
  EXPECT_EQ(words[1], "1 of the 4 rates diverges, 0.01, 0.1 times the best.");
  EXPECT_EQ(conclusion(made_up({0.9, 0.1, 5, 50}))[1],
            "2 of the 4 rates diverge, all from 1, 10 times the best.");
  EXPECT_EQ(conclusion(made_up({50, 5, 0.1, 0.9}))[1],
            "2 of the 4 rates diverge, the least of them 0.01, 0.01 times the best.");
  words = conclusion(made_up({0.1, 0.3, 0.9}));
  EXPECT_TRUE(has(words[0], "and no smaller rate was tried.")) << words[0];
  EXPECT_EQ(words[1], "No rate up to 1 diverges.");
  EXPECT_TRUE(has(conclusion(made_up({0.15, 0.1}))[0], "it falls to 0.15."));
  words = conclusion(made_up({5, std::numeric_limits<double>::infinity()}));
  EXPECT_EQ(words[0], "No rate brings the loss below where it begins, 1.");
  EXPECT_EQ(words[1], "All rates diverge.");
  EXPECT_THROW(conclusion(LearningRate()), DataError);
}

TEST(LearningRate, RefusesWhatItCannotTry) {
  const auto refused = [](LearningRateOptions options) {
    options.steps = std::min<std::int64_t>(options.steps, 2);
    EXPECT_THROW(learning_rate(options), ConfigError);
  };
  refused({.samples = 0});
  refused({.noise = -1});
  refused({.model = "dense(2)"});
  refused({.model = "dens(1)"});
  refused({.optimizer = "adm"});
  refused({.optimizer = ""});
  refused({.least = 0});
  refused({.least = 1, .most = 0.5});
  refused({.most = std::numeric_limits<double>::infinity()});
  refused({.rates = 1});
  refused({.steps = 0});
}

}  // namespace
}  // namespace hebb::lab
