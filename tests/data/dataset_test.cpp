#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <thread>

#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using test::expect_error;

Tensor random_bytes(const Shape& shape, std::uint64_t seed) {
  return Tensor::make<std::uint8_t>(shape, [&](std::uint8_t* to) {
    Random random(seed);
    for (std::int64_t i = 0; i < shape.elements(); ++i) to[i] = static_cast<std::uint8_t>(random.bits());
  });
}

Tensor random_floats(const Shape& shape, std::uint64_t seed, float spread = 1) {
  return Tensor::make<float>(shape, [&](float* to) {
    Random random(seed);
    for (std::int64_t i = 0; i < shape.elements(); ++i) to[i] = 3 + spread * random.normal();
  });
}

Tensor labels(const std::vector<std::int32_t>& values) {
  return Tensor::from(values, {static_cast<std::int64_t>(values.size())});
}

TEST(ArrayDataset, GivesBytesInTheOrderAskedFor) {
  const ArrayDataset data(
      {.inputs = Tensor::from(std::vector<std::uint8_t>{0, 1, 2, 253, 254, 255}, {3, 1, 2}),
       .targets = labels({2, 0, 1}),
       .classes = 3});
  EXPECT_EQ(data.size(), 3);
  EXPECT_EQ(data.input_shape(), Shape({1, 2}));
  EXPECT_EQ(data.target_kind(), TargetKind::classes);
  EXPECT_EQ(data.outputs(), 3);
  const std::vector<std::int64_t> indices = {2, 0, 2, 1};
  std::vector<float> inputs(8);
  std::vector<std::int32_t> targets(4);
  data.fill(indices, inputs.data(), {.labels = targets.data()});
  EXPECT_EQ(inputs, (std::vector<float>{254, 255, 0, 1, 254, 255, 2, 253}));
  EXPECT_EQ(targets, (std::vector<std::int32_t>{1, 2, 1, 0}));
}

