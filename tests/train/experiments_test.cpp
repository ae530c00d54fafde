#include "hebb/experiments.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "helpers.hpp"

namespace hebb {
namespace {

using testing::moons;
using testing::TemporaryFolder;

TrainConfig small(std::int64_t epochs = 3) {
  TrainConfig config;
  config.data = "moons";
  config.model = "dense(8, act=tanh) dense(2)";
  config.epochs = epochs;
  config.seed = 5;
  return config;
}

/// Samples that tell nothing of their labels.
class Noise final : public Dataset {
 public:
  explicit Noise(std::int64_t count) : count_(count) {}
  std::int64_t size() const override { return count_; }
  Shape input_shape() const override { return {20}; }
  TargetKind target_kind() const override { return TargetKind::classes; }
  std::int64_t outputs() const override { return 2; }
  void fill(std::span<const std::int64_t> indices, float* inputs,
            const TargetBuffer& targets) const override {
    for (std::size_t i = 0; i < indices.size(); ++i) {
      Random random(9, static_cast<std::uint64_t>(indices[i]));
      if (targets.labels != nullptr) targets.labels[i] = static_cast<std::int32_t>(random.below(2));
      for (std::size_t k = 0; inputs != nullptr && k < 20; ++k) inputs[20 * i + k] = random.normal();
    }
  }

 private:
  std::int64_t count_;
};

DataSplits splits_of(std::shared_ptr<const Dataset> data) {
  DataSplits splits;
  splits.name = "noise";
  splits.spec.input_shape = data->input_shape();
  splits.train = std::move(data);
  return splits;
}

// ---- cross-validation ----

TEST(CrossValidation, SpreadIsThatOfASample) {
  const std::vector<double> values = {1, 2, 4};
  EXPECT_DOUBLE_EQ(spread_of(values).mean, 7.0 / 3);
  EXPECT_NEAR(spread_of(values).deviation, 1.5275252316519468, 1e-15);
  EXPECT_EQ(spread_of(std::span(values).first(1)).deviation, 0);
}

TEST(CrossValidation, JudgesBySamplesThatWereNotTrainedOn) {
  // Memorised to the last sample, noise is guessed no better than by a coin.
  const DataSplits data = splits_of(std::make_shared<Noise>(300));
  TrainConfig config = small(60);
  config.model = "dense(64, act=relu) dense(2)";
  config.learning_rate = 0.01;
  EXPECT_GT(run_training(config, data).train.classes->accuracy(), 0.97);
  const CrossValidation result = cross_validate(config, data, 5);
  ASSERT_EQ(result.folds.size(), 5U);
  EXPECT_NEAR(result.accuracy().mean, 0.5, 0.1);
  EXPECT_GT(result.loss().mean, 0.7);
  EXPECT_THROW(result.rmse(), std::bad_optional_access);
}

TEST(CrossValidation, DealsEverySampleOnceAndClassesInProportion) {
  const DataSplits data = load_dataset("iris");
  TrainConfig config = small(1);
  config.model = "dense(3)";
  std::vector<std::size_t> seen;
  const CrossValidation result = cross_validate(
      config, data, 7, {}, [&](std::size_t fold, const EvaluationReport&) { seen.push_back(fold); });
  EXPECT_EQ(seen, (std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 7}));
  std::int64_t samples = 0;
  for (const EvaluationReport& fold : result.folds) {
    samples += fold.samples;
    for (std::int64_t c = 0; c < 3; ++c) {
      EXPECT_GE(fold.classes->support(c), 7);  // 50 / 7
      EXPECT_LE(fold.classes->support(c), 8);
    }
  }
  EXPECT_EQ(samples, 150);
  const CrossValidation again = cross_validate(config, data, 7);
  EXPECT_EQ(again.loss().mean, result.loss().mean);
  config.seed = 6;
  EXPECT_NE(cross_validate(config, data, 7).loss().mean, result.loss().mean);
}

TEST(CrossValidation, LeavesOneOut) {
  const DataSplits data = load_dataset("line", {.count = 6});
  TrainConfig config = small(2);
  config.model = "dense(1)";
  const CrossValidation result = cross_validate(config, data, 6);
  ASSERT_EQ(result.folds.size(), 6U);
  for (const EvaluationReport& fold : result.folds) EXPECT_EQ(fold.samples, 1);
  EXPECT_GT(result.rmse().mean, 0);
  EXPECT_THROW(cross_validate(config, data, 7), ConfigError);
  EXPECT_THROW(cross_validate(config, data, 1), ConfigError);
  EXPECT_THROW(cross_validate(config, data, -1), ConfigError);
}

/// A fold is an ordinary run on the other samples: with a validation share and early stopping taken from
/// these.
TEST(CrossValidation, StopsEarlyByOtherSamplesThanItJudgesBy) {
  const TemporaryFolder folder;
  TrainConfig config = small(40);
  config.validation = 0.2;
  config.patience = 2;
  const CrossValidation result = cross_validate(config, moons(100), 4, {.out = folder.file("cv")});
  ASSERT_EQ(result.folds.size(), 4U);
  for (int fold = 1; fold <= 4; ++fold)
    EXPECT_TRUE(holds_run(folder.file("cv/fold-" + std::to_string(fold))));
  // As the folder says: validated on 15 of the 75 others, and judged by none of them.
  EXPECT_EQ(result.folds[0].samples, 25);
  EXPECT_THROW(cross_validate(config, moons(100), 4, {.out = folder.file("cv")}), ConfigError);
  EXPECT_NO_THROW(cross_validate(config, moons(100), 4, {.out = folder.file("cv"), .overwrite = true}));
}

TEST(CrossValidation, StopsWhenAsked) {
  std::atomic<bool> stop{false};
  const CrossValidation result =
      cross_validate(small(), moons(), 5, {.stop = &stop}, [&](std::size_t fold, const EvaluationReport&) {
        if (fold == 2) stop = true;
      });
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.folds.size(), 2U);
}

