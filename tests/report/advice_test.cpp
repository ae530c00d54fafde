#include "report/advice.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace hebb::report {
namespace {

/// Epochs with these losses; no validation where `validation` is empty.
std::vector<EpochReport> epochs(const std::vector<double>& train,
                                const std::vector<double>& validation = {}) {
  std::vector<EpochReport> all;
  for (std::size_t i = 0; i < train.size(); ++i) {
    EpochReport report{
        .epoch = static_cast<std::int64_t>(i) + 1, .train_loss = train[i], .learning_rate = 0.5};
    if (!validation.empty()) report.validation_loss = validation[i];
    all.push_back(report);
  }
  return all;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

RunRecord run_of(std::vector<EpochReport> all, State state = State::finished) {
  RunRecord run{.folder = "runs/a", .state = state, .epochs = std::move(all)};
  run.outcome = Json::object();
  return run;
}

TEST(Advice, OnOverfitting) {
  const std::string text =
      on_overfitting(epochs({1, 0.6, 0.4, 0.3, 0.2, 0.1, 0.08}, {1.1, 0.8, 0.7, 0.75, 0.8, 0.9, 1}));
  EXPECT_TRUE(has(text, "since epoch 3")) << text;
  EXPECT_TRUE(has(text, "from 0.7 to 1")) << text;
  EXPECT_TRUE(has(text, "--augment")) << text;
  EXPECT_FALSE(has(
      on_overfitting(epochs({1, 0.6, 0.4, 0.3, 0.2, 0.1, 0.08}, {1.1, 0.8, 0.7, 0.75, 0.8, 0.9, 1}), true),
      "--augment"));
}

TEST(Advice, NoneOnOverfittingThatIsNone) {
  EXPECT_EQ(on_overfitting({}), "");
  EXPECT_EQ(on_overfitting(epochs({1, 0.5, 0.2, 0.1, 0.1})), "");  // there is no validation
  EXPECT_EQ(on_overfitting(epochs({1, 0.6, 0.4, 0.3, 0.2}, {1.1, 0.8, 0.7, 0.6, 0.5})), "");
  // The best is long ago, but what came after is as good.
  EXPECT_EQ(on_overfitting(epochs({1, 0.6, 0.4, 0.3, 0.2, 0.1}, {0.9, 0.5, 0.51, 0.52, 0.51, 0.505})), "");
  // It rose in the last epochs only.
  EXPECT_EQ(on_overfitting(epochs({1, 0.6, 0.4, 0.3}, {1, 0.5, 0.6, 0.7})), "");
  // Both rose: that is another illness.
  EXPECT_EQ(on_overfitting(epochs({1, 0.6, 0.9, 1.2, 1.5, 2}, {1, 0.5, 0.8, 1, 1.4, 2})), "");
}

TEST(Advice, OnLearningRate) {
  EXPECT_TRUE(has(on_learning_rate(run_of(epochs({1, 2}), State::diverged)), "diverged"));
  const std::string leaping = on_learning_rate(run_of(epochs({1, 0.2, 3, 0.3, 2.5, 0.25, 4})));
  EXPECT_TRUE(has(leaping, "0.5")) << leaping;
  EXPECT_TRUE(has(leaping, "3 of 7")) << leaping;
  RunRecord stuck = run_of(epochs({2.3, 2.31, 2.3, 2.32}));
  stuck.insight = {{.epoch = 1, .layers = {{.name = "dense_1", .weight_norm = 2, .update_norm = 1}}}};
  EXPECT_TRUE(has(on_learning_rate(stuck), "50 %")) << on_learning_rate(stuck);
}

TEST(Advice, NoneOnALearningRateThatIsFine) {
  EXPECT_EQ(on_learning_rate(run_of({})), "");
  EXPECT_EQ(on_learning_rate(run_of(epochs({2.3, 1.2, 0.7, 0.5, 0.4}))), "");
  // Converged, and swaying a little.
  std::vector<double> swaying = {2.3, 1, 0.5};
  for (int i = 0; i < 100; ++i) swaying.push_back(0.1 + 0.01 * std::sin(i));
  EXPECT_EQ(on_learning_rate(run_of(epochs(swaying))), "");
  // One bad epoch among many.
  swaying[50] = 2;
  EXPECT_EQ(on_learning_rate(run_of(epochs(swaying))), "");
  RunRecord slow = run_of(epochs({2.3, 2.3, 2.3, 2.3}));
  slow.insight = {{.epoch = 1, .layers = {{.name = "dense_1", .weight_norm = 2, .update_norm = 1e-6}}}};
  EXPECT_EQ(on_learning_rate(slow), "");
  // The loss of a perceptron leaps whatever its rate.
  RunRecord neuron = run_of(epochs({1, 0.2, 3, 0.3, 2.5, 0.25, 4}));
  neuron.config.model = "perceptron";
  EXPECT_EQ(on_learning_rate(neuron), "");
  // Where one diverges, only options that neurons take are named.
  neuron = run_of(epochs({1, 2}), State::diverged);
  neuron.config.model = "adaline";
  const std::string text = on_learning_rate(neuron);
  EXPECT_TRUE(has(text, "diverged")) << text;
  EXPECT_FALSE(has(text, "--clip-norm") || has(text, "--find-lr")) << text;
}

TEST(Advice, OnRunsThatEndedTooSoon) {
  const auto falling = epochs({10, 8, 6.4, 5.1, 4.1, 3.3, 2.6, 2.1, 1.7, 1.4});
  EXPECT_TRUE(has(on_stopping_early(run_of(falling)), "--epochs 20")) << on_stopping_early(run_of(falling));
  EXPECT_EQ(on_stopping_early(run_of(falling, State::interrupted)), "");
  EXPECT_EQ(on_stopping_early(run_of(epochs({10, 5, 2, 1, 0.9, 0.89, 0.885, 0.88, 0.88, 0.88}))), "");
  RunRecord patient = run_of(falling);
  patient.outcome["stopped_early"] = true;
  EXPECT_EQ(on_stopping_early(patient), "");
}

DataView data_with(std::vector<std::int64_t> counts) {
  DataView data{.counts = std::move(counts)};
  data.summary.class_names = {"cat", "dog", "owl"};
  return data;
}

TEST(Advice, OnClasses) {
  const std::string text = on_classes(data_with({90, 30, 5}));
  EXPECT_TRUE(has(text, "'cat' has 90 of 125")) << text;
  EXPECT_TRUE(has(text, "'owl' has 5")) << text;
  EXPECT_TRUE(has(text, "72.0 %")) << text;
  EXPECT_NE(on_classes(data_with({10, 0, 3})), "");
  EXPECT_EQ(on_classes(data_with({50, 30, 10})), "");
  EXPECT_EQ(on_classes(data_with({})), "");
}

Insight look(std::int64_t dead, std::int64_t units) {
  return {.samples = 64, .activations = {{.name = "dense_1", .units = units, .dead = dead}}};
}

TEST(Advice, OnDeadUnits) {
  const std::string text = on_dead_units({look(0, 32), look(12, 32)});
  EXPECT_TRUE(has(text, "12 of 32 in dense_1")) << text;
  EXPECT_TRUE(has(text, "64 training samples")) << text;
  EXPECT_EQ(on_dead_units({}), "");
  EXPECT_EQ(on_dead_units({look(12, 32), look(2, 32)}), "");  // they came back
  EXPECT_EQ(on_dead_units({look(0, 0)}), "");
}

TEST(Advice, OnLeaksAndContradictions) {
  DataView data;
  EXPECT_EQ(on_leak(data), "");
  EXPECT_EQ(on_contradictions(data), "");
  data.overlaps = {.part = "test", .in_training = 7, .contradictions = 1};
  EXPECT_TRUE(has(on_leak(data), "test samples")) << on_leak(data);
  EXPECT_TRUE(has(on_leak(data), "of 7")) << on_leak(data);
  EXPECT_TRUE(has(on_contradictions(data), "1 training sample has"));
}

TEST(Advice, GathersWhatThereIsToSay) {
  EXPECT_TRUE(advice_on(run_of({}), nullptr).empty());
  DataView data = data_with({90, 30, 5});
  data.overlaps = {.part = "test", .in_training = 7};
  const std::vector<Advice> all = advice_on(
      run_of(epochs({1, 0.6, 0.4, 0.3, 0.2, 0.1, 0.08}, {1.1, 0.8, 0.7, 0.75, 0.8, 0.9, 1})), &data);
  std::vector<std::string> kinds;
  for (const Advice& advice : all) kinds.push_back(advice.kind);
  EXPECT_EQ(kinds, (std::vector<std::string>{"overfitting", "leak", "classes"}));
}

}  // namespace
}  // namespace hebb::report
