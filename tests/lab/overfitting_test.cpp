#include <gtest/gtest.h>

#include <algorithm>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"

namespace hebb::lab {
namespace {

/// Small enough to take no time.
OverfittingOptions quick() { return {.degrees = 12, .model = "dense(8, act=relu) dense(1)", .epochs = 20}; }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Overfitting, FewSamplesAreLearnedWithTheirNoise) {
  const Overfitting found = overfitting({});
  ASSERT_EQ(found.degrees.size(), 15U);
  // Polynomials of a degree are among those of the next, so that the best fit can only become better.
  for (std::size_t i = 1; i < 15; ++i)
    EXPECT_LE(found.degrees[i].train_loss, found.degrees[i - 1].train_loss * (1 + 1e-6)) << i;
  EXPECT_GE(found.best_degree, 3);
  EXPECT_LE(found.best_degree, 8);
  EXPECT_GT(found.degrees.back().validation_loss, 10 * found.noise_loss);
  ASSERT_EQ(found.epochs.size(), 1000U);
  EXPECT_LT(found.epochs.back().train_loss, found.noise_loss / 2);
  const EpochResult& best = found.epochs[static_cast<std::size_t>(found.best_epoch - 1)];
  EXPECT_EQ(best.epoch, found.best_epoch);
  for (const EpochResult& other : found.epochs) EXPECT_LE(best.validation_loss, other.validation_loss);
  for (const std::string& sentence : conclusion(found))
    EXPECT_TRUE(has(sentence, "overfitting.")) << sentence;
}

TEST(Overfitting, ManySamplesLeaveTheNoiseAlone) {
  OverfittingOptions options = quick();
  options.samples = 20000;
  options.validation = 20000;
  const Overfitting found = overfitting(options);
  for (std::size_t i = 6; i < found.degrees.size(); ++i) {
    EXPECT_NEAR(found.degrees[i].train_loss, 0.09, 0.004);
    EXPECT_NEAR(found.degrees[i].validation_loss, 0.09, 0.004);
  }
  EXPECT_TRUE(has(conclusion(found)[0], "no overfitting shows")) << conclusion(found)[0];
}

TEST(Overfitting, WithoutNoiseHighDegreesReachTheSine) {
  OverfittingOptions options = quick();
  options.samples = 200;
  options.noise = 0;
  const Overfitting found = overfitting(options);
  // The Taylor remainder of sin(pi x) after x^11 is below 0.5 in [-1, 1]; the best fit is far nearer.
  EXPECT_LT(found.degrees[10].validation_loss, 1e-9);
  EXPECT_GT(found.degrees[0].validation_loss, 0.1);
}

TEST(Overfitting, IsAFunctionOfItsOptions) {
  OverfittingOptions options = quick();
  const Overfitting once = overfitting(options);
  const Overfitting again = overfitting(options);
  EXPECT_EQ(once.degrees.back().validation_loss, again.degrees.back().validation_loss);
  EXPECT_EQ(once.epochs.back().validation_loss, again.epochs.back().validation_loss);
  options.seed = 1;
  EXPECT_NE(once.degrees.back().validation_loss, overfitting(options).degrees.back().validation_loss);
}

Overfitting made_up(double first, double middle, double last) {
  Overfitting found;
  const std::array<double, 3> validation = {first, middle, last};
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto at = static_cast<std::size_t>(i);
    found.degrees.push_back({i + 1, 1.0 / static_cast<double>(i + 1), validation[at]});
    found.epochs.push_back({i + 1, 1.0 / static_cast<double>(i + 1), validation[at]});
  }
  return found;
}

TEST(Overfitting, ConclusionFollowsTheFigures) {
  Overfitting found = made_up(3, 1, 2);
  EXPECT_EQ(
      conclusion(found)[0],
      "Over complexity, the validation loss is lowest at degree 2 (1); from there to degree 3 it rises to 2, "
      "while the training loss falls from 0.5 to 0.333: overfitting.");
  EXPECT_TRUE(has(conclusion(found)[1], "lowest at epoch 2 (1)"));
  found = made_up(3, 2, 1);
  EXPECT_EQ(conclusion(found)[0],
            "Over complexity, no overfitting shows: the validation loss falls from 3 to 1 up to degree 3, "
            "while the "
            "training loss falls from 1 to 0.333.");
  found = made_up(1, 2, 3);
  EXPECT_TRUE(has(conclusion(found)[1], "lowest at epoch 1 (1); from there to epoch 3 it rises to 3"));
  // Both losses rise: that has another name.
  std::swap(found.epochs[0].train_loss, found.epochs[2].train_loss);
  EXPECT_TRUE(has(conclusion(found)[1], "rises from 0.333 to 1: not overfitting")) << conclusion(found)[1];
  EXPECT_THROW(conclusion(Overfitting()), DataError);
}

TEST(Overfitting, RefusesWhatItCannotTry) {
  const auto refused = [](auto change) {
    OverfittingOptions options = quick();
    change(options);
    EXPECT_THROW(overfitting(options), ConfigError);
  };
  refused([](auto& o) { o.samples = 12; });
  refused([](auto& o) { o.samples = -5; });
  refused([](auto& o) { o.validation = 0; });
  refused([](auto& o) { o.degrees = 0; });
  refused([](auto& o) { o.samples = 1000, o.degrees = 51; });
  refused([](auto& o) { o.noise = -1; });
  refused([](auto& o) { o.noise = std::numeric_limits<double>::quiet_NaN(); });
  refused([](auto& o) { o.epochs = 0; });
  refused([](auto& o) { o.learning_rate = -1; });
  refused([](auto& o) { o.model = "dense(2)"; });
  refused([](auto& o) { o.model = "dens(1)"; });
}

}  // namespace
}  // namespace hebb::lab