// ---- sweeps ----

TEST(Sweep, IsEveryCombinationByValidationLoss) {
  const TemporaryFolder folder;
  TrainConfig config = small();
  config.validation = 0.25;
  std::size_t told = 0;
  const Sweep result =
      sweep(config, moons(),
            {{"learning_rate", {"0.001", "0.1", "1e38"}}, {"model", {"dense(2)", "dense(4) dense(2)"}}},
            {.out = folder.file("s")}, [&](const SweepRun&) { ++told; });
  EXPECT_EQ(told, 6U);
  ASSERT_EQ(result.runs.size(), 6U);
  EXPECT_FALSE(result.interrupted);
  for (std::size_t i = 0; i < 6; ++i) {
    const SweepRun& run = result.runs[i];
    EXPECT_EQ(run.validation.has_value(), run.values[0] != "1e38");
    EXPECT_EQ(run.failure.empty(), run.validation.has_value());
    EXPECT_TRUE(holds_run(run.folder)) << run.folder;
    if (i > 0 && run.validation) {
      EXPECT_LE(result.runs[i - 1].validation->loss, run.validation->loss);
    }
  }
  EXPECT_EQ(result.runs[4].values[0], "1e38");
  EXPECT_TRUE(std::filesystem::exists(folder.file("s/4-learning_rate=0.1,model=dense_4__dense_2_")));
  // Each is the run that these settings give by themselves.
  config.learning_rate = std::stod(result.runs[0].values[0]);
  config.model = result.runs[0].values[1];
  EXPECT_EQ(run_training(config, moons()).validation->loss, result.runs[0].validation->loss);
}

TEST(Sweep, RefusesBeforeItTrains) {
  TrainConfig config = small();
  const auto refuses = [&](const std::vector<SweepAxis>& axes, const char* expected) {
    try {
      sweep(config, moons(), axes, {}, [](const SweepRun&) { FAIL() << "trained"; });
      FAIL() << expected;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
  };
  refuses({{"epochs", {"1"}}}, "validation");
  config.validation = 0.2;
  refuses({{"epoch", {"1"}}}, "did you mean 'epochs'");
  refuses({{"epochs", {}}}, "no values");
  refuses({{"epochs", {"1", "many"}}}, "epochs");
  refuses({{"epochs", {"1", "-1"}}}, "epochs");
  refuses({{"count", {"10"}}}, "the same data");
  std::vector<std::string> many(1000, "1");
  refuses({{"epochs", many}, {"seed", many}}, "more than");
}

TEST(Sweep, StopsWhenAsked) {
  std::atomic<bool> stop{false};
  TrainConfig config = small();
  config.validation = 0.2;
  const Sweep result = sweep(config, moons(), {{"seed", {"1", "2", "3"}}}, {.stop = &stop},
                             [&](const SweepRun&) { stop = true; });
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.runs.size(), 1U);
}

// ---- learning-rate finder ----

/// Gradient descent on a mean of squares is stable up to 2 / (largest curvature); inputs of mean 0 and
/// deviation 1 have curvature 2, so that the bound is 1.
TEST(RateFinder, FindsWhereGradientDescentTurnsUnstable) {
  TrainConfig config = small();
  config.model = "dense(1)";
  config.loss = "mse";
  config.optimizer = "sgd";
  config.batch_size = 0;
  std::int64_t steps = 0;
  const RateFinding found =
      find_learning_rate(config, load_dataset("line", {.count = 200}),
                         {.from = 1e-4, .to = 100, .steps = 200, .on_step = [&](auto n) { steps = n; }});
  EXPECT_TRUE(found.diverged);
  ASSERT_EQ(found.rates.size(), found.losses.size());
  EXPECT_EQ(steps, static_cast<std::int64_t>(found.rates.size()));
  EXPECT_DOUBLE_EQ(found.rates.front(), 1e-4);
  EXPECT_GT(found.rates.back(), 1);
  EXPECT_LT(found.rates.back(), 10);
  for (std::size_t i = 1; i < found.rates.size(); ++i)
    EXPECT_NEAR(found.rates[i] / found.rates[i - 1], std::pow(1e6, 1.0 / 199), 1e-9);
  EXPECT_GT(found.suggested, 1e-3);
  EXPECT_LT(found.suggested, found.at_minimum);
  EXPECT_LT(found.at_minimum, 2);
}

TEST(RateFinder, EndsWhenAskedOrWhereThereIsNothingToFind) {
  std::atomic<bool> stop{true};
  const RateFinding none = find_learning_rate(small(), moons(), {.stop = &stop});
  EXPECT_TRUE(none.interrupted);
  EXPECT_TRUE(none.losses.empty());
  EXPECT_EQ(none.suggested, 0);
  for (const char* optimizer : {"lbfgs", "rprop"}) {
    TrainConfig config = small();
    config.optimizer = optimizer;
    EXPECT_THROW(find_learning_rate(config, moons()), ConfigError) << optimizer;
  }
  EXPECT_THROW(find_learning_rate(small(), moons(), {.steps = 5}), ConfigError);
  EXPECT_THROW(find_learning_rate(small(), moons(), {.from = 0}), ConfigError);
  EXPECT_THROW(find_learning_rate(small(), moons(), {.from = 1, .to = 1}), ConfigError);
  TrainConfig unfit = small();
  unfit.model = "dense(5)";
  EXPECT_THROW(find_learning_rate(unfit, moons()), ConfigError);
}

}  // namespace
}  // namespace hebb
