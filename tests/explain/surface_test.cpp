#include "hebb/surface.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "hebb/datasets.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"

namespace hebb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// y = 3 x1 - x2 + 0.5 without noise, so that the mean square of a neuron's error is a bowl.
ArrayDataset plane_data_set() {
  std::vector<float> x;
  std::vector<float> y;
  for (int i = 0; i < 20; ++i) {
    const float a = std::sin(static_cast<float>(i));
    const float b = std::cos(2 * static_cast<float>(i));
    x.insert(x.end(), {a, b});
    y.push_back(3 * a - b + 0.5F);
  }
  return ArrayDataset({.inputs = Tensor::from(x, {20, 2}), .targets = Tensor::from(y, {20, 1})});
}

Sequential neuron() {
  Sequential model = Sequential::parse("dense(1)");
  model.build({2}, 1);
  return model;
}

/// The mean square error of weights a, b and bias 0, in double.
double bowl(const ArrayDataset& data, double a, double b) {
  const std::vector<double> x = data.data().inputs.to_vector();
  const std::vector<double> y = data.data().targets.to_vector();
  double sum = 0;
  for (std::size_t i = 0; i < 20; ++i) sum += std::pow(a * x[2 * i] + b * x[2 * i + 1] - y[i], 2);
  return sum / 20;
}

const std::array<std::string, 2> kWeights = {"dense_1.weight[0, 0]", "dense_1.weight[1,0]"};

TEST(Surface, IsTheLossOverTwoWeights) {
  const ArrayDataset data = plane_data_set();
  const Sequential model = neuron();
  const LossSurface surface =
      loss_surface(model, {.loss = "mse"}, data, {.weights = kWeights, .points = 11, .steps = 0});
  const std::vector<double> own = parameter_values(model)[0].value.to_vector();
  EXPECT_NEAR(surface.model.x, own[0], 1e-7);
  EXPECT_NEAR(surface.model.y, own[1], 1e-7);
  EXPECT_NEAR(surface.model_loss, bowl(data, own[0], own[1]), 1e-5);
  EXPECT_NEAR(surface.loss.box.right - surface.loss.box.left, 8, 1e-9);
  for (std::int64_t r = 0; r < 11; ++r) {
    for (std::int64_t c = 0; c < 11; ++c) {
      const PlanePoint p = surface.loss.point(r, c);
      const double want = bowl(data, p.x, p.y);
      EXPECT_NEAR(surface.loss.values[static_cast<std::size_t>(r * 11 + c)], want, 1e-5 * (1 + want));
    }
  }
}

TEST(Surface, PathsAreThoseOfTheOptimisersInTheTwoWeights) {
  const ArrayDataset data = plane_data_set();
  const PlanePoint start{-2, 3};
  const LossSurface surface = loss_surface(
      neuron(), {.loss = "mse"}, data,
      {.weights = kWeights,
       .points = 2,
       .steps = 30,
       .optimizers = {Sgd({.learning_rate = 0.2}), Momentum({.learning_rate = 0.05, .momentum = 0.8}),
                      Adam({.learning_rate = 0.3})},
       .start = start});
  ASSERT_EQ(surface.paths.size(), 3U);
  const auto slope = [&](double a, double b) {
    constexpr double h = 1e-4;
    return std::array<double, 2>{(bowl(data, a + h, b) - bowl(data, a - h, b)) / (2 * h),
                                 (bowl(data, a, b + h) - bowl(data, a, b - h)) / (2 * h)};
  };
  std::array<std::array<double, 2>, 3> p;
  p.fill({start.x, start.y});
  std::array<double, 2> v = {0, 0}, m = {0, 0}, s = {0, 0};
  for (std::size_t t = 1; t <= 30; ++t) {
    const auto gd = slope(p[0][0], p[0][1]);
    const auto mo = slope(p[1][0], p[1][1]);
    const auto ad = slope(p[2][0], p[2][1]);
    for (std::size_t i = 0; i < 2; ++i) {
      p[0][i] -= 0.2 * gd[i];
      v[i] = 0.8 * v[i] + mo[i];
      p[1][i] -= 0.05 * v[i];
      m[i] = 0.9 * m[i] + 0.1 * ad[i];
      s[i] = 0.999 * s[i] + 0.001 * ad[i] * ad[i];
      const auto time = static_cast<double>(t);
      p[2][i] -=
          0.3 * m[i] / (1 - std::pow(0.9, time)) / (std::sqrt(s[i] / (1 - std::pow(0.999, time))) + 1e-8);
    }
    for (std::size_t k = 0; k < 3; ++k) {
      ASSERT_EQ(surface.paths[k].points.size(), 31U);
      EXPECT_NEAR(surface.paths[k].points[t].x, p[k][0], 2e-4) << surface.paths[k].name << " " << t;
      EXPECT_NEAR(surface.paths[k].points[t].y, p[k][1], 2e-4) << surface.paths[k].name << " " << t;
    }
  }
  EXPECT_EQ(surface.paths[1].name, "momentum");
  EXPECT_LT(surface.paths[0].losses.back(), surface.paths[0].losses.front());
}

