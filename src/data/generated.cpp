#include "data/generated.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "data/iris.hpp"
#include "data/strokes.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"

namespace hebb {
namespace {

constexpr double kPi = 3.14159265358979323846;
/// A test split is drawn from the same source, further along: it does not depend on the training split's
/// size.
constexpr std::uint64_t kTestOffset = std::uint64_t{1} << 40;
constexpr std::uint64_t kPointStream = std::uint64_t{0x5054} << 48;
constexpr std::int64_t kMostSamples = std::int64_t{1} << 24;
constexpr std::int64_t kMostClasses = 1000;

std::int64_t checked_count(std::string_view what, std::int64_t count, std::int64_t least) {
  if (count < least || count > kMostSamples) {
    throw ConfigError(fmt::format("{}: {} samples; expected {} to {}", what, count, least, kMostSamples));
  }
  return count;
}

double checked_noise(const Generator& generator, const DataOptions& options, double usual) {
  const double noise = options.noise.value_or(usual);
  if (!(noise >= 0 && noise <= 1e6)) {
    throw ConfigError(fmt::format("{}: noise {}; expected 0 or more", generator.name, noise));
  }
  return noise;
}

std::int64_t checked_classes(const Generator& generator, const DataOptions& options) {
  if (options.classes < 2 || options.classes > kMostClasses) {
    throw ConfigError(
        fmt::format("{}: {} classes; expected 2 to {}", generator.name, options.classes, kMostClasses));
  }
  return options.classes;
}

/// Fills both splits with what `make(first, count)` returns.
template <class Make>
void fill_splits(DataSplits& splits, const Generator& generator, const DataOptions& options,
                 const Make& make) {
  const std::int64_t count = checked_count(generator.name, options.count.value_or(generator.count), 1);
  // Where a test split is usual it keeps its share of what is asked for.
  const std::int64_t usual = generator.test_count == 0 ? 0 : count * generator.test_count / generator.count;
  const std::int64_t test_count = checked_count(generator.name, options.test_count.value_or(usual), 0);
  splits.name = generator.name;
  splits.description = generator.description;
  splits.train = make(std::uint64_t{0}, count);
  if (test_count > 0) splits.test = make(kTestOffset, test_count);
  splits.spec.input_shape = splits.train->input_shape();
}

/// A sample of a toy problem: up to three inputs and a target.
struct Sample {
  std::array<float, 3> inputs{};
  float target = 0;
};

/// Draws sample `index`; the random numbers are its own.
using Draw = Sample (*)(std::uint64_t index, Random& random, float noise, std::int64_t classes);

struct Toy {
  std::int64_t inputs;
  std::int64_t classes;  ///< 0: regression
  double noise;
  Draw draw;
};

std::shared_ptr<const Dataset> draw_points(const Toy& toy, const DataOptions& options, float noise,
                                           std::uint64_t first, std::int64_t count) {
  std::vector<float> inputs;
  std::vector<float> values;
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t index = first + static_cast<std::uint64_t>(i);
    Random random(options.seed, kPointStream | index);
    const Sample sample = toy.draw(index, random, noise, toy.classes);
    inputs.insert(inputs.end(), sample.inputs.begin(), sample.inputs.begin() + toy.inputs);
    if (toy.classes > 0) {
      labels.push_back(static_cast<std::int32_t>(sample.target));
    } else {
      values.push_back(sample.target);
    }
  }
  ArrayData data{.inputs = Tensor::from(inputs, {count, toy.inputs}), .targets = {}, .classes = toy.classes};
  data.targets = toy.classes > 0 ? Tensor::from(labels, {count}) : Tensor::from(values, {count, 1});
  return std::make_shared<ArrayDataset>(std::move(data));
}

DataSplits make_toy(const Generator& generator, const DataOptions& options, Toy toy) {
  if (toy.classes == 0 && options.task == Task::classification) {
    throw ConfigError(fmt::format("{} has real targets, it is no classification", generator.name));
  }
  if (toy.classes > 0 && options.task == Task::regression) {
    throw ConfigError(fmt::format("{} has classes, it is no regression", generator.name));
  }
  const auto noise = static_cast<float>(checked_noise(generator, options, toy.noise));
  DataSplits splits;
  fill_splits(splits, generator, options, [&](std::uint64_t first, std::int64_t count) {
    return draw_points(toy, options, noise, first, count);
  });
  for (std::int64_t c = 0; c < toy.classes; ++c) splits.spec.class_names.push_back(std::to_string(c));
  constexpr std::array<const char*, 3> kNames = {"x", "y", "z"};
  splits.feature_names.assign(kNames.begin(), kNames.begin() + toy.inputs);
  splits.spec.target_name = toy.classes > 0 ? "class" : "y";
  return splits;
}

// ---- Truth tables
// -----------------------------------------------------------------------------------------------

struct Row {
  std::array<float, 3> inputs;
  float target;
};
using Table = std::array<Row, 4>;

constexpr Table kTruthTable = {{{{0, 0, 1}, 0}, {{0, 1, 1}, 1}, {{1, 0, 1}, 1}, {{1, 1, 1}, 0}}};
constexpr Table kXor = {{{{0, 0}, 0}, {{0, 1}, 1}, {{1, 0}, 1}, {{1, 1}, 0}}};
constexpr Table kAnd = {{{{0, 0}, 0}, {{0, 1}, 0}, {{1, 0}, 0}, {{1, 1}, 1}}};
constexpr Table kOr = {{{{0, 0}, 0}, {{0, 1}, 1}, {{1, 0}, 1}, {{1, 1}, 1}}};

template <const Table& table>
Sample draw_row(std::uint64_t index, Random& random, float noise, std::int64_t) {
  const Row& row = table[index % 4];
  Sample sample{row.inputs, row.target};
  if (noise > 0) {
    for (float& input : sample.inputs) input += noise * random.normal();
  }
  return sample;
}

/// One real output by default, as in textbooks; two classes when asked for.
template <const Table& table, int inputs>
DataSplits make_table(const Generator& generator, const DataOptions& options) {
  const std::int64_t classes = options.task == Task::classification ? 2 : 0;
  DataSplits splits = make_toy(generator, options, {inputs, classes, 0, draw_row<table>});
  splits.feature_names.clear();
  for (int i = 1; i <= inputs; ++i) splits.feature_names.push_back(fmt::format("x{}", i));
  splits.spec.target_name = "y";
  return splits;
}

// ---- Points in the plane
// ----------------------------------------------------------------------------------------

Sample blur(double x, double y, std::int64_t label, Random& random, float noise) {
  return {
      {static_cast<float>(x) + noise * random.normal(), static_cast<float>(y) + noise * random.normal(), 0},
      static_cast<float>(label)};
}

/// Normal clouds around centres that stand evenly on a circle of radius 2.
Sample draw_blob(std::uint64_t index, Random& random, float noise, std::int64_t classes) {
  const auto label = static_cast<std::int64_t>(index % static_cast<std::uint64_t>(classes));
  const double angle = kPi / 2 + 2 * kPi * static_cast<double>(label) / static_cast<double>(classes);
  return blur(2 * std::cos(angle), 2 * std::sin(angle), label, random, noise);
}

/// A circle of radius 1 (class 0) around one of radius 1/2 (class 1).
Sample draw_circle(std::uint64_t index, Random& random, float noise, std::int64_t) {
  const auto label = static_cast<std::int64_t>(index % 2);
  const double angle = 2 * kPi * random.uniform();
  const double radius = label == 0 ? 1 : .5;
  return blur(radius * std::cos(angle), radius * std::sin(angle), label, random, noise);
}

/// Two half circles of radius 1 that reach into each other.
Sample draw_moon(std::uint64_t index, Random& random, float noise, std::int64_t) {
  const auto label = static_cast<std::int64_t>(index % 2);
  const double angle = kPi * random.uniform();
  if (label == 0) return blur(std::cos(angle), std::sin(angle), label, random, noise);
  return blur(1 - std::cos(angle), .5 - std::sin(angle), label, random, noise);
}

/// Arms that wind about the origin one and a half times, to radius 1.
Sample draw_spiral(std::uint64_t index, Random& random, float noise, std::int64_t classes) {
  const auto label = static_cast<std::int64_t>(index % static_cast<std::uint64_t>(classes));
  const double along =
      .05 + .95 * std::sqrt(static_cast<double>(random.uniform()));  // evenly dense along the arm
  const double angle = 3 * kPi * along + 2 * kPi * static_cast<double>(label) / static_cast<double>(classes);
  return blur(along * std::cos(angle), along * std::sin(angle), label, random, noise);
}

// ---- Functions of one variable
// ----------------------------------------------------------------------------------

/// y = 2x - 1 for x in [-1, 1).
Sample draw_line(std::uint64_t, Random& random, float noise, std::int64_t) {
  const float x = random.uniform(-1, 1);
  return {{x, 0, 0}, 2 * x - 1 + noise * random.normal()};
}

/// y = sin(x) for x in [-pi, pi).
Sample draw_sine(std::uint64_t, Random& random, float noise, std::int64_t) {
  const float x = random.uniform(static_cast<float>(-kPi), static_cast<float>(kPi));
  return {{x, 0, 0}, std::sin(x) + noise * random.normal()};
}

DataSplits make_blobs(const Generator& generator, const DataOptions& options) {
  return make_toy(generator, options, {2, checked_classes(generator, options), .5, draw_blob});
}
DataSplits make_circles(const Generator& generator, const DataOptions& options) {
  return make_toy(generator, options, {2, 2, .08, draw_circle});
}
DataSplits make_moons(const Generator& generator, const DataOptions& options) {
  return make_toy(generator, options, {2, 2, .1, draw_moon});
}
DataSplits make_spirals(const Generator& generator, const DataOptions& options) {
  return make_toy(generator, options, {2, checked_classes(generator, options), .02, draw_spiral});
}
DataSplits make_line(const Generator& generator, const DataOptions& options) {
  return make_toy(generator, options, {1, 0, .1, draw_line});
}
DataSplits make_sine(const Generator& generator, const DataOptions& options) {
  return make_toy(generator, options, {1, 0, .1, draw_sine});
}

// ---- The others
// -------------------------------------------------------------------------------------------------

DataSplits make_drawn(const Generator& generator, const DataOptions& options) {
  if (options.task == Task::regression) throw ConfigError("strokes has classes, it is no regression");
  const StrokesOptions drawing{.seed = options.seed, .noise = options.noise.value_or(StrokesOptions().noise)};
  DataSplits splits;
  fill_splits(splits, generator, options,
              [&](std::uint64_t first, std::int64_t count) { return make_strokes(drawing, first, count); });
  for (int digit = 0; digit < 10; ++digit) splits.spec.class_names.push_back(std::to_string(digit));
  splits.spec.target_name = "digit";
  return splits;
}

constexpr std::int64_t kInstances = 16;
constexpr std::int64_t kFeatures = 8;

/// Normal instances but for one, anywhere in the bag: it is the key, 1.5 (1, -1, 1, ..), in bags of class 1,
/// and its opposite in those of class 0, both with noise. Then the bag is moved so that the mean of its
/// instances is zero and tells nothing; nor do second moments, in which key and opposite are the same.
void draw_bag(std::uint64_t index, Random& random, float noise, float* bag) {
  for (std::int64_t i = 0; i < kInstances * kFeatures; ++i) bag[i] = random.normal();
  const std::int64_t place = random.below(kInstances);
  for (std::int64_t j = 0; j < kFeatures; ++j) {
    const bool up = (j % 2 == 0) == (index % 2 == 1);
    bag[place * kFeatures + j] = (up ? 1.5F : -1.5F) + noise * random.normal();
  }
  for (std::int64_t j = 0; j < kFeatures; ++j) {
    double mean = 0;
    for (std::int64_t i = 0; i < kInstances; ++i) mean += bag[i * kFeatures + j] / double{kInstances};
    for (std::int64_t i = 0; i < kInstances; ++i) bag[i * kFeatures + j] -= static_cast<float>(mean);
  }
}

DataSplits make_bags(const Generator& generator, const DataOptions& options) {
  if (options.task == Task::regression) throw ConfigError("bags has classes, it is no regression");
  const auto noise = static_cast<float>(checked_noise(generator, options, .3));
  DataSplits splits;
  fill_splits(splits, generator, options, [&](std::uint64_t first, std::int64_t count) {
    std::vector<float> inputs(static_cast<std::size_t>(count * kInstances * kFeatures));
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint64_t index = first + static_cast<std::uint64_t>(i);
      Random random(options.seed, kPointStream | index);
      draw_bag(index, random, noise, inputs.data() + i * kInstances * kFeatures);
      labels.push_back(static_cast<std::int32_t>(index % 2));
    }
    return std::make_shared<ArrayDataset>(
        ArrayData{.inputs = Tensor::from(inputs, {count, kInstances, kFeatures}),
                  .targets = Tensor::from(labels, {count}),
                  .classes = 2});
  });
  splits.spec.class_names = {"opposite", "key"};
  splits.spec.target_name = "holds";
  return splits;
}

