#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "hebb/threads.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using test::expect_error;
using test::inputs_of;
using test::values_of;

constexpr std::array<const char*, 6> kPointSets = {"blobs", "circles", "moons", "spirals", "line", "sine"};

TEST(TruthTables, AreAsInTheBook) {
  const DataSplits table = load_dataset("truth-table");
  EXPECT_EQ(inputs_of(*table.train), (std::vector<float>{0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1}));
  EXPECT_EQ(values_of(*table.train), (std::vector<float>{0, 1, 1, 0}));
  EXPECT_EQ(table.train->target_kind(), TargetKind::values);
  EXPECT_EQ(table.train->outputs(), 1);
  EXPECT_EQ(table.test, nullptr);
  EXPECT_EQ(table.spec.input_shape, Shape({3}));
  const std::vector<float> pairs = {0, 0, 0, 1, 1, 0, 1, 1};
  for (const auto& [name, target] : std::vector<std::pair<std::string, std::vector<float>>>{
           {"xor", {0, 1, 1, 0}}, {"and", {0, 0, 0, 1}}, {"or", {0, 1, 1, 1}}}) {
    const DataSplits splits = load_dataset(name);
    EXPECT_EQ(inputs_of(*splits.train), pairs) << name;
    EXPECT_EQ(values_of(*splits.train), target) << name;
    const DataSplits classes = load_dataset(name, {.task = Task::classification});
    EXPECT_EQ(all_labels(*classes.train), std::vector<std::int32_t>(target.begin(), target.end())) << name;
    EXPECT_EQ(classes.spec.class_names.size(), 2U);
  }
}

TEST(TruthTables, RepeatTheirRowsUnderNoise) {
  const DataSplits splits = load_dataset("xor", {.count = 400, .noise = .1});
  EXPECT_EQ(splits.train->size(), 400);
  const std::vector<float> inputs = inputs_of(*splits.train);
  const std::vector<float> values = values_of(*splits.train);
  double squares = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    EXPECT_EQ(values[i], static_cast<float>(i % 4 == 1 || i % 4 == 2));
    squares += std::pow(inputs[2 * i] - static_cast<float>(i % 4 >= 2), 2);
  }
  EXPECT_NEAR(std::sqrt(squares / 400), .1, .02);
}

TEST(Generated, IsAFunctionOfTheSeed) {
  for (const char* name : kPointSets) {
    const auto load = [&](std::uint64_t seed, std::int64_t count) {
      return inputs_of(*load_dataset(name, {.count = count, .seed = seed}).train);
    };
    EXPECT_EQ(load(1, 50), load(1, 50)) << name;
    EXPECT_NE(load(1, 50), load(2, 50)) << name;
    // More samples do not change those that were there.
    const std::vector<float> fewer = load(1, 20);
    const std::vector<float> more = load(1, 50);
    EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), more.begin())) << name;
  }
}

TEST(Generated, TestSplitsAreMadeOnDemand) {
  for (const char* name : kPointSets) {
    EXPECT_EQ(load_dataset(name).test, nullptr) << name;
    const DataSplits splits = load_dataset(name, {.count = 30, .test_count = 12});
    ASSERT_NE(splits.test, nullptr) << name;
    EXPECT_EQ(splits.test->size(), 12);
    EXPECT_NE(inputs_of(*splits.test, {0}), inputs_of(*splits.train, {0}));
    const DataSplits longer = load_dataset(name, {.count = 60, .test_count = 12});
    EXPECT_EQ(inputs_of(*splits.test), inputs_of(*longer.test))
        << "the test split depends on the training split";
  }
}

