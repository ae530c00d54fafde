#include "hebb/trainer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/threads.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using testing::moons;
using testing::weights_of;

Sequential network(const char* text = "dense(16, act=tanh) dropout(0.2) batch_norm dense(2)") {
  Sequential model = Sequential::parse(text);
  model.build({2}, 3);
  return model;
}

/// Stops a run after a number of batches, wherever that is.
class CountingData final : public Dataset {
 public:
  CountingData(const Dataset& inner, std::int64_t batches, std::atomic<bool>& stop)
      : inner_(inner), left_(batches), stop_(stop) {}
  std::int64_t size() const override { return inner_.size(); }
  Shape input_shape() const override { return inner_.input_shape(); }
  TargetKind target_kind() const override { return inner_.target_kind(); }
  std::int64_t outputs() const override { return inner_.outputs(); }
  void fill(std::span<const std::int64_t> indices, float* inputs,
            const TargetBuffer& targets) const override {
    inner_.fill(indices, inputs, targets);
    if (--left_ == 0) stop_ = true;
  }
  float background() const override { return inner_.background(); }

 private:
  const Dataset& inner_;
  mutable std::int64_t left_;
  std::atomic<bool>& stop_;
};

class Keeping final : public TrainingObserver {
 public:
  void on_epoch(const EpochReport& report) override { epochs.push_back(report); }
  void on_checkpoint(const Checkpoint& state, bool is_final) override {
    last = state;
    reports.insert(reports.end(), state.reports.begin(), state.reports.end());
    ended = is_final;
  }
  bool wants_checkpoints() const override { return true; }

  std::vector<EpochReport> epochs;
  std::vector<EpochReport> reports;
  Checkpoint last;
  bool ended = false;
};

TEST(Trainer, StoppedAnywhereAndResumedEndsWithTheSameBits) {
  const DataSplits data = moons();
  for (const char* optimizer : {"adam", "momentum", "rprop", "lbfgs", "adamw"}) {
    SCOPED_TRACE(optimizer);
    TrainerOptions options = {.loss = "cross_entropy",
                              .schedule = Schedule::parse("plateau(patience=0, gamma=0.5)"),
                              .batch_size = 32,
                              .epochs = 6,
                              .seed = 9};
    if (std::string(optimizer) == "adamw") {
      options.mixup = 0.2;
      options.ema = 0.9;
    }
    const bool whole = std::string(optimizer) == "lbfgs";
    if (whole) {
      options.lbfgs = LbfgsOptions();
    } else {
      options.optimizer = Optimizer::parse(optimizer);
    }
    const Split split = validation_split(*data.train, 0.2, 1);
    const auto text =
        whole ? "dense(8, act=tanh) dense(2)" : "dense(16, act=tanh) dropout(0.2) batch_norm dense(2)";
    Sequential straight = network(text);
    const TrainResult expected = train(
        straight, options, {.train = data.train.get(), .validation = data.train.get(), .samples = split});
    ASSERT_EQ(expected.epochs.size(), 6U);
    for (const std::int64_t stop_at : {1, 3, 6, 13}) {
      SCOPED_TRACE(stop_at);
      std::atomic<bool> stop{false};
      const CountingData counting(*data.train, stop_at, stop);
      Keeping keeper;
      Sequential model = network(text);
      const TrainResult first = train(model, options,
                                      {.train = &counting,
                                       .validation = data.train.get(),
                                       .samples = split,
                                       .stop = &stop,
                                       .observer = &keeper});
      if (whole && !first.interrupted) continue;  // all batches are one, formed once
      ASSERT_TRUE(first.interrupted);
      EXPECT_FALSE(keeper.ended);
      Checkpoint state = keeper.last;
      state.reports = keeper.reports;
      Sequential resumed = network(text);
      const TrainResult second = train(
          resumed, options,
          {.train = data.train.get(), .validation = data.train.get(), .samples = split, .resume = &state});
      EXPECT_EQ(weights_of(resumed), weights_of(straight));
      EXPECT_EQ(second.loss_history(), expected.loss_history());
      EXPECT_EQ(second.best_epoch, expected.best_epoch);
      for (std::size_t i = 0; i < expected.epochs.size(); ++i) {
        EXPECT_EQ(second.epochs[i].validation_loss, expected.epochs[i].validation_loss);
        EXPECT_EQ(second.epochs[i].learning_rate, expected.epochs[i].learning_rate);
      }
    }
  }
}