TEST(ArrayDataset, GivesFloatsAndValues) {
  const ArrayDataset data(
      {.inputs = Tensor::rows({{1, 2, 3}, {4, 5, 6}}), .targets = Tensor::rows({{7, 8}, {9, 10}})});
  EXPECT_EQ(data.target_kind(), TargetKind::values);
  EXPECT_EQ(data.outputs(), 2);
  EXPECT_EQ(test::inputs_of(data, {1, 0}), (std::vector<float>{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(test::values_of(data), (std::vector<float>{7, 8, 9, 10}));
}

TEST(ArrayDataset, MayHaveNoTargets) {
  const ArrayDataset data({.inputs = Tensor::rows({{1, 2}})});
  EXPECT_EQ(data.outputs(), 0);
  float unused = -1;
  data.fill(std::vector<std::int64_t>{0}, nullptr, {.values = &unused});
  EXPECT_EQ(unused, -1);
}

TEST(ArrayDataset, ViewsInputsAsSamplesOfAnotherShape) {
  const ArrayDataset data({.inputs = random_bytes({5, 28, 28}, 1), .sample_shape = {28, 28, 1}});
  EXPECT_EQ(data.input_shape(), Shape({28, 28, 1}));
  EXPECT_THROW(ArrayDataset({.inputs = random_bytes({5, 4}, 1), .sample_shape = {5}}), ShapeError);
}

TEST(ArrayDataset, RefusesWhatDoesNotFit) {
  const Tensor inputs = Tensor::rows({{1, 2}, {3, 4}});
  expect_error<DataError>(
      [&] {
        ArrayDataset({.inputs = inputs, .targets = labels({0, 1, 0}), .classes = 2});
      },
      {"2 inputs", "3 labels"});
  expect_error<DataError>(
      [&] {
        ArrayDataset({.inputs = inputs, .targets = labels({0, 2}), .classes = 2});
      },
      {"label of sample 1 is 2", "0 to 1"});
  expect_error<DataError>(
      [&] {
        ArrayDataset({.inputs = inputs, .targets = labels({-1, 1}), .classes = 2});
      },
      {"label of sample 0 is -1"});
  expect_error<DataError>(
      [&] {
        ArrayDataset({.inputs = inputs, .targets = labels({0, 1})});
      },
      {"0 classes"});
  expect_error<DataError>([&] { ArrayDataset({.inputs = inputs, .targets = inputs, .classes = 2}); },
                          {"2 classes"});
  expect_error<DataError>([&] { ArrayDataset({.inputs = inputs, .classes = 2}); }, {"no labels"});
  expect_error<ShapeError>([&] { ArrayDataset({}); }, {"no inputs"});
  expect_error<ShapeError>([&] { ArrayDataset({.inputs = Tensor::from({1, 2})}); }, {"[2]"});
  expect_error<ShapeError>([&] { ArrayDataset({.inputs = labels({1, 2})}); }, {"[2]"});
  expect_error<ShapeError>(
      [&] {
        ArrayDataset({.inputs = Tensor::from(std::vector<std::int32_t>{1}, {1, 1})});
      },
      {"i32"});
  expect_error<ShapeError>([&] { ArrayDataset({.inputs = random_bytes({3, 0}, 0)}); }, {"no elements"});
  expect_error<ShapeError>(
      [&] {
        ArrayDataset({.inputs = inputs, .targets = Tensor::from({1, 2})});
      },
      {"targets", "[2]"});
}

TEST(ArrayDataset, NamesTheSampleThatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  expect_error<DataError>(
      [&] {
        ArrayDataset({.inputs = Tensor::rows({{1, 2}, {3, nan}})});
      },
      {"input 1 of sample 1", "nan"});
  expect_error<DataError>(
      [&] {
        ArrayDataset({.inputs = Tensor::rows({{infinity, 2}, {3, 4}})});
      },
      {"input 0 of sample 0"});
  expect_error<DataError>(
      [&] {
        ArrayDataset(
            {.inputs = Tensor::from({1, 2}, {2, 1}), .targets = Tensor::from({1, -infinity}, {2, 1})});
      },
      {"target 0 of sample 1"});
  // Finite numbers whose sum is not.
  EXPECT_NO_THROW(ArrayDataset({.inputs = Tensor::rows({{3e38F, 3e38F}})}));
}

TEST(ArrayDataset, RefusesIndicesOutOfRange) {
  const ArrayDataset data({.inputs = Tensor::rows({{1, 2}, {3, 4}})});
  std::vector<float> to(2);
  for (const std::int64_t index :
       {std::int64_t{-1}, std::int64_t{2}, std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_THROW(data.fill(std::vector<std::int64_t>{index}, to.data(), {}), DataError) << index;
  }
}

TEST(ArrayDataset, GivesTheSameBitsForAnyNumberOfThreads) {
  const int before = threads();
  for (const bool bytes : {true, false}) {
    const Shape shape = {301, 97};
    const ArrayDataset raw({.inputs = bytes ? random_bytes(shape, 3) : random_floats(shape, 3)});
    const auto data = scaled(std::make_shared<ArrayDataset>(raw), fit_scaling(raw, ScaleKind::standard));
    set_threads(1);
    const std::vector<float> one = test::inputs_of(*data);
    for (const int count : {2, 3, 7}) {
      set_threads(count);
      EXPECT_EQ(test::inputs_of(*data), one);
      EXPECT_EQ(fit_scaling(raw, ScaleKind::standard), fit_scaling(raw, ScaleKind::standard));
    }
  }
  set_threads(before);
}

TEST(ArrayDataset, ServesSeveralThreadsAtOnce) {
  const ArrayDataset data({.inputs = random_bytes({500, 300}, 5)});
  const std::vector<float> expected = test::inputs_of(data);
  std::vector<std::thread> callers;
  std::vector<int> equal(4);
  for (std::size_t t = 0; t < equal.size(); ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) equal[t] += test::inputs_of(data) == expected ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(equal, std::vector<int>(4, 20));
}

// ---- Scaling
// ----------------------------------------------------------------------------------------------------

TEST(Scaling, BytesShareOneMeanAndDeviationOfTheChosenSamples) {
  for (const std::int64_t features : {1, 15, 16, 17, 784}) {
    const ArrayDataset data({.inputs = random_bytes({67, features}, static_cast<std::uint64_t>(features))});
    const std::vector<std::int64_t> chosen = {3, 5, 7, 11, 60, 66, 0};
    const std::vector<float> raw = test::inputs_of(data, chosen);
    double mean = 0;
    for (const float x : raw) mean += x;
    mean /= static_cast<double>(raw.size());
    double variance = 0;
    for (const float x : raw) variance += (x - mean) * (x - mean);
    variance /= static_cast<double>(raw.size());
    const Scaling scaling = fit_scaling(data, ScaleKind::standard, chosen);
    ASSERT_EQ(scaling.mean.size(), 1U);
    EXPECT_FLOAT_EQ(scaling.mean[0], static_cast<float>(mean));
    EXPECT_FLOAT_EQ(scaling.deviation[0], static_cast<float>(std::sqrt(variance)));
    const ArrayDataset result = data.with_scaling(scaling);
    const std::vector<float> got = test::inputs_of(result, chosen);
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], (raw[i] - mean) / std::sqrt(variance), 1e-5) << i;
    }
  }
}

TEST(Scaling, ColumnsAreScaledEachByItsOwn) {
  // 1e6 + small: a sum of squares in one pass would lose the deviation.
  const Shape shape = {1000, 3};
  const Tensor inputs = Tensor::make<float>(shape, [](float* to) {
    Random random(9);
    for (int i = 0; i < 1000; ++i) {
      to[3 * i] = random.normal();
      to[3 * i + 1] = 1e6F + random.normal();
      to[3 * i + 2] = 1e-6F * random.normal();
    }
  });
  const ArrayDataset data({.inputs = inputs});
  const Scaling scaling = fit_scaling(data, ScaleKind::standard);
  const std::vector<float> scaled_inputs = test::inputs_of(data.with_scaling(scaling));
  for (int j = 0; j < 3; ++j) {
    double mean = 0;
    double squares = 0;
    for (int i = 0; i < 1000; ++i) mean += scaled_inputs[static_cast<std::size_t>(3 * i + j)] / 1000;
    for (int i = 0; i < 1000; ++i)
      squares += std::pow(scaled_inputs[static_cast<std::size_t>(3 * i + j)] - mean, 2) / 1000;
    EXPECT_NEAR(mean, 0, j == 1 ? .05 : 1e-4) << j;  // a float near 1e6 has steps of 1/16
    EXPECT_NEAR(squares, 1, 1e-3) << j;
  }
}

TEST(Scaling, UnitBringsExtentsToZeroAndOne) {
  const ArrayDataset table({.inputs = Tensor::rows({{1, -4}, {3, 0}, {2, 4}})});
  const Scaling scaling = fit_scaling(table, ScaleKind::unit);
  EXPECT_EQ(scaling.mean, (std::vector<float>{1, -4}));
  EXPECT_EQ(scaling.deviation, (std::vector<float>{2, 8}));
  EXPECT_EQ(test::inputs_of(table.with_scaling(scaling)), (std::vector<float>{0, 0, 1, .5, .5, 1}));
  const ArrayDataset image({.inputs = Tensor::from(std::vector<std::uint8_t>{0, 51, 102, 255}, {1, 2, 2})});
  const Scaling of_bytes = fit_scaling(image, ScaleKind::unit);
  EXPECT_EQ(of_bytes.deviation, std::vector<float>{255});
  const std::vector<float> got = test::inputs_of(image.with_scaling(of_bytes));
  EXPECT_FLOAT_EQ(got[1], .2F);
  EXPECT_FLOAT_EQ(got[3], 1);
}

TEST(Scaling, ConstantColumnsBecomeZero) {
  const ArrayDataset table({.inputs = Tensor::rows({{7, 1}, {7, 2}})});
  for (const ScaleKind kind : {ScaleKind::standard, ScaleKind::unit}) {
    const Scaling scaling = fit_scaling(table, kind);
    const std::vector<float> got = test::inputs_of(table.with_scaling(scaling));
    EXPECT_EQ(got[0], 0);
    EXPECT_EQ(got[2], 0);
  }
  const ArrayDataset image({.inputs = Tensor::from(std::vector<std::uint8_t>{9, 9}, {1, 2})});
  EXPECT_EQ(test::inputs_of(image.with_scaling(fit_scaling(image, ScaleKind::standard))),
            (std::vector<float>{0, 0}));
}

TEST(Scaling, SurvivesTinyAndHugeColumns) {
  const ArrayDataset tiny({.inputs = Tensor::from({1e-45F, 3e-45F}, {2, 1})});
  for (const float x : test::inputs_of(tiny.with_scaling(fit_scaling(tiny, ScaleKind::standard))))
    EXPECT_TRUE(std::isfinite(x));
  const ArrayDataset huge({.inputs = Tensor::from({-3e38F, 3e38F}, {2, 1})});
  expect_error<DataError>([&] { fit_scaling(huge, ScaleKind::standard); }, {"input 0", "too far"});
}

TEST(Scaling, PredictionSeesTheBitsThatTrainingSaw) {
  const ArrayDataset table({.inputs = random_floats({50, 7}, 2)});
  const Scaling scaling = fit_scaling(table, ScaleKind::standard);
  std::vector<float> raw = test::inputs_of(table);
  scaling.apply(raw, 7);
  EXPECT_EQ(raw, test::inputs_of(table.with_scaling(scaling)));
  const ArrayDataset image({.inputs = random_bytes({50, 7}, 2)});
  const Scaling one = fit_scaling(image, ScaleKind::standard);
  raw = test::inputs_of(image);
  one.apply(raw, 7);
  EXPECT_EQ(raw, test::inputs_of(image.with_scaling(one)));
  EXPECT_THROW(scaling.apply(raw, 6), DataError);
}

TEST(Scaling, RefusesVectorsThatDoNotFit) {
  const auto check = [](std::vector<float> mean, std::vector<float> deviation) {
    Scaling{ScaleKind::standard, std::move(mean), std::move(deviation)}.check(3);
  };
  EXPECT_NO_THROW(check({}, {}));
  EXPECT_NO_THROW(check({1}, {2}));
  EXPECT_NO_THROW(check({1, 2, 3}, {1, 2, 3}));
  EXPECT_THROW(check({1, 2}, {1, 2}), DataError);
  EXPECT_THROW(check({1}, {1, 2, 3}), DataError);
  EXPECT_THROW(check({1}, {0}), DataError);
  EXPECT_THROW(check({1}, {-1}), DataError);
  EXPECT_THROW(check({NAN}, {1}), DataError);
  EXPECT_THROW(check({1}, {INFINITY}), DataError);
}

TEST(Scaling, NamesAreParsed) {
  EXPECT_EQ(parse_scale_kind("unit"), ScaleKind::unit);
  expect_error<ConfigError>([] { parse_scale_kind("standart"); }, {"standart", "standard"});
}

/// A data set of one's own: nothing is in memory.
class Squares final : public Dataset {
 public:
  std::int64_t size() const override { return 100; }
  Shape input_shape() const override { return {1}; }
  TargetKind target_kind() const override { return TargetKind::values; }
  std::int64_t outputs() const override { return 1; }
  void fill(std::span<const std::int64_t> indices, float* inputs,
            const TargetBuffer& targets) const override {
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const auto x = static_cast<float>(indices[i]);
      if (inputs != nullptr) inputs[i] = x;
      if (targets.values != nullptr) targets.values[i] = x * x;
    }
  }
};