TEST(Generated, ShapesLieWhereTheyBelong) {
  const DataSplits circles = load_dataset("circles", {.count = 200, .noise = 0});
  const std::vector<std::int32_t> ring = all_labels(*circles.train);
  std::vector<float> points = inputs_of(*circles.train);
  for (std::size_t i = 0; i < ring.size(); ++i) {
    EXPECT_NEAR(std::hypot(points[2 * i], points[2 * i + 1]), ring[i] == 0 ? 1 : .5, 1e-5);
  }
  const DataSplits moons = load_dataset("moons", {.count = 200, .noise = 0});
  const std::vector<std::int32_t> moon = all_labels(*moons.train);
  points = inputs_of(*moons.train);
  for (std::size_t i = 0; i < moon.size(); ++i) {
    const double x = points[2 * i] - (moon[i] == 0 ? 0 : 1);
    const double y = points[2 * i + 1] - (moon[i] == 0 ? 0 : .5);
    EXPECT_NEAR(std::hypot(x, y), 1, 1e-5);
    EXPECT_TRUE(moon[i] == 0 ? y >= -1e-5 : y <= 1e-5);
  }
  for (const auto& [name, function] : std::vector<std::pair<const char*, double (*)(double)>>{
           {"line", [](double x) { return 2 * x - 1; }}, {"sine", [](double x) { return std::sin(x); }}}) {
    const DataSplits splits = load_dataset(name, {.noise = 0});
    const std::vector<float> xs = inputs_of(*splits.train);
    const std::vector<float> ys = values_of(*splits.train);
    for (std::size_t i = 0; i < xs.size(); ++i) EXPECT_NEAR(ys[i], function(xs[i]), 1e-5) << name;
  }
  const DataSplits blobs = load_dataset("blobs", {.count = 4000, .noise = .3, .classes = 4});
  EXPECT_EQ(blobs.train->outputs(), 4);
  const std::vector<std::int32_t> cloud = all_labels(*blobs.train);
  points = inputs_of(*blobs.train);
  std::array<double, 8> centre{};
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    centre[static_cast<std::size_t>(cloud[i]) * 2] += points[2 * i] / 1000;
    centre[static_cast<std::size_t>(cloud[i]) * 2 + 1] += points[2 * i + 1] / 1000;
  }
  for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(std::hypot(centre[2 * c], centre[2 * c + 1]), 2, .05);
}

TEST(Bags, HaveMeansThatTellNothingAndAKeyThatTellsAll) {
  const DataSplits splits = load_dataset("bags", {.count = 200, .test_count = 20});
  EXPECT_EQ(splits.train->input_shape(), Shape({16, 8}));
  const std::vector<float> inputs = inputs_of(*splits.train);
  const std::vector<std::int32_t> labels = all_labels(*splits.train);
  std::set<std::size_t> places;
  std::size_t right = 0;
  for (std::size_t bag = 0; bag < 200; ++bag) {
    EXPECT_EQ(labels[bag], static_cast<std::int32_t>(bag % 2));
    std::array<double, 8> mean{};
    std::array<double, 16> along{};  // the key
    for (std::size_t i = 0; i < 16; ++i) {
      for (std::size_t j = 0; j < 8; ++j) {
        const double x = inputs[bag * 128 + i * 8 + j];
        mean[j] += x / 16;
        along[i] += x * (j % 2 == 0 ? 1 : -1) / std::sqrt(8.0);
      }
    }
    for (const double m : mean) EXPECT_NEAR(m, 0, 1e-6);
    const auto [least, most] = std::minmax_element(along.begin(), along.end());
    right += (*most > -*least) == (labels[bag] == 1) ? 1 : 0;
    places.insert(static_cast<std::size_t>((labels[bag] == 1 ? most : least) - along.begin()));
  }
  EXPECT_GE(right, 190U);
  EXPECT_EQ(places.size(), 16U);
  // A function of the seed and the index alone.
  EXPECT_NE(inputs, inputs_of(*load_dataset("bags", {.count = 200, .seed = 1}).train));
  const std::vector<float> fewer = inputs_of(*load_dataset("bags", {.count = 7}).train);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), inputs.begin()));
  EXPECT_EQ(inputs_of(*splits.test), inputs_of(*load_dataset("bags", {.count = 9, .test_count = 20}).test));
  EXPECT_EQ(load_dataset("bags", {.count = 60}).test->size(), 30);
  expect_error<ConfigError>([] { load_dataset("bags", {.task = Task::regression}); }, {"bags"});
  expect_error<ConfigError>([] { load_dataset("bags", {.noise = -1}); }, {"noise", "-1"});
  expect_error<ConfigError>([] { load_dataset("bags", {.classes = 4}); }, {"classes"});
}

