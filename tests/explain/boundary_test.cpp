#include "hebb/boundary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/random.hpp"
#include "hebb/trainer.hpp"

namespace hebb {
namespace {

constexpr PlaneBox kBox = {.left = -2, .right = 2, .low = -1.5, .high = 1.5};

/// A classifier of functions of a point, one for each output.
template <class... F>
PlaneClassifier classifier_of(F... score) {
  PlaneClassifier classifier;
  classifier.outputs = sizeof...(F);
  classifier.scores = [=](std::span<const double> points) {
    std::vector<double> scores;
    for (std::size_t i = 0; i < points.size(); i += 2)
      (scores.push_back(score(points[i], points[i + 1])), ...);
    return scores;
  };
  return classifier;
}

PlaneData no_data() { return {}; }

double length(const PlanePath& path) {
  double sum = 0;
  for (std::size_t i = 1; i < path.size(); ++i)
    sum += std::hypot(path[i].x - path[i - 1].x, path[i].y - path[i - 1].y);
  return sum;
}

bool on_the_edge(const PlanePoint& p, const PlaneBox& box) {
  const auto near = [](double a, double b) { return std::abs(a - b) < 1e-9; };
  return near(p.x, box.left) || near(p.x, box.right) || near(p.y, box.low) || near(p.y, box.high);
}

TEST(Boundary, IsAnExactLineForALinearClassifier) {
  const auto score = [](double x, double y) { return 2 * x - 3 * y + 0.5; };
  PlaneData data;
  data.points = {{0, 0}, {1, 0}, {0, 1}, {-1, 0.2}};
  data.labels = {1, 1, 0, 0};
  const DecisionMap map = decision_map(classifier_of(score), data, {.box = kBox});
  ASSERT_TRUE(map.line.has_value());
  EXPECT_NEAR(map.line->weights[0], 2, 1e-12);
  EXPECT_NEAR(map.line->weights[1], -3, 1e-12);
  EXPECT_NEAR(map.line->bias, 0.5, 1e-12);
  ASSERT_EQ(map.boundary.size(), 1U);
  for (const PlanePoint& p : map.boundary[0]) {
    EXPECT_NEAR(score(p.x, p.y), 0, 1e-12);
    EXPECT_TRUE(on_the_edge(p, kBox)) << p.x << " " << p.y;
  }
  EXPECT_TRUE(map.separated);
  EXPECT_NEAR(map.margin, 0.5, 1e-12);  // of the sample at the origin
  ASSERT_TRUE(map.distance.has_value());
  EXPECT_NEAR(*map.distance, 0.5 / std::sqrt(13.0), 1e-12);
  ASSERT_EQ(map.margins.size(), 2U);
  for (const PlanePath& path : map.margins) {
    for (const PlanePoint& p : path) EXPECT_NEAR(std::abs(score(p.x, p.y)), 0.5, 1e-12);
  }
}

TEST(Boundary, OfSeveralLinearScoresIsWhereTheTwoLargestAreEqual) {
  const auto a = [](double x, double y) { return x + 0.2 * y; };
  const auto b = [](double x, double y) { return -0.7 * x + 0.9 * y; };
  const auto c = [](double x, double y) { return -0.1 * x - y + 0.3; };
  const auto d = [](double x, double y) { return 0.1 * x + 0.1 * y - 9; };  // nowhere the largest
  // Something common to all does not matter.
  const auto bent = [](auto f) { return [=](double x, double y) { return f(x, y) + std::sin(3 * x * y); }; };
  const DecisionMap map =
      decision_map(classifier_of(bent(a), bent(b), bent(c), bent(d)), no_data(), {.box = kBox});
  EXPECT_TRUE(map.linear);
  EXPECT_FALSE(map.line.has_value());
  ASSERT_EQ(map.boundary.size(), 3U);
  for (const PlanePath& path : map.boundary) {
    const PlanePoint middle{(path[0].x + path[1].x) / 2, (path[0].y + path[1].y) / 2};
    for (const PlanePoint& p : {path[0], middle, path[1]}) {
      std::array<double, 4> s = {a(p.x, p.y), b(p.x, p.y), c(p.x, p.y), d(p.x, p.y)};
      std::sort(s.begin(), s.end());
      EXPECT_NEAR(s[3], s[2], 1e-9);
    }
  }
}

TEST(Boundary, FollowsACircle) {
  const DecisionMap map = decision_map(classifier_of([](double x, double y) { return 1 - x * x - y * y; }),
                                       no_data(), {.box = kBox});
  EXPECT_FALSE(map.linear);
  ASSERT_EQ(map.boundary.size(), 1U);
  const PlanePath& circle = map.boundary[0];
  EXPECT_EQ(circle.front().x, circle.back().x);
  EXPECT_EQ(circle.front().y, circle.back().y);
  for (const PlanePoint& p : circle) EXPECT_NEAR(std::hypot(p.x, p.y), 1, 1e-6);
  EXPECT_NEAR(length(circle), 2 * 3.14159265, 1e-3);
  for (const PlanePath& path : map.margins) {
    for (const PlanePoint& p : path) EXPECT_NEAR(std::abs(1 - p.x * p.x - p.y * p.y), 1, 1e-5);
  }
}

TEST(Boundary, IsFoundByBisectionWhereScoresJump) {
  const DecisionMap map =
      decision_map(classifier_of([](double x, double y) { return x * x + y * y < 1 ? 1.0 : -1.0; }),
                   no_data(), {.box = kBox});
  ASSERT_EQ(map.boundary.size(), 1U);
  for (const PlanePoint& p : map.boundary[0]) EXPECT_NEAR(std::hypot(p.x, p.y), 1, 1e-6);
}

TEST(Boundary, SeparatesAllRegionsOfManyClasses) {
  // The nearest of seven centres, whose scores are far from linear.
  std::vector<PlanePoint> centres;
  Random random(5, 0);
  for (int k = 0; k < 7; ++k) centres.push_back({4 * random.uniform() - 2, 3 * random.uniform() - 1.5});
  PlaneClassifier classifier;
  classifier.outputs = 7;
  classifier.scores = [&](std::span<const double> points) {
    std::vector<double> scores;
    for (std::size_t i = 0; i < points.size(); i += 2) {
      for (const PlanePoint& c : centres)
        scores.push_back(-std::sqrt(std::hypot(points[i] - c.x, points[i + 1] - c.y)));
    }
    return scores;
  };
  const DecisionMap map = decision_map(classifier, no_data(), {.box = kBox, .columns = 120, .rows = 90});
  std::size_t points = 0;
  for (const PlanePath& path : map.boundary) {
    for (const PlanePoint& p : path) {
      std::vector<double> far;
      for (const PlanePoint& c : centres) far.push_back(std::hypot(p.x - c.x, p.y - c.y));
      std::sort(far.begin(), far.end());
      EXPECT_NEAR(far[0], far[1], 1e-5);
      ++points;
    }
  }
  EXPECT_GT(points, 100U);
  for (std::size_t i = 0; i < map.classes.size(); ++i) {
    EXPECT_GE(map.confidence[i], 1.0F / 7 - 1e-6F);
    EXPECT_LE(map.confidence[i], 1.0F);
  }
}

TEST(Contour, LiesOnTheEdgesWhereTheGridPassesTheLevel) {
  Random random(11, 0);
  for (int n = 0; n < 20; ++n) {
    PlaneGrid grid{
        .box = {.left = 0, .right = 9, .low = 0, .high = 7}, .columns = 10, .rows = 8, .values = {}};
    for (int i = 0; i < 80; ++i) grid.values.push_back(random.normal());
    const std::vector<PlanePath> paths = contour(grid, 0.1);
    // Every edge with ends on both sides is crossed once.
    std::size_t crossed = 0;
    const auto above = [&](int row, int column) {
      return grid.values[static_cast<std::size_t>(row * 10 + column)] >= 0.1;
    };
    for (int r = 0; r < 8; ++r) {
      for (int c = 0; c < 10; ++c) {
        crossed += c + 1 < 10 && above(r, c) != above(r, c + 1) ? 1 : 0;
        crossed += r + 1 < 8 && above(r, c) != above(r + 1, c) ? 1 : 0;
      }
    }
    std::size_t points = 0;
    for (const PlanePath& path : paths) {
      const bool closed =
          path.size() > 2 && path.front().x == path.back().x && path.front().y == path.back().y;
      points += path.size() - (closed ? 1 : 0);
      if (!closed) {
        EXPECT_TRUE(on_the_edge(path.front(), grid.box));
        EXPECT_TRUE(on_the_edge(path.back(), grid.box));
      }
      for (const PlanePoint& p : path) {  // between two grid points, in proportion
        const double x0 = std::floor(p.x);
        const double y0 = std::floor(p.y);
        const auto at = [&](double y, double x) {
          return grid.values[static_cast<std::size_t>(std::min(y, 7.0) * 10 + std::min(x, 9.0))];
        };
        const double value = p.y == y0 ? at(y0, x0) + (p.x - x0) * (at(y0, x0 + 1) - at(y0, x0))
                                       : at(y0, x0) + (p.y - y0) * (at(y0 + 1, x0) - at(y0, x0));
        EXPECT_NEAR(value, 0.1, 1e-9);
      }
    }
    EXPECT_EQ(points, crossed);
  }
}

TEST(Contour, LeavesOutWhatIsNotFinite) {
  PlaneGrid grid{.box = {.left = 0, .right = 2, .low = 0, .high = 2}, .columns = 3, .rows = 3, .values = {}};
  grid.values = {-1, 1, 1, -1, 1, 1, -1, 1, NAN};
  const std::vector<PlanePath> paths = contour(grid, 0);
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_EQ(paths[0].size(), 3U);
  grid.values.pop_back();
  EXPECT_THROW(contour(grid, 0), ShapeError);
}

SavedModel trained(DataSplits data, const std::string& description, const Loss& loss) {
  apply_scaling(data, ScaleKind::standard);
  Sequential model = Sequential::parse(description);
  model.build(data.train->input_shape(), 1);
  train(model, {.loss = loss, .optimizer = Adam({.learning_rate = 0.02}), .epochs = 30},
        {.train = data.train.get()});
  data.spec.input_shape = data.train->input_shape();
  return SavedModel(model, data.spec, loss);
}

TEST(Boundary, IsThatOfTheModelThatPredicts) {
  for (const bool one : {false, true}) {
    const DataSplits data = load_dataset("moons", {.count = 120});
    const SavedModel model =
        trained(data, one ? "dense(8, act=tanh) dense(1)" : "dense(8, act=tanh) dense(2)",
                one ? "binary_cross_entropy" : "cross_entropy");
    LoadedModel reader(model);
    const PlaneData plane = plane_data(data);
    const DecisionMap map = decision_map(plane_classifier(model), plane, {.columns = 30, .rows = 20});
    EXPECT_FALSE(map.linear);
    std::int64_t errors = 0;
    for (std::size_t i = 0; i < plane.points.size(); ++i) {
      const std::vector<float> raw = {static_cast<float>(plane.points[i].x),
                                      static_cast<float>(plane.points[i].y)};
      errors += reader.predict_class(raw) == plane.labels[i] ? 0 : 1;
    }
    EXPECT_EQ(map.errors, errors);
    EXPECT_EQ(plane.axes.size(), 2U);
    for (std::int64_t r = 0; r < 20; ++r) {
      for (std::int64_t c = 0; c < 30; ++c) {
        const double x = map.box.left + (static_cast<double>(c) + 0.5) / 30 * (map.box.right - map.box.left);
        const double y = map.box.low + (static_cast<double>(r) + 0.5) / 20 * (map.box.high - map.box.low);
        const std::vector<float> raw = {static_cast<float>(x), static_cast<float>(y)};
        const auto at = static_cast<std::size_t>(r * 30 + c);
        const float p = reader.predict(raw)[one ? 0 : 1];
        EXPECT_NEAR(map.confidence[at], std::max(p, 1 - p), 1e-4);
        if (std::abs(p - 0.5F) > 1e-4F) {
          EXPECT_EQ(map.classes[at], p > 0.5F ? 1 : 0);
        }
      }
    }
  }
}

TEST(Boundary, OfASingleNeuronIsALineInTheUnitsOfTheData) {
  const DataSplits data = load_dataset("blobs", {.count = 60, .classes = 2});
  const SavedModel model = trained(data, "dense(1)", "binary_cross_entropy");
  const DecisionMap map = decision_map(plane_classifier(model), plane_data(data));
  ASSERT_TRUE(map.line.has_value());
  const auto* layers = dynamic_cast<const Sequential*>(model.module.get());
  const auto& neuron = dynamic_cast<const Linear&>(layers->layer(0));
  for (std::size_t i = 0; i < 2; ++i) {
    const double want = neuron.weight().to_vector()[i] / double{model.input.scaling.deviation[i]};
    EXPECT_NEAR(map.line->weights[i], want, 1e-5 * std::abs(want));
  }
}

TEST(Boundary, TakesValuesOfZeroAndOneForClasses) {
  const DataSplits data = load_dataset("xor");
  const SavedModel model = trained(data, "dense(8, act=tanh) dense(1, act=sigmoid)", "sse");
  const PlaneData plane = plane_data(data);
  EXPECT_EQ(plane.class_names, (std::vector<std::string>{"0", "1"}));
  const DecisionMap map = decision_map(plane_classifier(model), plane);
  LoadedModel reader(model);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::vector<float> raw = {static_cast<float>(plane.points[i].x),
                                    static_cast<float>(plane.points[i].y)};
    EXPECT_EQ(plane_classifier(model).scores(std::vector<double>(raw.begin(), raw.end()))[0] > 0,
              reader.predict(raw)[0] > 0.5F);
  }
}

TEST(Film, ShowsTheTrainingThatTrainDoes) {
  DataSplits data = load_dataset("moons", {.count = 80});
  const PlaneData plane = plane_data(data);
  apply_scaling(data, ScaleKind::standard);
  Sequential model = Sequential::parse("dense(6, act=tanh) dense(2)");
  model.build({2}, 2);
  data.spec.input_shape = {2};
  const TrainerOptions training = {.loss = "cross_entropy",
                                   .optimizer = Adam({.learning_rate = 0.02}),
                                   .batch_size = 16,
                                   .epochs = 25,
                                   .seed = 4};
  const SavedModel start(model, data.spec, training.loss);
  const FilmOptions options = {.frames = 9, .boundary = {.columns = 24, .rows = 16}};
  const std::vector<TrainingFrame> film =
      film_training({.model = &start, .train = data.train.get(), .plane = &plane}, training, options);
  ASSERT_GE(film.size(), 5U);
  ASSERT_LE(film.size(), 9U);
  EXPECT_EQ(film.front().epoch, 0);
  EXPECT_EQ(film.back().epoch, 25);
  for (std::size_t i = 1; i < film.size(); ++i) EXPECT_GT(film[i].epoch, film[i - 1].epoch);
  const auto expect_same = [&](const DecisionMap& got, const Module& module) {
    const DecisionMap want =
        decision_map(plane_classifier(SavedModel(module, data.spec, training.loss)), plane, options.boundary);
    EXPECT_EQ(got.classes, want.classes);
    EXPECT_EQ(got.confidence, want.confidence);
  };
  expect_same(film.front().map, model);
  train(model, training, {.train = data.train.get()});
  expect_same(film.back().map, model);
  EXPECT_LT(film.back().loss, film.front().loss);
  EXPECT_THROW(
      film_training({.model = &start, .train = data.train.get(), .plane = &plane}, training, {.frames = 1}),
      ConfigError);
}

DataSplits table_of(std::vector<float> inputs, std::vector<std::int32_t> labels, std::int64_t columns) {
  DataSplits data;
  data.name = "table";
  const auto rows = static_cast<std::int64_t>(labels.size());
  data.train = std::make_shared<ArrayDataset>(ArrayData{.inputs = Tensor::from(inputs, {rows, columns}),
                                                        .targets = Tensor::from(labels, {rows}),
                                                        .classes = 2});
  return data;
}

template <class Error, class F>
void expect_error(const F& f, const std::string& words) {
  try {
    f();
    ADD_FAILURE() << "nothing was thrown; expected: " << words;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(Boundary, SaysWhatCannotBeDrawn) {
  expect_error<DataError>([] { plane_data(load_dataset("iris")); }, "4 inputs");
  expect_error<DataError>([] { plane_data(load_dataset("truth-table")); }, "3 inputs");
  expect_error<DataError>(
      [] {
        plane_data(table_of({1, 2, 3, 4, 5, 6}, {1, 1, 1}, 2));
      },
      "all samples are of class '1'");
  expect_error<DataError>(
      [] {
        plane_data(table_of({1, 7, 3, 7, 5, 7}, {0, 1, 1}, 2));
      },
      "is 7 in all samples");
  DataSplits values;
  values.name = "values";
  values.train = std::make_shared<ArrayDataset>(
      ArrayData{.inputs = Tensor::rows({{0, 1}, {1, 2}}), .targets = Tensor::rows({{0.5}, {1}})});
  expect_error<DataError>([&] { plane_data(values); }, "no classes");
  const SavedModel wide = trained(load_dataset("iris"), "dense(3)", "cross_entropy");
  expect_error<DataError>([&] { plane_classifier(wide); }, "4 inputs");
  const auto plain = classifier_of([](double x, double) { return x; });
  expect_error<DataError>([&] { decision_map(plain, no_data()); }, "no samples");
  expect_error<ConfigError>([&] { decision_map(plain, no_data(), {.box = kBox, .columns = 1}); }, "grid");
  expect_error<ConfigError>([&] { decision_map(plain, no_data(), {.box = PlaneBox{.left = 1, .right = 1}}); },
                            "rectangle");
  expect_error<DataError>(
      [&] {
        decision_map(classifier_of([](double x, double) { return std::log(x); }), no_data(), {.box = kBox});
      },
      "score at");
  PlaneData strange;
  strange.points = {{0, 0}, {1, 1}};
  strange.labels = {0, 2};
  expect_error<DataError>([&] { decision_map(plain, strange); }, "class 2");
}

TEST(Boundary, MayBeNowhere) {
  const DecisionMap map =
      decision_map(classifier_of([](double, double) { return 3.0; }), no_data(), {.box = kBox});
  EXPECT_TRUE(map.boundary.empty());
  EXPECT_FALSE(map.line.has_value());
  EXPECT_TRUE(std::all_of(map.classes.begin(), map.classes.end(), [](std::int32_t c) { return c == 1; }));
}

}  // namespace
}  // namespace hebb