TEST(Dataset, OnesOwnIsScaledAndSplit) {
  const auto own = std::make_shared<Squares>();
  const Scaling scaling = fit_scaling(*own, ScaleKind::unit);
  EXPECT_EQ(scaling.deviation, std::vector<float>{99});
  const auto result = scaled(own, scaling);
  EXPECT_EQ(test::inputs_of(*result, {99, 0}), (std::vector<float>{1, 0}));
  EXPECT_EQ(test::values_of(*result)[3], 9);
  EXPECT_EQ(validation_split(*own, .2, 1).validation.size(), 20U);
  EXPECT_THROW(all_labels(*own), DataError);
  EXPECT_THROW(scaled(own, {ScaleKind::standard, {1, 2}, {1, 2}}), DataError);
}

// ---- The description that models keep
// ---------------------------------------------------------------------------

TEST(InputSpec, SurvivesJsonExactly) {
  InputSpec spec;
  spec.input_shape = {5};
  spec.scaling = {ScaleKind::standard, {.1F, 1e-30F, -3.4e38F, 0, 7}, {1, 2, .3F, 1e-20F, 5}};
  spec.class_names = {"a \"quoted\"", "ü", ""};
  spec.target_name = "kind";
  spec.columns = {{.name = "age", .fill = .7F, .fills_missing = true},
                  {.name = "colour", .categories = {"", "blue", "red"}},
                  {.name = "x"}};
  EXPECT_EQ(input_spec_from_json(to_json(spec)), spec);
  const InputSpec plain{.input_shape = {28, 28, 1}};
  EXPECT_EQ(input_spec_from_json(to_json(plain)), plain);
}