TEST(Generated, RefusesImpossibleOptions) {
  expect_error<ConfigError>([] { load_dataset("moons", {.count = 0}); }, {"moons", "0 samples"});
  expect_error<ConfigError>([] { load_dataset("moons", {.count = -5}); }, {"-5"});
  expect_error<ConfigError>([] { load_dataset("moons", {.count = std::int64_t{1} << 62}); }, {"moons"});
  expect_error<ConfigError>([] { load_dataset("strokes", {.test_count = -1}); }, {"strokes", "-1"});
  expect_error<ConfigError>([] { load_dataset("moons", {.noise = -1}); }, {"noise", "-1"});
  expect_error<ConfigError>([] { load_dataset("line", {.noise = std::nan("")}); }, {"noise", "nan"});
  expect_error<ConfigError>([] { load_dataset("strokes", {.count = 1, .noise = 7}); }, {"noise", "7"});
  expect_error<ConfigError>([] { load_dataset("blobs", {.classes = 1}); }, {"1 classes"});
  expect_error<ConfigError>([] { load_dataset("line", {.task = Task::classification}); }, {"line"});
  expect_error<ConfigError>([] { load_dataset("iris", {.task = Task::regression}); }, {"iris"});
}

TEST(Iris, HasFishersNumbers) {
  const DataSplits iris = load_dataset("iris");
  ASSERT_EQ(iris.train->size(), 150);
  EXPECT_EQ(iris.spec.class_names, (std::vector<std::string>{"setosa", "versicolor", "virginica"}));
  const std::vector<std::int32_t> labels = all_labels(*iris.train);
  for (std::size_t i = 0; i < 150; ++i) EXPECT_EQ(labels[i], static_cast<std::int32_t>(i / 50));
  // The means of the species as published (Fisher 1936, table II).
  const std::vector<float> inputs = inputs_of(*iris.train);
  constexpr std::array<std::array<double, 4>, 3> kMeans = {
      {{5.006, 3.428, 1.462, .246}, {5.936, 2.770, 4.260, 1.326}, {6.588, 2.974, 5.552, 2.026}}};
  for (std::size_t species = 0; species < 3; ++species) {
    for (std::size_t j = 0; j < 4; ++j) {
      double mean = 0;
      for (std::size_t i = 0; i < 50; ++i) mean += inputs[(species * 50 + i) * 4 + j] / 50;
      EXPECT_NEAR(mean, kMeans[species][j], 5e-4) << species << " " << j;
    }
  }
  // Where the file of the UCI repository is wrong.
  EXPECT_EQ(inputs_of(*iris.train, {34, 37}),
            (std::vector<float>{4.9F, 3.1F, 1.5F, .2F, 4.9F, 3.6F, 1.4F, .1F}));
}

// ---- Strokes
// ----------------------------------------------------------------------------------------------------

using Picture = std::array<std::uint8_t, kStrokesSide * kStrokesSide>;

Picture draw(const StrokesOptions& options, std::uint64_t index) {
  Picture picture{};
  EXPECT_EQ(draw_digit(options, index, picture), static_cast<std::int32_t>(index % 10));
  return picture;
}

TEST(Strokes, APictureIsAFunctionOfSeedAndIndex) {
  EXPECT_EQ(draw({.seed = 3}, 17), draw({.seed = 3}, 17));
  EXPECT_NE(draw({.seed = 3}, 17), draw({.seed = 4}, 17));
  EXPECT_NE(draw({.seed = 3}, 17), draw({.seed = 3}, 27));
  const DataSplits splits = load_dataset("strokes", {.count = 130, .seed = 3});
  const Picture picture = draw({.seed = 3}, 117);
  EXPECT_EQ(inputs_of(*splits.train, {117}), std::vector<float>(picture.begin(), picture.end()));
}