TEST(Surface, DirectionsAreAsLongAsTheUnitsOwnWeights) {
  const DataSplits data = load_dataset("moons", {.count = 60});
  Sequential model = Sequential::parse("dense(5, act=tanh) dense(2)");
  model.build({2}, 3);
  const TrainerOptions training = {.loss = "cross_entropy"};
  const LossSurface a = loss_surface(model, training, *data.train, {.seed = 1, .points = 5, .steps = 0});
  const LossSurface b = loss_surface(model, training, *data.train, {.seed = 1, .points = 5, .steps = 0});
  const LossSurface c = loss_surface(model, training, *data.train, {.seed = 2, .points = 5, .steps = 0});
  EXPECT_EQ(a.loss.values, b.loss.values);
  EXPECT_NE(a.loss.values, c.loss.values);
  EXPECT_EQ(a.loss.values[12], a.model_loss);  // the model is in the middle
  EXPECT_EQ(a.model.x, 0);
}

TEST(Surface, ReachesAsFarAsThePathsLead) {
  const ArrayDataset data = plane_data_set();
  SurfaceOptions options = {
      .weights = kWeights, .points = 2, .steps = 100, .optimizers = {Sgd({.learning_rate = 0.5})}};
  options.start = PlanePoint{9, 9};
  const LossSurface wide = loss_surface(neuron(), {.loss = "mse"}, data, options);
  for (const PlanePoint& p : wide.paths[0].points) {
    EXPECT_LT(p.x, wide.loss.box.right);
    EXPECT_LT(p.y, wide.loss.box.high);
  }
  options.reach = 2;
  const LossSurface narrow = loss_surface(neuron(), {.loss = "mse"}, data, options);
  EXPECT_NEAR(narrow.loss.box.right - narrow.loss.box.left, 4, 1e-9);
}

TEST(Surface, PathsEndWhereTheyDiverge) {
  const ArrayDataset data = plane_data_set();
  const LossSurface surface = loss_surface(
      neuron(), {.loss = "mse"}, data,
      {.weights = kWeights, .points = 2, .steps = 200, .optimizers = {Sgd({.learning_rate = 100})}});
  EXPECT_TRUE(surface.paths[0].diverged);
  EXPECT_LT(surface.paths[0].points.size(), 200U);
  for (const double loss : surface.paths[0].losses) EXPECT_TRUE(std::isfinite(loss));
}

TEST(Surface, RefusesInClearWords) {
  const ArrayDataset data = plane_data_set();
  const auto expect = [&](const SurfaceOptions& options, const std::string& words) {
    try {
      loss_surface(neuron(), {.loss = "mse"}, data, options);
      ADD_FAILURE() << words;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  expect({.weights = {"dense_1.weight[0, 0]", ""}}, "two weights");
  expect({.weights = {"dense_1.weigh[0, 0]", "dense_1.bias[0]"}}, "dense_1.weight");
  expect({.weights = {"dense_1.weight[0, 0]", "dense_1.weight[0, 0]"}}, "different");
  for (const char* text :
       {"dense_1.weight", "dense_1.weight[2, 0]", "dense_1.weight[0]", "dense_1.weight[0, 0, 0]",
        "dense_1.weight[a, 0]", "dense_1.weight[-1, 0]", "dense_1.weight[0, 0"})
    expect({.weights = {text, "dense_1.bias[0]"}}, "expected a place");
  expect({.reach = 0}, "reach");
  expect({.points = 1}, "grid");
  expect({.steps = -1}, "steps");
}

TEST(Softening, ApproachesTheStepAsItBecomesSteep) {
  std::vector<double> x;
  for (int i = -40; i <= 40; ++i) x.push_back(i / 10.0);
  const std::vector<double> steepness = {0.5, 1, 4, 50, kInfinity};
  const std::vector<SoftStep> sigmoids = softened_step("sigmoid", steepness, x);
  const std::vector<SoftStep> tanhs = softened_step("tanh", steepness, x);
  for (std::size_t k = 0; k + 1 < steepness.size(); ++k) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double s = 1 / (1 + std::exp(-steepness[k] * x[i]));
      const double t = std::tanh(steepness[k] * x[i]);
      EXPECT_NEAR(sigmoids[k].output[i], s, 1e-14);
      EXPECT_NEAR(sigmoids[k].slope[i], steepness[k] * s * (1 - s), 1e-13);
      EXPECT_NEAR(tanhs[k].output[i], t, 1e-14);
      EXPECT_NEAR(tanhs[k].slope[i], steepness[k] * (1 - t * t), 1e-12);
    }
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(sigmoids.back().output[i], x[i] >= 0 ? 1 : 0);
    EXPECT_EQ(sigmoids.back().slope[i], 0);
    if (std::abs(x[i]) > 0.3) {
      EXPECT_NEAR(sigmoids[3].output[i], sigmoids.back().output[i], 1e-6);
      EXPECT_NEAR(tanhs[3].output[i], tanhs.back().output[i], 1e-6);
    }
  }
  EXPECT_THROW(softened_step("relu", steepness, x), ConfigError);
  EXPECT_THROW(softened_step("tanh", std::vector<double>{0}, x), ConfigError);
}

}  // namespace
}  // namespace hebb