TEST(Trainer, GivesTheSameBitsWithAnyNumberOfThreads) {
  const int before = threads();
  const DataSplits data = load_dataset("strokes", {.count = 600, .test_count = 10});
  std::vector<double> one;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    Sequential model = Sequential::parse("dense(128, act=relu) dropout(0.1) dense(10)");
    model.build({28, 28, 1}, 1);
    train(model, {.loss = "cross_entropy", .optimizer = Adam(), .batch_size = 128, .epochs = 2},
          {.train = data.train.get()});
    if (one.empty()) one = weights_of(model);
    EXPECT_EQ(weights_of(model), one) << count << " threads";
  }
  set_threads(before);
}

/// The strokes, scaled, and a network for them.
DataSplits images() {
  DataSplits data = load_dataset("strokes", {.count = 60, .test_count = 10});
  apply_scaling(data, ScaleKind::standard);
  return data;
}
Sequential image_network() {
  Sequential model = Sequential::parse("dense(16, act=tanh) dense(10)");
  model.build({28, 28, 1}, 1);
  return model;
}
constexpr const char* kChanges = "shift(2) rotate(15) elastic cutout(4)";

TEST(Trainer, AugmentsByEpochAndSampleWhereverItIsStopped) {
  const int before = threads();
  const DataSplits data = images();
  TrainerOptions options = {.loss = "cross_entropy", .optimizer = Adam(), .batch_size = 16, .epochs = 3};
  Sequential plain = image_network();
  train(plain, options, {.train = data.train.get()});
  options.augment = Augmentation::parse(kChanges);
  Sequential straight = image_network();
  train(straight, options, {.train = data.train.get()});
  EXPECT_NE(weights_of(straight), weights_of(plain));
  for (const std::int64_t stop_at : {1, 6}) {
    set_threads(static_cast<int>(stop_at));
    std::atomic<bool> stop{false};
    const CountingData counting(*data.train, stop_at, stop);
    Keeping keeper;
    Sequential model = image_network();
    const TrainResult first = train(model, options, {.train = &counting, .stop = &stop, .observer = &keeper});
    ASSERT_TRUE(first.interrupted);
    Checkpoint state = keeper.last;
    state.reports = keeper.reports;
    Sequential resumed = image_network();
    train(resumed, options, {.train = data.train.get(), .resume = &state});
    EXPECT_EQ(weights_of(resumed), weights_of(straight)) << stop_at;
  }
  set_threads(before);
}

TEST(Trainer, AugmentsAFullBatchAnewInEveryEpoch) {
  const DataSplits data = images();
  const std::int64_t count = data.train->size();
  // A learning rate that leaves the weights as they are.
  const TrainerOptions options = {.loss = "cross_entropy",
                                  .optimizer = Sgd({.learning_rate = 1e-30F}),
                                  .batch_size = 0,
                                  .epochs = 3,
                                  .seed = 4,
                                  .augment = Augmentation::parse(kChanges)};
  Sequential model = image_network();
  const TrainResult result = train(model, options, {.train = data.train.get()});
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::int32_t> labels(all.size());
  for (const EpochReport& report : result.epochs) {
    std::vector<float> pixels(all.size() * 784);
    data.train->fill(all, pixels.data(), {.labels = labels.data()});
    Augmenter(options.augment, *data.train, 4)(pixels, all, static_cast<std::uint64_t>(report.epoch - 1));
    ArrayData changed{.inputs = Tensor::from(pixels, {count, 28, 28, 1}),
                      .targets = Tensor::from(labels, {count}),
                      .classes = 10};
    const double expected = evaluate(model, ArrayDataset(std::move(changed)), "cross_entropy").loss;
    EXPECT_NEAR(report.train_loss, expected, 1e-5 * expected);
  }
  EXPECT_NE(result.epochs[0].train_loss, result.epochs[1].train_loss);
}

