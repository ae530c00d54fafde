#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"

namespace hebb::lab {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Capacity, PartsAreThoseOfThePredictions) {
  const CapacityOptions options = {.samples = 15, .sets = 30, .points = 17, .noise = 0.4, .degrees = 6};
  const Capacity found = capacity(options);
  ASSERT_EQ(found.degrees.size(), 6U);
  ASSERT_EQ(found.x.size(), 17U);
  for (std::size_t p = 0; p < 17; ++p) {
    EXPECT_NEAR(found.x[p], -1 + (static_cast<double>(p) + 0.5) * 2 / 17, 1e-7);
    EXPECT_NEAR(found.truth[p], std::sin(std::numbers::pi * found.x[p]), 1e-12);
  }
  EXPECT_DOUBLE_EQ(found.noise_loss, 0.16);
  for (const CapacityResult& r : found.degrees) {
    ASSERT_EQ(r.predictions.size(), 30U * 17U);
    double bias_squared = 0;
    double variance = 0;
    double square_error = 0;  // against the sine
    for (std::size_t p = 0; p < 17; ++p) {
      double sum = 0;
      double squares = 0;
      for (std::size_t set = 0; set < 30; ++set) {
        const double prediction = r.predictions[set * 17 + p];
        sum += prediction;
        squares += prediction * prediction;
        square_error += (prediction - found.truth[p]) * (prediction - found.truth[p]);
      }
      bias_squared += (sum / 30 - found.truth[p]) * (sum / 30 - found.truth[p]);
      variance += squares / 30 - sum / 30 * sum / 30;
    }
    EXPECT_NEAR(r.bias_squared, bias_squared / 17, 1e-9 * (1 + bias_squared));
    EXPECT_NEAR(r.variance, variance / 17, 1e-9 * (1 + variance));
    // What the parts are for: they add up to the error.
    EXPECT_NEAR(r.expected_loss, square_error / (30 * 17) + 0.16, 1e-9 * (1 + square_error));
    // The measured error differs by the luck of its noise alone: mean(e^2) - noise^2 - 2 mean(e d), with d
    // the distances from the sine.
    const double count = 30 * 17;
    const double deviation = std::sqrt((2 * 0.16 * 0.16 + 4 * 0.16 * square_error / count) / count);
    EXPECT_NEAR(r.test_loss, r.expected_loss, 5 * deviation) << r.degree;
    EXPECT_NE(r.test_loss, r.expected_loss);
  }
}

TEST(Capacity, FollowsTheory) {
  const CapacityOptions options = {.samples = 1000, .noise = 0.3, .degrees = 7};
  const Capacity found = capacity(options);
  // The line nearest to sin(pi x) in [-1, 1] is 3 x / pi, at a mean square distance of 1/2 - 3/pi^2.
  const double pi = std::numbers::pi;
  EXPECT_NEAR(found.degrees[0].bias_squared, 0.5 - 3 / (pi * pi), 0.001);
  // An unbiased fit of p parameters to n samples has variance noise^2 p / n; its estimate by 200 sets has a
  // deviation of about sqrt(2 / (200 p)), 3.5 % here.
  EXPECT_NEAR(found.degrees[6].variance, 0.09 * 8 / 1000, 0.15 * 0.09 * 8 / 1000);
  // It fits its own samples better than the noise by as many parts.
  EXPECT_NEAR(found.degrees[6].train_loss, 0.09 * (1 - 8.0 / 1000), 0.001);
}