TEST(Strokes, HasATestSplitOfASixth) {
  const DataSplits splits = load_dataset("strokes", {.count = 600});
  EXPECT_EQ(splits.train->size(), 600);
  ASSERT_NE(splits.test, nullptr);
  EXPECT_EQ(splits.test->size(), 100);
  EXPECT_EQ(splits.train->input_shape(), Shape({28, 28, 1}));
  EXPECT_EQ(splits.train->outputs(), 10);
  const std::vector<float> train = inputs_of(*splits.train);
  for (std::int64_t i = 0; i < 100; ++i) {
    const std::vector<float> sample = inputs_of(*splits.test, {i});
    EXPECT_EQ(std::search(train.begin(), train.end(), sample.begin(), sample.end()), train.end());
  }
  EXPECT_EQ(load_dataset("strokes", {.count = 60, .test_count = 0}).test, nullptr);
}

TEST(Strokes, DoesNotDependOnThreads) {
  const int before = threads();
  set_threads(1);
  const std::vector<float> one = inputs_of(*load_dataset("strokes", {.count = 300}).train);
  set_threads(3);
  EXPECT_EQ(inputs_of(*load_dataset("strokes", {.count = 300}).train), one);
  set_threads(before);
}

TEST(Strokes, InkIsThereAndMostlyInside) {
  for (std::uint64_t index = 0; index < 500; ++index) {
    const Picture picture = draw({.noise = 0}, index);
    int ink = 0;
    int at_edge = 0;
    for (int y = 0; y < 28; ++y) {
      for (int x = 0; x < 28; ++x) {
        const bool dark = picture[static_cast<std::size_t>(28 * y + x)] > 96;
        ink += dark ? 1 : 0;
        if (x == 0 || y == 0 || x == 27 || y == 27) at_edge += dark ? 1 : 0;
      }
    }
    EXPECT_GT(ink, 12) << index;
    EXPECT_LT(ink, 350) << index;
    EXPECT_LT(at_edge, 14) << index;
  }
}

TEST(Strokes, OptionsAreChecked) {
  Picture picture{};
  EXPECT_THROW(draw_digit({.noise = -.1}, 0, picture), ConfigError);
  EXPECT_THROW(draw_digit({.noise = std::nan("")}, 0, picture), ConfigError);
  EXPECT_THROW(draw_digit({.distortion = -1}, 0, picture), ConfigError);
  EXPECT_THROW(draw_digit({.distortion = INFINITY}, 0, picture), ConfigError);
  EXPECT_NO_THROW(draw_digit({.noise = 1, .distortion = 4}, ~std::uint64_t{0}, picture));
}

/// Nearest class mean: a linear model. It must do far better than chance, and far from perfectly.
TEST(Strokes, IsNeitherTrivialNorNoise) {
  const DataSplits splits = load_dataset("strokes", {.count = 3000, .test_count = 1000});
  const std::vector<float> train = inputs_of(*splits.train);
  const std::vector<float> test = inputs_of(*splits.test);
  std::vector<float> mean(10 * 784);
  for (std::size_t i = 0; i < 3000; ++i) {
    for (std::size_t j = 0; j < 784; ++j) mean[i % 10 * 784 + j] += train[i * 784 + j] / 300;
  }
  const std::vector<std::int32_t> labels = all_labels(*splits.test);
  int right = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    std::array<double, 10> distance{};
    for (std::size_t c = 0; c < 10; ++c) {
      for (std::size_t j = 0; j < 784; ++j) distance[c] += std::pow(test[i * 784 + j] - mean[c * 784 + j], 2);
    }
    right += std::min_element(distance.begin(), distance.end()) - distance.begin() == labels[i] ? 1 : 0;
  }
  EXPECT_GT(right, 450);
  EXPECT_LT(right, 850);
}

// ---- The catalogue
// ----------------------------------------------------------------------------------------------