TEST(Trainer, AugmentsImagesOnlyAndNotUnderLbfgs) {
  const DataSplits table = moons(40);
  Sequential model = network("dense(2)");
  const Augmentation shift({.shift = 1});
  EXPECT_THROW(train(model, {.loss = "cross_entropy", .augment = shift}, {.train = table.train.get()}),
               ConfigError);
  const DataSplits data = images();
  Sequential other = image_network();
  EXPECT_THROW(train(other, {.loss = "cross_entropy", .lbfgs = LbfgsOptions(), .augment = shift},
                     {.train = data.train.get()}),
               ConfigError);
}

TEST(Trainer, LearnsAndReports) {
  const DataSplits data = moons(400);
  Sequential model = network("dense(16, act=tanh) dense(2)");
  Keeping keeper;
  const TrainResult result =
      train(model, {.loss = "cross_entropy", .optimizer = Adam({.learning_rate = 0.02}), .epochs = 40},
            {.train = data.train.get(), .observer = &keeper});
  EXPECT_EQ(result.epochs.size(), 40U);
  EXPECT_EQ(keeper.epochs.size(), 40U);
  EXPECT_EQ(keeper.reports.size(), 40U);
  EXPECT_TRUE(keeper.ended);
  EXPECT_EQ(result.steps, 40 * 13);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(keeper.epochs[i].epoch, static_cast<std::int64_t>(i) + 1);
  EXPECT_GT(result.epochs.back().seconds, 0);
  EXPECT_GT(evaluate(model, *data.train, "cross_entropy").classes->accuracy(), 0.93);
}

TEST(Trainer, OfAFullBatchReportsTheLossBeforeEachStep) {
  const DataSplits data = load_dataset("truth-table");
  Sequential model = Sequential::parse("dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)");
  model.build({3}, 0);
  const double start = evaluate(model, *data.train, "sse").loss;
  const TrainResult result =
      train(model, {.loss = "sse", .optimizer = Sgd({.learning_rate = 1}), .batch_size = 0, .epochs = 1500},
            {.train = data.train.get()});
  const std::vector<double> history = result.loss_history();
  EXPECT_NEAR(history.front(), start, 1e-6);
  EXPECT_LT(history.back(), 0.01);
  // Falls at every step once the first are over.
  for (std::size_t i = 50; i + 1 < history.size(); ++i) EXPECT_LE(history[i + 1], history[i] + 1e-6) << i;
}

TEST(Trainer, RestoresTheBestWeightsWhenItStopsEarly) {
  const DataSplits data = load_dataset("moons", {.count = 60, .noise = 0.4});
  const Split split = validation_split(*data.train, 0.5, 1);
  Sequential model = network("dense(64, act=tanh) dense(2)");
  const TrainResult result =
      train(model,
            {.loss = "cross_entropy",
             .optimizer = Adam({.learning_rate = 0.05}),
             .batch_size = 8,
             .epochs = 500,
             .patience = 5},
            {.train = data.train.get(), .validation = data.train.get(), .samples = split});
  EXPECT_TRUE(result.stopped_early);
  ASSERT_LT(result.epochs.size(), 500U);
  EXPECT_EQ(result.epochs.size(), static_cast<std::size_t>(result.best_epoch) + 5);
  // The model has the weights of the best epoch: trained anew for just so long, it is the same.
  Sequential again = network("dense(64, act=tanh) dense(2)");
  train(again,
        {.loss = "cross_entropy",
         .optimizer = Adam({.learning_rate = 0.05}),
         .batch_size = 8,
         .epochs = result.best_epoch},
        {.train = data.train.get(), .samples = split});
  EXPECT_EQ(weights_of(model), weights_of(again));
}