TEST(Capacity, TradesBiasForVariance) {
  const Capacity found = capacity();
  ASSERT_EQ(found.degrees.size(), 9U);
  EXPECT_GE(found.best_degree, 3);
  EXPECT_LE(found.best_degree, 5);
  EXPECT_LT(found.degrees[4].bias_squared, found.degrees[0].bias_squared / 100);
  EXPECT_GT(found.degrees[8].variance, found.degrees[0].variance * 5);
  for (const CapacityResult& other : found.degrees)
    EXPECT_LE(found.degrees[static_cast<std::size_t>(found.best_degree - 1)].expected_loss,
              other.expected_loss);
  // Polynomials of a degree are among those of the next, so that the best fit can only become better.
  for (std::size_t i = 1; i < 9; ++i)
    EXPECT_LE(found.degrees[i].train_loss, found.degrees[i - 1].train_loss * (1 + 1e-6)) << i;
  EXPECT_TRUE(has(conclusion(found)[0], "flexibility trades the one for the other")) << conclusion(found)[0];
}

TEST(Capacity, IsAFunctionOfItsOptions) {
  CapacityOptions options = {.sets = 5, .degrees = 3};
  const Capacity once = capacity(options);
  const Capacity again = capacity(options);
  EXPECT_EQ(once.degrees[2].predictions, again.degrees[2].predictions);
  EXPECT_EQ(once.degrees[2].test_loss, again.degrees[2].test_loss);
  options.seed = 1;
  EXPECT_NE(once.degrees[2].predictions, capacity(options).degrees[2].predictions);
}

Capacity made_up(std::array<double, 3> bias_squared, std::array<double, 3> variance) {
  Capacity found{.noise_loss = 0.5};
  for (std::size_t i = 0; i < 3; ++i) {
    const double sum = bias_squared[i] + variance[i] + 0.5;
    found.degrees.push_back({.degree = static_cast<std::int64_t>(i) + 1,
                             .bias_squared = bias_squared[i],
                             .variance = variance[i],
                             .expected_loss = sum,
                             .test_loss = sum / (1 + 0.01 * static_cast<double>(i))});
  }
  return found;
}

TEST(Capacity, ConclusionFollowsTheFigures) {
  Conclusion words = conclusion(made_up({4, 1, 0.5}, {0.5, 1, 6}));
  EXPECT_EQ(
      words[0],
      "From degree 1 to degree 3 the bias squared falls from 4 to 0.5, while the variance rises from 0.5 "
      "to 6: flexibility trades the one for the other.");
  EXPECT_EQ(
      words[1],
      "With the noise their sum is lowest at degree 2 (2.5), and nowhere further than 2 % from the measured "
      "test error.");
  words = conclusion(made_up({0.5, 1, 4}, {6, 1, 0.5}));
  EXPECT_TRUE(has(words[0], "rises from 0.5 to 4, while the variance falls from 6 to 0.5: here flexibility"));
  words = conclusion(made_up({4, 2, 1}, {0.5, 0.5, 0.5}));
  EXPECT_TRUE(has(words[0], "the variance stays at 0.5: flexibility costs nothing here")) << words[0];
  EXPECT_TRUE(has(words[1], "lowest at degree 3, the highest tried (2)")) << words[1];
  words = conclusion(made_up({1, 1, 1}, {1, 2, 4}));
  EXPECT_TRUE(has(words[0],
                  "the bias squared stays at 1, while the variance rises from 1 to 4: flexibility "
                  "gains nothing here"));
  EXPECT_TRUE(has(words[1], "lowest at degree 1, the lowest tried (2.5)"));
  EXPECT_THROW(conclusion(Capacity()), DataError);
}

TEST(Capacity, RefusesWhatItCannotTry) {
  const auto refused = [](auto change) {
    CapacityOptions options;
    change(options);
    EXPECT_THROW(capacity(options), ConfigError);
  };
  refused([](auto& o) { o.samples = 9; });
  refused([](auto& o) { o.samples = -1; });
  refused([](auto& o) { o.sets = 1; });
  refused([](auto& o) { o.sets = 1001; });
  refused([](auto& o) { o.points = 1; });
  refused([](auto& o) { o.degrees = 0; });
  refused([](auto& o) { o.samples = 1000, o.degrees = 51; });
  refused([](auto& o) { o.noise = -1; });
  refused([](auto& o) { o.noise = std::numeric_limits<double>::quiet_NaN(); });
}

}  // namespace
}  // namespace hebb::lab