TEST(InputSpec, RefusesOtherTexts) {
  const std::string good = to_json({.input_shape = {2}, .scaling = {ScaleKind::unit, {1, 2}, {3, 4}}});
  ASSERT_NO_THROW(input_spec_from_json(good));
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_THROW(input_spec_from_json(good.substr(0, length)), FormatError);
  }
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  EXPECT_THROW(input_spec_from_json(with("[2]", "[3]")), DataError);
  EXPECT_THROW(input_spec_from_json(with("[2]", "[-2]")), DataError);
  EXPECT_THROW(input_spec_from_json(with("[2]", "[9223372036854775807,9]")), DataError);
  EXPECT_THROW(input_spec_from_json(with("[2]", "\"two\"")), FormatError);
  EXPECT_THROW(input_spec_from_json(with("[3.0,4.0]", "[3.0,0.0]")), DataError);
  EXPECT_THROW(input_spec_from_json(with("unit", "unti")), DataError);
  EXPECT_THROW(input_spec_from_json(with("unit", "none")), DataError);
  EXPECT_THROW(input_spec_from_json(with("\"class_names\"", "\"names\"")), FormatError);
  EXPECT_THROW(input_spec_from_json("[]"), FormatError);
}

// ---- Splitting and shuffling
// ------------------------------------------------------------------------------------

