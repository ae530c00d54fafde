// Neurons on MNIST against scikit-learn (golden/make_linear_mnist.py), and their runs.
#include "hebb/neurons.hpp"

#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "golden.hpp"
#include "hebb/datasets.hpp"
#include "hebb/error.hpp"
#include "hebb/regression.hpp"
#include "hebb/run.hpp"

namespace hebb {
namespace {

using testing::Golden;

/// The training images of MNIST as raw pixels, 0 to 255; nothing where there are none.
struct Mnist {
  std::vector<float> values = {};
  std::vector<std::int32_t> labels = {};

  Mnist() {
    const char* folder = std::getenv("HEBB_DATA");
    if (folder == nullptr || !std::filesystem::exists(std::string(folder) + "/mnist")) return;
    const DataSplits data = load_dataset("mnist", {.directories = {folder}});
    std::vector<std::int64_t> all(static_cast<std::size_t>(data.train->size()));
    std::iota(all.begin(), all.end(), 0);
    values.resize(all.size() * 784);
    labels.resize(all.size());
    data.train->fill(all, values.data(), {.labels = labels.data()});
  }
  neurons::Samples x() const { return {values, 784}; }
};

/// Weights [10, 784] by their sums, squares and moments; each may be off by a part of what its terms sum to.
void expect_weights(const Golden& golden, const std::string& name, const neurons::LinearModel& model,
                    double tolerance) {
  for (std::size_t c = 0; c < 10; ++c) {
    double sum = 0;
    double absolute = 0;
    double square = 0;
    double moment = 0;
    for (std::size_t j = 0; j < 784; ++j) {
      const double w = model.weights[c * 784 + j];
      sum += w;
      absolute += std::abs(w);
      square += w * w;
      moment += w * static_cast<double>(j + 1);
    }
    EXPECT_NEAR(sum, testing::find(golden, name + " sums")[c], tolerance * absolute);
    EXPECT_NEAR(square, testing::find(golden, name + " squares")[c], 2 * tolerance * square);
    EXPECT_NEAR(moment, testing::find(golden, name + " moments")[c], 784 * tolerance * absolute);
    EXPECT_NEAR(model.bias[c], testing::find(golden, name + " bias")[c], tolerance * absolute);
  }
}

double right_of(const neurons::Classifier& neuron, const neurons::Samples& x,
                std::span<const std::int32_t> labels) {
  const std::vector<std::int32_t> found = neuron.predict(x);
  double right = 0;
  for (std::size_t i = 0; i < found.size(); ++i) right += found[i] == labels[i] ? 1 : 0;
  return right;
}

TEST(NeuronsOnMnist, AgreeWithScikitLearn) {
  Mnist mnist;
  if (mnist.labels.empty()) GTEST_SKIP() << "HEBB_DATA/mnist is not there";
  const Golden golden = testing::read_golden("train/golden/linear_mnist.txt");

  // Pixels are whole numbers, so every sum is exact, and so are the weights.
  neurons::Perceptron perceptron({.max_epochs = 1, .shuffle = false, .check_after = 0});
  perceptron.fit(mnist.x(), mnist.labels);
  expect_weights(golden, "perceptron", perceptron.model(), 0);
  EXPECT_EQ(right_of(perceptron, mnist.x(), mnist.labels), testing::find(golden, "perceptron right")[0]);

  for (float& value : mnist.values) value /= 255.0F;
  neurons::Adaline adaline({.learning_rate = 1e-3, .max_epochs = 1, .shuffle = false});
  adaline.fit(mnist.x(), mnist.labels);
  expect_weights(golden, "adaline", adaline.model(), 1e-10);
  EXPECT_EQ(right_of(adaline, mnist.x(), mnist.labels), testing::find(golden, "adaline right")[0]);

  const neurons::Samples some(std::span(mnist.values).first(5000 * 784), 784);
  const std::span<const std::int32_t> labels = std::span(mnist.labels).first(5000);
  neurons::LogisticRegression logistic({.penalty = {.l2 = 1e-3}, .max_epochs = 500});
  logistic.fit(some, labels);
  EXPECT_TRUE(logistic.finished());
  EXPECT_NEAR(logistic.last_epoch().loss, testing::find(golden, "logistic objective")[0], 1e-6);
  EXPECT_NEAR(right_of(logistic, some, labels), testing::find(golden, "logistic right")[0], 2);
}

TrainConfig config_of(const std::string& model) {
  TrainConfig config;
  config.data = "moons";
  config.model = model;
  config.epochs = 12;
  return config;
}

TEST(NeuronRuns, EndWithWhatWasLearned) {
  for (const char* model : {"margin(margin=0.5)", "pocket", "averaged", "adaline", "stochastic_logistic",
                            "logistic", "logistic(solver=newton)"}) {
    SCOPED_TRACE(model);
    const RunResult run = run_training(config_of(model), load_dataset("moons"));
    ASSERT_NE(run.neuron, nullptr);
    EXPECT_EQ(run.model.module->describe(), "dense(1)");
    EXPECT_GT(run.train.classes->accuracy(), 0.8);
    EXPECT_EQ(run.config.model.substr(0, 3), std::string(model).substr(0, 3));
    EXPECT_LE(run.training.epochs.size(), 12U);
  }
}

TEST(NeuronRuns, KeepTheEpochOfLeastValidationLoss) {
  TrainConfig config = config_of("perceptron");
  config.validation = 0.3;
  const RunResult run = run_training(config, load_dataset("moons"));
  double least = 1e9;
  for (const EpochReport& report : run.training.epochs) least = std::min(least, *report.validation_loss);
  EXPECT_DOUBLE_EQ(run.validation->loss, least);
  config.patience = 1;
  const RunResult short_run = run_training(config, load_dataset("moons"));
  EXPECT_LE(short_run.training.epochs.size(), run.training.epochs.size());
}

TEST(NeuronRuns, StopWhenAsked) {
  const std::atomic<bool> stop = true;
  const RunResult run = run_training(config_of("adaline"), load_dataset("moons"), {.stop = &stop});
  EXPECT_TRUE(run.training.interrupted);
  EXPECT_TRUE(run.training.epochs.empty());
}

}  // namespace
}  // namespace hebb
