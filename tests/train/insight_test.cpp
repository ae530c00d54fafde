#include "hebb/insight.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using testing::moons;
using testing::TemporaryFolder;
using testing::weights_of;

TEST(Histogram, CountsWhatLiesWhere) {
  const std::vector<float> values = {
      0, 0.5F, 1, 2, 4, 4, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
  const Histogram found = histogram(values, 4);
  EXPECT_EQ(found.least, 0);
  EXPECT_EQ(found.most, 4);
  EXPECT_EQ(found.counts, (std::vector<std::int64_t>{2, 1, 1, 2}));
}

TEST(Histogram, OfOneValueAndOfNone) {
  EXPECT_EQ(histogram(std::vector<float>(5, 3.0F), 3).counts, (std::vector<std::int64_t>{5, 0, 0}));
  EXPECT_TRUE(histogram({}, 3).counts.empty());
  EXPECT_THROW(histogram({}, 0), ConfigError);
  // Extremes whose difference a float cannot hold.
  constexpr float kMost = std::numeric_limits<float>::max();
  EXPECT_EQ(histogram(std::vector<float>{-kMost, kMost}, 2).counts, (std::vector<std::int64_t>{1, 1}));
}

Insight sample() {
  return {.epoch = 3,
          .steps = 21,
          .samples = 64,
          .layers = {{"dense_1", 1.5, 0.1, 1.0 / 3, {-1, 1, {1, 2, 3}}}},
          .activations = {{"dense_1", "dense(3)", {0, 2, {4, 5}}, 3, 1}}};
}

TEST(Insight, ComesBackFromItsText) {
  EXPECT_EQ(insight_from_json(to_json(sample())), sample());
  Insight damaged = sample();
  damaged.layers[0].gradient_norm = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(insight_from_json(to_json(damaged)).layers[0].gradient_norm));
}

TEST(Insight, RefusesOtherText) {
  const std::string good = to_json(sample());
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_THROW(insight_from_json(good.substr(0, size)), FormatError) << size;
  for (const char* text : {"[]", "{}", "null", R"({"epoch": "one"})",
                           R"({"epoch": 1, "steps": 1, "samples": 1, "layers": [3], "activations": []})"}) {
    EXPECT_THROW(insight_from_json(text), FormatError) << text;
  }
}

struct Trained {
  Sequential model;
  TrainResult result;
};

/// Trains on moons; `change` alters model and options before.
Trained trained(const std::string& description, TrainerOptions options,
                const std::function<void(Sequential&)>& change = {}) {
  DataSplits data = moons();
  apply_scaling(data, ScaleKind::standard);
  Trained t{.model = Sequential::parse(description), .result = {}};
  t.model.build(data.train->input_shape(), 3);
  if (change) change(t.model);
  options.loss = "cross_entropy";
  t.result = train(t.model, options, {.train = data.train.get()});
  return t;
}

std::vector<Insight> looks_of(const TrainResult& result) {
  std::vector<Insight> looks;
  for (const EpochReport& report : result.epochs) {
    if (report.insight != nullptr) looks.push_back(*report.insight);
  }
  return looks;
}

TEST(Recording, ChangesNoResult) {
  const TrainerOptions options = {.optimizer = Adam(), .mixup = 0.2, .ema = 0.9, .epochs = 3};
  TrainerOptions looking = options;
  looking.insight = true;
  const std::string model = "dense(8, act=relu) dropout(0.2) batch_norm dense(2)";
  const Trained plain = trained(model, options);
  const Trained looked = trained(model, looking);
  EXPECT_EQ(weights_of(plain.model), weights_of(looked.model));
  EXPECT_EQ(plain.result.loss_history(), looked.result.loss_history());
  EXPECT_TRUE(looks_of(plain.result).empty());
  EXPECT_EQ(looks_of(looked.result).size(), 3U);
}

/// Plain gradient descent moves weights by the rate times the gradient: norms found on two ways agree.
TEST(Recording, UpdateIsRateTimesGradient) {
  constexpr double kRate = 0.25;
  const Trained t =
      trained("dense(8, act=tanh) dropout(0.3) dense(2)",
              {.optimizer = Sgd({.learning_rate = kRate}), .batch_size = 64, .epochs = 4, .insight = true});
  ASSERT_EQ(looks_of(t.result).size(), 4U);
  for (const Insight& look : looks_of(t.result)) {
    ASSERT_EQ(look.layers.size(), 2U);
    EXPECT_EQ(look.steps, 4 * look.epoch - 1);  // of 3 whole batches and a shorter one
    for (const LayerInsight& layer : look.layers) {
      EXPECT_GT(layer.gradient_norm, 0);
      EXPECT_NEAR(layer.update_norm, kRate * layer.gradient_norm, 1e-4 * layer.update_norm);
    }
  }
}