std::vector<std::int32_t> unbalanced_labels() {
  std::vector<std::int32_t> result;
  for (int i = 0; i < 1000; ++i) result.push_back(i % 100 == 0 ? 2 : i % 3 == 0 ? 1 : 0);
  return result;
}

TEST(Split, KeepsProportionsAndLosesNothing) {
  const std::vector<std::int32_t> all = unbalanced_labels();
  std::array<int, 3> total{};
  for (const std::int32_t label : all) ++total[static_cast<std::size_t>(label)];
  for (const double fraction : {.01, .1, .25, .5, .9}) {
    const Split split = stratified_split(all, fraction, 7);
    EXPECT_EQ(split.validation.size(), static_cast<std::size_t>(std::llround(fraction * 1000)));
    std::vector<std::int64_t> both = split.train;
    both.insert(both.end(), split.validation.begin(), split.validation.end());
    std::sort(both.begin(), both.end());
    for (std::size_t i = 0; i < both.size(); ++i) ASSERT_EQ(both[i], static_cast<std::int64_t>(i));
    ASSERT_EQ(both.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
    EXPECT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
    std::array<int, 3> count{};
    for (const std::int64_t i : split.validation)
      ++count[static_cast<std::size_t>(all[static_cast<std::size_t>(i)])];
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(count[c], fraction * total[c], 1) << fraction << " " << c;
  }
}

TEST(Split, IsAFunctionOfTheSeed) {
  const std::vector<std::int32_t> all = unbalanced_labels();
  EXPECT_EQ(stratified_split(all, .1, 1).validation, stratified_split(all, .1, 1).validation);
  EXPECT_NE(stratified_split(all, .1, 1).validation, stratified_split(all, .1, 2).validation);
  EXPECT_EQ(random_split(50, .3, 4).validation, random_split(50, .3, 4).validation);
  EXPECT_NE(random_split(50, .3, 4).validation, random_split(50, .3, 5).validation);
}

TEST(Split, LeavesEveryClassATrainingSample) {
  const std::vector<std::int32_t> all = {0, 0, 0, 0, 0, 0, 1, 2, 2};
  const Split split = stratified_split(all, .7, 3);
  std::vector<int> left(3);
  for (const std::int64_t i : split.train) ++left[static_cast<std::size_t>(all[static_cast<std::size_t>(i)])];
  for (const int count : left) EXPECT_GE(count, 1);
  EXPECT_EQ(split.validation.size(), 6U);
}

TEST(Split, RefusesWhatCannotBeSplit) {
  const std::vector<std::int32_t> all = {0, 0, 1, 1};
  for (const double fraction : {0.0, 1.0, -.1, 2.0, std::nan("")}) {
    EXPECT_THROW(stratified_split(all, fraction, 0), ConfigError) << fraction;
    EXPECT_THROW(random_split(4, fraction, 0), ConfigError) << fraction;
  }
  EXPECT_THROW(random_split(1, .5, 0), DataError);
  EXPECT_THROW(random_split(-5, .5, 0), DataError);
  EXPECT_THROW(stratified_split(std::vector<std::int32_t>{0, 1, 2}, .5, 0), DataError);
  EXPECT_THROW(stratified_split(std::vector<std::int32_t>{0, -1}, .5, 0), DataError);
  EXPECT_THROW(stratified_split(std::vector<std::int32_t>{0, 2147483647}, .5, 0), DataError);
  EXPECT_EQ(random_split(2, .01, 0).validation.size(), 1U);
}

TEST(EpochOrder, IsAPermutationThatDependsOnSeedAndEpoch) {
  const std::vector<std::int64_t> order = epoch_order(1000, 5, 0);
  std::vector<std::int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) ASSERT_EQ(sorted[i], static_cast<std::int64_t>(i));
  EXPECT_NE(order, sorted);
  EXPECT_EQ(order, epoch_order(1000, 5, 0));
  EXPECT_NE(order, epoch_order(1000, 5, 1));
  EXPECT_NE(order, epoch_order(1000, 6, 0));
  EXPECT_TRUE(epoch_order(0, 1, 1).empty());
  EXPECT_THROW(epoch_order(-1, 1, 1), ConfigError);
  EXPECT_THROW(epoch_order(std::int64_t{1} << 33, 1, 1), ConfigError);
  std::vector<std::int64_t> into(1000);
  epoch_order(sorted, 5, 0, into);
  EXPECT_EQ(into, order);
  EXPECT_THROW(epoch_order(sorted, 5, 0, std::span(into).first(3)), ShapeError);
}

TEST(EpochOrder, EveryPermutationIsEquallyLikely) {
  // 6 permutations of 3, 6000 epochs: chi-squared with 5 degrees of freedom exceeds 25.7 in 1 of 10^4 seeds.
  std::array<int, 27> count{};
  for (std::uint64_t epoch = 0; epoch < 6000; ++epoch) {
    const std::vector<std::int64_t> order = epoch_order(3, 11, epoch);
    ++count[static_cast<std::size_t>(order[0] * 9 + order[1] * 3 + order[2])];
  }
  double chi = 0;
  int seen = 0;
  for (const int c : count) {
    if (c == 0) continue;
    ++seen;
    chi += (c - 1000.0) * (c - 1000.0) / 1000;
  }
  EXPECT_EQ(seen, 6);
  EXPECT_LT(chi, 25.7);
}

}  // namespace
}  // namespace hebb
