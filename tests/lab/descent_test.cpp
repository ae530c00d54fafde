#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "hebb/error.hpp"
#include "hebb/lab.hpp"

namespace hebb::lab {
namespace {

using Pair = std::array<double, 2>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The loss is d . H d / 2, d being the distance from the weights (1, 1).
struct Bowl {
  double aa = 0, ab = 0, bb = 0;

  explicit Bowl(const Table& data) {
    const auto n = static_cast<double>(data.targets.size());
    for (std::size_t i = 0; i < data.targets.size(); ++i) {
      const double a = data.inputs[2 * i];
      const double b = data.inputs[2 * i + 1];
      aa += 2 * a * a / n, ab += 2 * a * b / n, bb += 2 * b * b / n;
    }
  }
  Pair slope(const Pair& w) const {
    const Pair d = {w[0] - 1, w[1] - 1};
    return {aa * d[0] + ab * d[1], ab * d[0] + bb * d[1]};
  }
  double loss(const Pair& w) const {
    const Pair g = slope(w);
    return ((w[0] - 1) * g[0] + (w[1] - 1) * g[1]) / 2;
  }
};

TEST(Descent, WaysAndStepsAreThoseOfTheOptimisersInDouble) {
  const Descent found = descent({});
  const Bowl bowl(found.train);
  ASSERT_EQ(found.surface.paths.size(), 3U);
  std::array<Pair, 3> w;
  w.fill({-2, 4});
  Pair v = {0, 0}, m = {0, 0}, s = {0, 0};
  std::array<std::int64_t, 3> reached = {0, 0, 0};
  for (std::int64_t t = 0; t <= 200; ++t) {
    for (std::size_t k = 0; k < 3; ++k) {
      const DescentPath& path = found.surface.paths[k];
      ASSERT_EQ(path.points.size(), 201U);
      const auto at = static_cast<std::size_t>(t);
      const double want = bowl.loss(w[k]);
      EXPECT_NEAR(path.losses[at], want, 1e-3 * want + 1e-6) << path.name << " " << t;
      EXPECT_NEAR(path.points[at].x, w[k][0], 2e-3) << path.name << " " << t;
      EXPECT_NEAR(path.points[at].y, w[k][1], 2e-3) << path.name << " " << t;
      if (want > found.goal) reached[k] = t + 1;
    }
    const std::array<Pair, 3> g = {bowl.slope(w[0]), bowl.slope(w[1]), bowl.slope(w[2])};
    const auto time = static_cast<double>(t + 1);
    for (std::size_t i = 0; i < 2; ++i) {
      w[0][i] -= 0.9 * g[0][i];
      v[i] = 0.9 * v[i] + g[1][i];
      w[1][i] -= 0.2 * v[i];
      m[i] = 0.9 * m[i] + 0.1 * g[2][i];
      s[i] = 0.999 * s[i] + 0.001 * g[2][i] * g[2][i];
      w[2][i] -=
          0.3 * m[i] / (1 - std::pow(0.9, time)) / (std::sqrt(s[i] / (1 - std::pow(0.999, time))) + 1e-8);
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_LT(reached[k], 200);
    EXPECT_EQ(found.reached[k], reached[k]) << found.surface.paths[k].name;
  }
}

TEST(Descent, CurvaturesAreThoseOfTheLoss) {
  const Descent found = descent({.samples = 5000, .condition = 40, .angle = 70, .steps = 1});
  const Bowl bowl(found.train);
  EXPECT_NEAR(found.curvatures[0] + found.curvatures[1], bowl.aa + bowl.bb, 1e-9);
  EXPECT_NEAR(found.curvatures[0] * found.curvatures[1], bowl.aa * bowl.bb - bowl.ab * bowl.ab, 1e-9);
  EXPECT_NEAR(found.curvatures[1], 2, 0.2);
  EXPECT_NEAR(found.curvatures[1] / found.curvatures[0], 40, 4);
  // Along the floor the loss changes least: its direction is the angle's.
  const double turn = 70 * std::acos(-1) / 180;
  const double along = bowl.loss({1 + std::cos(turn), 1 + std::sin(turn)});
  const double across = bowl.loss({1 - std::sin(turn), 1 + std::cos(turn)});
  EXPECT_NEAR(along, found.curvatures[0] / 2, 0.01);
  EXPECT_NEAR(across, found.curvatures[1] / 2, 0.01);
  EXPECT_LT(found.surface.model_loss, 1e-9);
}

TEST(Descent, NarrowValleysTakeLonger) {
  const auto steps = [](double condition) {
    return descent({.condition = condition, .optimizers = {"gd(learning_rate=0.5)"}, .steps = 3000})
        .reached[0]
        .value();
  };
  // The floor's curvature is 2 / condition, so that its distance shrinks by 1 - 1 / condition a step.
  EXPECT_GT(steps(100), 5 * steps(10));
  EXPECT_GT(steps(10), 5);
}

TEST(Descent, BeyondItsLimitGradientDescentDiverges) {
  const double limit = 2 / descent({.steps = 1}).curvatures[1];
  const auto last = [&](double share) {
    const std::string text = "gd(learning_rate=" + std::to_string(share * limit) + ")";
    return descent({.optimizers = {text}, .steps = 1000}).surface.paths[0];
  };
  EXPECT_LT(last(0.98).losses.back(), 1e-6);
  EXPECT_GT(last(1.02).losses.back(), 1e6);
  const Descent far = descent({.optimizers = {"gd(learning_rate=5)"}, .steps = 1000});
  EXPECT_TRUE(far.surface.paths[0].diverged);
  EXPECT_TRUE(has(conclusion(far)[0], "is not reached; sgd (rate 5) diverges.")) << conclusion(far)[0];
}

TEST(Descent, IsAFunctionOfItsOptions) {
  const Descent once = descent({.steps = 20});
  const Descent again = descent({.steps = 20});
  const Descent other = descent({.steps = 20, .seed = 1});
  EXPECT_EQ(once.train.inputs, again.train.inputs);
  EXPECT_NE(once.train.inputs, other.train.inputs);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(once.surface.paths[k].losses, again.surface.paths[k].losses);
    EXPECT_NE(once.surface.paths[k].losses, other.surface.paths[k].losses);
  }
}

Descent made_up() {
  Descent found{.goal = 0.5};
  found.surface.model = {0, 0};
  found.surface.paths = {
      {.name = "sgd", .learning_rate = 0.1, .points = {{3, 4}, {3, 0}, {0, 0}}, .losses = {25, 9, 0}},
      {.name = "adam", .learning_rate = 0.2, .points = {{3, 4}, {0, 0}, {0, 0}}, .losses = {25, 0, 0}}};
  found.reached = {2, 1};
  return found;
}

TEST(Descent, ConclusionFollowsTheFigures) {
  Descent found = made_up();
  EXPECT_EQ(conclusion(found)[0],
            "A loss of 0.5 is reached by adam (rate 0.2) in 1 and sgd (rate 0.1) in 2 steps.");
  EXPECT_EQ(
      conclusion(found)[1],
      "The straight line to the lowest point is 5 long; the shortest way, that of adam (rate 0.2), is 5, and "
      "the longest, that of sgd (rate 0.1), is 7.");
  std::swap(found.surface.paths[0].points, found.surface.paths[1].points);
  std::swap(found.reached[0], found.reached[1]);
  EXPECT_EQ(conclusion(found)[0],
            "A loss of 0.5 is reached by sgd (rate 0.1) in 1 and adam (rate 0.2) in 2 steps.");
  EXPECT_TRUE(has(conclusion(found)[1], "the shortest way, that of sgd (rate 0.1), is 5"))
      << conclusion(found)[1];
  found.reached = {std::nullopt, 1};
  found.surface.paths[0].losses.back() = 0.75;
  EXPECT_EQ(conclusion(found)[0],
            "A loss of 0.5 is reached by adam (rate 0.2) in 1 steps; sgd (rate 0.1) is at 0.75 after 2.");
  found.surface.paths.resize(1);
  found.reached.resize(1);
  EXPECT_EQ(conclusion(found)[0], "A loss of 0.5 is not reached; sgd (rate 0.1) is at 0.75 after 2.");
  EXPECT_EQ(conclusion(found)[1],
            "The straight line to the lowest point is 5 long, the way of sgd (rate 0.1) 5.");
  EXPECT_THROW(conclusion(Descent()), DataError);
}

TEST(Descent, RefusesWhatItCannotTry) {
  const auto refused = [](const DescentOptions& options) { EXPECT_THROW(descent(options), ConfigError); };
  refused({.samples = 1});
  refused({.condition = 0.5});
  refused({.condition = std::numeric_limits<double>::quiet_NaN()});
  refused({.angle = 1000});
  refused({.optimizers = {}});
  refused({.optimizers = {"gd", "adm"}});
  refused({.steps = 0});
  refused({.goal = 0});
  refused({.goal = std::numeric_limits<double>::infinity()});
  refused({.goal = std::numeric_limits<double>::quiet_NaN()});
}

}  // namespace
}  // namespace hebb::lab