DataSplits make_flowers(const Generator& generator, const DataOptions& options) {
  if (options.task == Task::regression) throw ConfigError("iris has classes, it is no regression");
  DataSplits splits = make_iris();
  splits.name = generator.name;
  splits.description = generator.description;
  return splits;
}

}  // namespace

const std::vector<Generator>& generators() {
  constexpr std::string_view kWithClasses = "count test_count noise data_seed task classes";
  static const std::vector<Generator> all = {
      {"truth-table", "two inputs and a constant one; the target is their exclusive or", "3 -> 1 value", 4, 0,
       make_table<kTruthTable, 3>},
      {"xor", "the exclusive or of two inputs", "2 -> 1 value", 4, 0, make_table<kXor, 2>},
      {"and", "the conjunction of two inputs", "2 -> 1 value", 4, 0, make_table<kAnd, 2>},
      {"or", "the disjunction of two inputs", "2 -> 1 value", 4, 0, make_table<kOr, 2>},
      {"blobs", "normal clouds in the plane, around centres on a circle", "2 -> 3 classes", 300, 0,
       make_blobs, kWithClasses},
      {"circles", "a circle within a circle", "2 -> 2 classes", 300, 0, make_circles},
      {"moons", "two half moons that reach into each other", "2 -> 2 classes", 300, 0, make_moons},
      {"spirals", "arms that wind about the origin", "2 -> 3 classes", 600, 0, make_spirals, kWithClasses},
      {"line", "a noisy line, y = 2x - 1", "1 -> 1 value", 200, 0, make_line},
      {"sine", "a noisy sine wave, y = sin(x)", "1 -> 1 value", 400, 0, make_sine},
      {"bags", "sets of 16 instances: a certain one is among them, or its opposite; their means tell nothing",
       "16x8 -> 2 classes", 2000, 1000, make_bags},
      {"iris", "three species of iris by the lengths and widths of sepals and petals (Fisher, 1936)",
       "4 -> 3 classes", 150, 0, make_flowers, "task"},
      {"strokes", "handwritten-looking digits, drawn by Hebb", "28x28x1 -> 10 classes", 18000, 3000,
       make_drawn},
  };
  return all;
}

}  // namespace hebb