TEST(Catalogue, EveryNameLoads) {
  std::set<std::string> names;
  for (const DatasetInfo& info : known_datasets()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.description.empty());
    if (info.needs_files) continue;
    const DataSplits splits = load_dataset(info.name);
    EXPECT_EQ(splits.name, info.name);
    EXPECT_EQ(splits.description, info.description);
    EXPECT_EQ(splits.train->size(), info.train);
    EXPECT_EQ(splits.test == nullptr ? 0 : splits.test->size(), info.test);
    EXPECT_EQ(splits.spec.input_shape, splits.train->input_shape());
    EXPECT_EQ(input_spec_from_json(to_json(splits.spec)), splits.spec);
    const bool classes = splits.train->target_kind() == TargetKind::classes;
    EXPECT_EQ(splits.spec.class_names.size(),
              classes ? static_cast<std::size_t>(splits.train->outputs()) : 0U);
  }
  for (const char* name : {"truth-table", "xor", "and", "or", "blobs", "circles", "moons", "spirals", "line",
                           "sine", "bags", "iris", "strokes", "mnist", "fashion-mnist"}) {
    EXPECT_EQ(names.count(name), 1U) << name;
  }
}

TEST(Catalogue, OffersTheNearestName) {
  expect_error<ConfigError>([] { load_dataset("mnits"); }, {"mnits", "mnist"});
  expect_error<ConfigError>([] { load_dataset("irsi"); }, {"irsi", "iris"});
  expect_error<ConfigError>([] { load_dataset(""); }, {"data set"});
  expect_error<ConfigError>([] { parse_task("classifcation"); }, {"classification"});
  expect_error<ConfigError>([] { parse_missing("means"); }, {"mean"});
  EXPECT_EQ(parse_task("auto"), Task::automatic);
  EXPECT_EQ(parse_missing("drop"), Missing::drop);
}

TEST(Catalogue, ScalingGoesToBothSplitsAndIntoTheSpec) {
  DataSplits splits = load_dataset("strokes", {.count = 120, .test_count = 20});
  const std::vector<float> raw = inputs_of(*splits.test);
  apply_scaling(splits, ScaleKind::standard);
  EXPECT_EQ(splits.spec.scaling.mean.size(), 1U);
  std::vector<float> expected = raw;
  splits.spec.scaling.apply(expected, 784);
  EXPECT_EQ(inputs_of(*splits.test), expected);
  double mean = 0;
  for (const float x : inputs_of(*splits.train)) mean += x;
  EXPECT_NEAR(mean / (120 * 784), 0, 1e-4);
}

TEST(Summary, TellsWhatIsThere) {
  const DataSummary iris = summarize(load_dataset("iris"));
  EXPECT_EQ(iris.train_rows, 150);
  EXPECT_EQ(iris.test_rows, 0);
  EXPECT_EQ(iris.train_counts, (std::vector<std::int64_t>{50, 50, 50}));
  ASSERT_EQ(iris.inputs.size(), 4U);
  EXPECT_EQ(iris.inputs[0].name, "sepal length");
  EXPECT_FLOAT_EQ(static_cast<float>(iris.inputs[0].minimum), 4.3F);
  EXPECT_FLOAT_EQ(static_cast<float>(iris.inputs[0].maximum), 7.9F);
  EXPECT_NEAR(iris.inputs[0].mean, 5.8433, 1e-4);
  EXPECT_NEAR(iris.inputs[0].deviation, .8253, 1e-4);
  DataSplits splits = load_dataset("strokes", {.count = 100});
  apply_scaling(splits, ScaleKind::unit);
  const DataSummary strokes = summarize(splits);
  ASSERT_EQ(strokes.inputs.size(), 1U);
  EXPECT_EQ(strokes.inputs[0].minimum, 0);
  EXPECT_EQ(strokes.inputs[0].maximum, 255) << "the summary must show raw values";
  EXPECT_EQ(strokes.train_counts, std::vector<std::int64_t>(10, 10));
  EXPECT_EQ(strokes.test_rows, 16);
  const DataSummary line = summarize(load_dataset("line", {.noise = 0}));
  ASSERT_EQ(line.targets.size(), 1U);
  EXPECT_NEAR(line.targets[0].mean, -1, .2);
  EXPECT_GE(line.targets[0].minimum, -3);
  EXPECT_LE(line.targets[0].maximum, 1);
}

}  // namespace
}  // namespace hebb