TEST(Trainer, NamesTheLayerWhenItDivergesAndKeepsTheLastGoodState) {
  const DataSplits data = load_dataset("line", {.count = 64});
  Sequential model = Sequential::parse("dense(8) dense(1)");
  model.build(data.train->input_shape(), 1);
  const auto before = weights_of(model);
  Keeping keeper;
  try {
    train(model, {.loss = "mse", .optimizer = Sgd({.learning_rate = 100}), .batch_size = 16, .epochs = 100},
          {.train = data.train.get(), .observer = &keeper});
    FAIL() << "it did not diverge";
  } catch (const DivergedError& error) {
    const std::string message = error.what();
    const std::string layer = "the first such value is in ";
    const std::size_t at = message.find(layer);
    ASSERT_NE(at, std::string::npos) << message;
    const std::string place = message.substr(at + layer.size());
    EXPECT_TRUE(place.starts_with("dense_") || place.starts_with("loss (") ||
                place.starts_with("the gradient of dense_") || place.starts_with("the update of dense_"))
        << message;
    EXPECT_NE(message.find("step"), std::string::npos) << message;
  }
  EXPECT_EQ(weights_of(model), before);
  ASSERT_FALSE(keeper.last.parameters.empty());
  for (const NamedValue& value : keeper.last.parameters) {
    for (const double v : value.value.to_vector()) EXPECT_TRUE(std::isfinite(v)) << value.name;
  }
  EXPECT_GT(keeper.last.steps, 0);
}

TEST(Trainer, FollowsThePlateauScheduleInEpochsTooShortForTheClock) {
  // Epochs are timed in groups, whose size the clock decides; the learning rate must not know of it.
  const DataSplits data = load_dataset("truth-table");
  Sequential model = Sequential::parse("dense(4, act=sigmoid) dense(1, act=sigmoid)");
  model.build({3}, 0);
  const TrainResult result = train(model,
                                   {.loss = "sse",
                                    .optimizer = Sgd({.learning_rate = 1}),
                                    .schedule = Schedule::parse("plateau(patience=1, threshold=0.02)"),
                                    .batch_size = 0,
                                    .epochs = 500},
                                   {.train = data.train.get()});
  Schedule schedule = Schedule::parse("plateau(patience=1, threshold=0.02)");
  for (const EpochReport& report : result.epochs) {
    ASSERT_EQ(report.learning_rate, schedule.rate(1, report.steps, 1, 500)) << report.epoch;
    schedule.observe(report.train_loss);
  }
  EXPECT_LT(result.epochs.back().learning_rate, 1e-3);
}

/// What training says when it diverges.
std::string divergence(Module& model, const TrainerOptions& options, const TrainerInputs& inputs) {
  try {
    train(model, options, inputs);
  } catch (const DivergedError& error) {
    return error.what();
  }
  return "it did not diverge";
}

void expect_finite(const Checkpoint& state) {
  ASSERT_FALSE(state.parameters.empty());
  for (const NamedValue& value : state.parameters) {
    for (const double v : value.value.to_vector()) ASSERT_TRUE(std::isfinite(v)) << value.name;
  }
}

TEST(Trainer, NoticesWhatTheLastUpdateSpoils) {
  // The only loss there is is finite; the update after it is not.
  const DataSplits data = load_dataset("line", {.count = 64});
  for (const bool validation : {false, true}) {
    Sequential model = Sequential::parse("dense(8) dense(1)");
    model.build(data.train->input_shape(), 1);
    const auto before = weights_of(model);
    Keeping keeper;
    const std::string message = divergence(
        model, {.loss = "sse", .optimizer = Sgd({.learning_rate = 3e38}), .batch_size = 0, .epochs = 1},
        {.train = data.train.get(),
         .validation = validation ? data.train.get() : nullptr,
         .observer = &keeper});
    EXPECT_NE(message.find("epoch 1, step 1"), std::string::npos) << message;
    EXPECT_NE(message.find("update of dense_"), std::string::npos) << message;
    EXPECT_EQ(weights_of(model), before);
    expect_finite(keeper.last);
    EXPECT_EQ(keeper.last.epoch, 0);
    EXPECT_FALSE(keeper.ended);
  }
}

TEST(Trainer, StopsWhereTheValidationLossIsNotFinite) {
  Sequential model = Sequential::parse("embedding(10, 4) flatten dense(1)");
  model.build({1}, 1);
  const std::vector<float> ones(8, 1.0F);
  const ArrayDataset good(
      {.inputs = Tensor::from(ones, Shape{8, 1}), .targets = Tensor::from(ones, Shape{8, 1})});
  const std::vector<float> huge(8, 1e30F);
  const ArrayDataset bad(
      {.inputs = Tensor::from(ones, Shape{8, 1}), .targets = Tensor::from(huge, Shape{8, 1})});
  Keeping keeper;
  const std::string message = divergence(model, {.loss = "mse", .optimizer = Adam(), .epochs = 3},
                                         {.train = &good, .validation = &bad, .observer = &keeper});
  EXPECT_NE(message.find("the validation loss is infinite"), std::string::npos) << message;
  EXPECT_NE(message.find("loss (mul)"), std::string::npos) << message;
  expect_finite(keeper.last);
}