TEST(Recording, WeightsAreThoseOfTheModel) {
  std::vector<double> initial;
  const Trained t = trained("dense(5, act=tanh) dense(2, bias=false)",
                            {.optimizer = Adam(), .batch_size = 0, .epochs = 1, .insight = true},
                            [&](Sequential& model) { initial = weights_of(model); });
  const Insight look = looks_of(t.result).at(0);
  // dense_1 has 2 x 5 weights and 5 biases, dense_2 has 5 x 2 weights.
  const auto norm = [](auto begin, auto end) {
    return std::sqrt(std::inner_product(begin, end, begin, 0.0));
  };
  EXPECT_NEAR(look.layers[0].weight_norm, norm(initial.begin(), initial.begin() + 15), 1e-6);
  EXPECT_NEAR(look.layers[1].weight_norm, norm(initial.begin() + 15, initial.end()), 1e-6);
  const std::vector<double> after = weights_of(t.model);
  const auto [least, most] = std::minmax_element(after.begin() + 15, after.end());
  EXPECT_EQ(look.layers[1].weights.least, *least);
  EXPECT_EQ(look.layers[1].weights.most, *most);
  const auto& counts = look.layers[1].weights.counts;
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), 10);
}

TEST(Recording, LeavesOutWhatIsFrozenAndWhatMovesValues) {
  const Trained t = trained("dense(4, act=relu) dropout(0.1) flatten dense(2)",
                            {.freeze = {"dense_1.*"}, .epochs = 1, .insight = true});
  const Insight look = looks_of(t.result).at(0);
  ASSERT_EQ(look.layers.size(), 1U);
  EXPECT_EQ(look.layers[0].name, "dense_2");
  ASSERT_EQ(look.activations.size(), 2U);
  EXPECT_EQ(look.activations[0].name, "dense_1");
  EXPECT_EQ(look.activations[0].units, 4);
  EXPECT_EQ(look.activations[1].name, "dense_2");
}

TEST(Recording, FindsDeadUnits) {
  const auto kill = [](Sequential& model) {
    for (const NamedTensor& p : parameters(model)) {
      if (p.name == "dense_1.bias") *p.value = Tensor::from({-1000, 0, -1000, 0, 0, 0});
    }
  };
  const TrainerOptions options = {.optimizer = Adam(), .epochs = 2, .insight = true};
  const Trained some = trained("dense(6, act=relu) dense(2)", options, kill);
  EXPECT_EQ(looks_of(some.result).back().activations[0].dead, 2);
  EXPECT_EQ(looks_of(some.result).back().activations[1].dead, 0);
  const Trained none = trained("dense(6, act=tanh) dense(2)", options);
  EXPECT_EQ(looks_of(none.result).back().activations[0].dead, 0);
}

TEST(Recording, OfLbfgsAndOfAFreeComposition) {
  DataSplits data = moons();
  const Trained newton =
      trained("dense(4, act=tanh) dense(2)", {.lbfgs = LbfgsOptions(), .epochs = 2, .insight = true});
  EXPECT_EQ(looks_of(newton.result).size(), newton.result.epochs.size());
  struct Net {
    Linear only;
    Tensor operator()(const Tensor& x, ForwardContext& context) const { return only(x, context); }
    void visit(ParameterVisitor& v) { v("only", only); }
  };
  Linear layer(2);
  Random random(1);
  layer.build({2}, random);
  auto model = make_module(Net{layer});
  const TrainResult result =
      train(model, {.loss = "cross_entropy", .epochs = 1, .insight = true}, {.train = data.train.get()});
  EXPECT_EQ(result.epochs[0].insight->layers.at(0).name, "only");
  EXPECT_TRUE(result.epochs[0].insight->activations.empty());
}

TEST(Recording, DoesNotDependOnThreads) {
  const int before = threads();
  std::vector<std::vector<Insight>> found;
  for (const int count : {1, 3}) {
    set_threads(count);
    found.push_back(looks_of(trained("dense(32, act=relu) dense(2)", {.epochs = 3, .insight = true}).result));
  }
  set_threads(before);
  EXPECT_EQ(found[0], found[1]);
}

TEST(Recording, OfManyEpochsSome) {
  const std::vector<Insight> looks =
      looks_of(trained("dense(2)", {.batch_size = 0, .epochs = 1001, .insight = true}).result);
  EXPECT_GE(looks.size(), 50U);
  EXPECT_LE(looks.size(), 202U);
  EXPECT_EQ(looks.front().epoch, 1);
  EXPECT_EQ(looks.back().epoch, 1001);
}

std::string text_of(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

TEST(Recording, GoesOnWithARun) {
  const TemporaryFolder folder;
  TrainConfig config;
  config.data = "moons";
  config.model = "dense(8, act=relu) dense(2)";
  config.epochs = 6;
  run_training(config, moons(), {.out = folder.file("straight")});
  config.epochs = 3;
  run_training(config, moons(), {.out = folder.file("resumed")});
  {  // as a crash leaves it
    std::FILE* file = std::fopen(folder.file("resumed/insight.jsonl").c_str(), "a");
    std::fputs("{\"epoch\": 4, \"ste", file);
    std::fclose(file);
  }
  config.epochs = 6;
  run_training(config, moons(), {.out = folder.file("resumed"), .resume = true});
  EXPECT_EQ(text_of(folder.file("straight/insight.jsonl")), text_of(folder.file("resumed/insight.jsonl")));

  run_training(config, moons(), {.out = folder.file("straight"), .overwrite = true, .insight = false});
  EXPECT_THROW(read_file(folder.file("straight/insight.jsonl")), FormatError);
}

}  // namespace
}  // namespace hebb
