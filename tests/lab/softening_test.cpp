#include <gtest/gtest.h>

#include <cmath>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"

namespace hebb::lab {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

SofteningOptions quick() {
  return {.steepness = {1, 8, kInfinity}, .samples = 30, .starts = 4, .epochs = 40};
}

/// A sigmoid or tanh of k z and its slope, written down.
struct Value {
  double output, slope;
};
Value at(bool tanh, double k, double z) {
  const double y = tanh ? std::tanh(k * z) : 1 / (1 + std::exp(-k * z));
  return {y, tanh ? k * (1 - y * y) : k * y * (1 - y)};
}

/// One neuron trained naively.
struct Naive {
  double weight, bias;
  std::vector<double> losses = {};
  double learnable = 0, wrong_before = 0, wrong_after = 0;
};

Naive trained(const Softening& found, const SofteningOptions& options, double k,
              std::array<double, 2> start) {
  const bool tanh = options.function == "tanh";
  Naive naive{start[0], start[1]};
  const auto n = static_cast<double>(found.x.size());
  for (std::int64_t epoch = 0; epoch <= options.epochs; ++epoch) {
    double loss = 0;
    double wrong = 0;
    double by_weight = 0;
    double by_bias = 0;
    for (std::size_t i = 0; i < found.x.size(); ++i) {
      const Value v = at(tanh, k, naive.weight * found.x[i] + naive.bias);
      const double error = v.output - found.targets[i];
      loss += error * error / n;
      wrong += ((v.output > (tanh ? 0 : 0.5)) != (found.targets[i] == 1)) / n;
      by_weight += 2 * error * v.slope * found.x[i] / n;
      by_bias += 2 * error * v.slope / n;
      if (epoch == 0) naive.learnable += (v.slope >= options.least_slope) / n;
    }
    if (epoch == 0) naive.wrong_before = wrong;
    naive.wrong_after = wrong;
    naive.losses.push_back(loss);
    naive.weight -= options.learning_rate * by_weight;
    naive.bias -= options.learning_rate * by_bias;
  }
  return naive;
}

TEST(Softening, LearnsAsWrittenDown) {
  for (const char* function : {"sigmoid", "tanh"}) {
    SofteningOptions options = quick();
    options.function = function;
    const Softening found = softening(options);
    ASSERT_EQ(found.results.size(), 3U);
    ASSERT_EQ(found.starts.size(), 4U);
    for (std::size_t s = 0; s < 2; ++s) {
      const SofteningResult& result = found.results[s];
      ASSERT_EQ(result.losses.size(), 41U);
      Naive mean{0, 0, std::vector<double>(41)};
      for (const auto& start : found.starts) {
        const Naive one = trained(found, options, result.steepness, start);
        for (std::size_t e = 0; e < 41; ++e) mean.losses[e] += one.losses[e] / 4;
        mean.learnable += one.learnable / 4;
        mean.wrong_before += one.wrong_before / 4;
        mean.wrong_after += one.wrong_after / 4;
      }
      for (std::size_t e = 0; e < 41; ++e)
        EXPECT_NEAR(result.losses[e], mean.losses[e], 1e-9) << function << e;
      EXPECT_NEAR(result.learnable, mean.learnable, 1e-12);
      EXPECT_NEAR(result.wrong_before, mean.wrong_before, 1e-12);
      EXPECT_NEAR(result.wrong_after, mean.wrong_after, 1e-12);
      for (std::size_t i = 0; i < found.z.size(); i += 50) {
        const Value v = at(options.function == "tanh", result.steepness, found.z[i]);
        EXPECT_NEAR(result.output[i], v.output, 1e-12);
        EXPECT_NEAR(result.slope[i], v.slope, 1e-12);
      }
    }
  }
}

TEST(Softening, TheStepLearnsNothing) {
  const Softening found = softening(quick());
  const SofteningResult& step = found.results.back();
  EXPECT_EQ(step.steepness, kInfinity);
  EXPECT_EQ(step.learnable, 0);
  EXPECT_EQ(step.wrong_after, step.wrong_before);
  for (const double loss : step.losses) EXPECT_EQ(loss, step.losses.front());
  // Of outputs 0 and 1 the square error is the share of wrong ones.
  EXPECT_NEAR(step.losses.front(), step.wrong_before, 1e-12);
  EXPECT_EQ(step.output.front(), 0);
  EXPECT_EQ(step.output.back(), 1);
}

TEST(Softening, LearnsBestNeitherGentleNorSteep) {
  const Softening found = softening();
  ASSERT_EQ(found.results.size(), 10U);
  EXPECT_EQ(found.results.front().learnable, 1);
  for (std::size_t i = 1; i < 10; ++i) {
    EXPECT_LT(found.results[i - 1].steepness, found.results[i].steepness);
    EXPECT_LE(found.results[i].learnable, found.results[i - 1].learnable);
  }
  EXPECT_GE(found.best_steepness, 0.5);
  EXPECT_LE(found.best_steepness, 8);
  EXPECT_GT(found.results[8].wrong_after, 0.2);
  const Conclusion words = conclusion(found);
  EXPECT_TRUE(has(words[0], "0 % at the step: the steeper, the fewer")) << words[0];
  EXPECT_TRUE(has(words[1], "too soft is slow, too steep has little to go by")) << words[1];
}

TEST(Softening, IsAFunctionOfItsOptions) {
  SofteningOptions options = quick();
  const Softening once = softening(options);
  EXPECT_EQ(once.results[1].losses, softening(options).results[1].losses);
  // In whatever order they are asked for.
  options.steepness = {kInfinity, 8, 1};
  EXPECT_EQ(once.results[1].losses, softening(options).results[1].losses);
  options.seed = 1;
  EXPECT_NE(once.results[1].losses, softening(options).results[1].losses);
}

Softening made_up(std::array<double, 3> learnable, std::array<double, 3> losses) {
  Softening found{.least_slope = 0.01};
  const std::array<double, 3> steepness = {1, 2, kInfinity};
  for (std::size_t i = 0; i < 3; ++i) {
    found.results.push_back(
        {.steepness = steepness[i], .learnable = learnable[i], .losses = {0.5, losses[i]}});
  }
  return found;
}

TEST(Softening, ConclusionFollowsTheFigures) {
  Conclusion words = conclusion(made_up({1, 0.5, 0}, {0.2, 0.1, 0.5}));
  EXPECT_EQ(
      words[0],
      "Of the samples 100 % have a slope of 0.01 or more at steepness 1, and 0 % at the step: the steeper, "
      "the fewer to learn from.");
  EXPECT_EQ(
      words[1],
      "Gradient descent gets furthest at steepness 2, where the loss falls from 0.5 to 0.1; at steepness 1 "
      "it falls from 0.5 to 0.2; at the step it stays at 0.5: too soft is slow, too steep has little to go "
      "by.");
  words = conclusion(made_up({0, 0.5, 1}, {0.5, 0.2, 0.1}));
  EXPECT_TRUE(has(words[0], "the steeper, the more to learn from")) << words[0];
  EXPECT_TRUE(has(words[1], "furthest at the step")) << words[1];
  EXPECT_TRUE(has(words[1], "it is not softness that helps")) << words[1];
  words = conclusion(made_up({1, 1, 1}, {0.1, 0.2, 0.6}));
  EXPECT_TRUE(has(words[0], "steepness hardly changes that")) << words[0];
  EXPECT_TRUE(has(words[1], "at the step it rises from 0.5 to 0.6: the softer the better")) << words[1];
  EXPECT_THROW(conclusion(Softening()), DataError);
  EXPECT_THROW(conclusion({.results = {{.steepness = 1}}}), DataError);
}

TEST(Softening, RefusesWhatItCannotTry) {
  const auto refused = [](auto change) {
    SofteningOptions options = quick();
    change(options);
    EXPECT_THROW(softening(options), ConfigError);
  };
  refused([](auto& o) { o.function = "relu"; });
  refused([](auto& o) { o.steepness = {}; });
  refused([](auto& o) { o.steepness = {1}; });
  refused([](auto& o) { o.steepness = {0, 1}; });
  refused([](auto& o) { o.steepness = {1, std::numeric_limits<double>::quiet_NaN()}; });
  refused([](auto& o) { o.samples = 0; });
  refused([](auto& o) { o.noise = -1; });
  refused([](auto& o) { o.starts = 0; });
  refused([](auto& o) { o.learning_rate = -1; });
  refused([](auto& o) { o.epochs = 0; });
  refused([](auto& o) { o.least_slope = -1; });
}

}  // namespace
}  // namespace hebb::lab