TEST(Trainer, NamesAPenaltyThatOverflows) {
  const DataSplits data = moons();
  Sequential model = network("dense(2)");
  *parameters(model)[0].value = Tensor::rows({{1e15F, 0}, {0, 1e15F}});
  const std::string message =
      divergence(model, {.loss = "cross_entropy", .optimizer = Sgd(), .penalty = {.l2 = 1e20}},
                 {.train = data.train.get()});
  EXPECT_NE(message.find("in penalty ("), std::string::npos) << message;
}

TEST(Trainer, KeepsTheBestWeightsWhenItDivergesLater) {
  const DataSplits data = load_dataset("line", {.count = 64});
  Sequential model = Sequential::parse("dense(8) dense(1)");
  model.build(data.train->input_shape(), 1);
  Keeping keeper;
  // The first epoch is a good one; the second's rate is 1e30 times as large.
  const std::string message =
      divergence(model,
                 {.loss = "mse",
                  .optimizer = Sgd({.learning_rate = 1e-3}),
                  .schedule = Schedule::parse("exponential(gamma=1e30)"),
                  .batch_size = 0,
                  .epochs = 9},
                 {.train = data.train.get(), .validation = data.train.get(), .observer = &keeper});
  EXPECT_NE(message.find("epoch 2, step 2"), std::string::npos) << message;
  EXPECT_EQ(keeper.last.epoch, 1);
  EXPECT_EQ(keeper.reports.size(), 1U);
  EXPECT_FALSE(keeper.last.best.empty());
  expect_finite(keeper.last);
}

TEST(Trainer, FreezesByPattern) {
  const DataSplits data = moons();
  Sequential model = network("dense(8, act=tanh) dense(2)");
  const auto before = parameter_values(model);
  train(model, {.loss = "cross_entropy", .optimizer = Adam(), .freeze = {"dense_1.*"}, .epochs = 2},
        {.train = data.train.get()});
  const auto after = parameter_values(model);
  EXPECT_EQ(before[0].value.to_vector(), after[0].value.to_vector());
  EXPECT_NE(before[2].value.to_vector(), after[2].value.to_vector());
  EXPECT_THROW(train(model, {.loss = "cross_entropy", .freeze = {"dense_7.*"}}, {.train = data.train.get()}),
               ConfigError);
  EXPECT_THROW(train(model, {.loss = "cross_entropy", .freeze = {"*"}}, {.train = data.train.get()}),
               ConfigError);
}

TEST(Trainer, FreezesRunningStatisticsToo) {
  const DataSplits data = moons();
  for (const bool frozen : {false, true}) {
    Sequential model = network("batch_norm dense(2)");
    const auto before = parameter_values(model);
    TrainerOptions options = {.loss = "cross_entropy", .epochs = 1};
    if (frozen) options.freeze = {"batch_norm_1.*"};
    train(model, options, {.train = data.train.get()});
    const auto after = parameter_values(model);
    for (const std::size_t i : {2, 3}) {
      EXPECT_EQ(before[i].value.to_vector() == after[i].value.to_vector(), frozen) << before[i].name;
    }
  }
}

TEST(Trainer, RefusesWhatDoesNotFit) {
  const DataSplits data = moons();
  Sequential model = network("dense(3)");
  EXPECT_THROW(train(model, {.loss = "cross_entropy"}, {.train = data.train.get()}), ConfigError);
  Sequential two = network("dense(2)");
  EXPECT_THROW(train(two, {.loss = "cross_entropy", .epochs = -1}, {.train = data.train.get()}), ConfigError);
  EXPECT_THROW(train(two, {.loss = "cross_entropy"}, {}), ConfigError);
  const std::vector<double> before = weights_of(two);
  train(two, {.loss = "cross_entropy", .epochs = 0}, {.train = data.train.get()});
  EXPECT_EQ(weights_of(two), before);
}

}  // namespace
}  // namespace hebb
