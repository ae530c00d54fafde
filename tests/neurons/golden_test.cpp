// Against scikit-learn: golden/make_linear.py.
#include "neurons/helpers.hpp"

namespace hebb {
namespace {

using neurons::OnlineOptions;
using testing::Golden;
using testing::Labelled;

void expect_golden(const Golden& golden, const std::string& kind, const std::string& description,
                   OnlineOptions options) {
  options.shuffle = false;
  options.check_after = 0;
  for (const std::string set : {"iris", "moons"}) {
    SCOPED_TRACE(set + " " + kind);
    const Labelled data = testing::golden_data(golden, set);
    const auto made = neurons::parse_neuron(description, options);
    made->fit(data.x(), data.labels);
    const auto& neuron = dynamic_cast<const neurons::OnlineClassifier&>(*made);
    const std::string name = set + " " + kind + " ";
    testing::expect_near(neuron.model().weights, testing::find(golden, name + "weights"), 1e-9);
    testing::expect_near(neuron.model().bias, testing::find(golden, name + "bias"), 1e-9);
    const std::vector<std::int32_t> predicted = neuron.predict(data.x());
    EXPECT_EQ(std::vector<double>(predicted.begin(), predicted.end()),
              testing::find(golden, name + "predictions"));
  }
}

TEST(AgainstScikitLearn, Perceptron) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  expect_golden(golden, "perceptron", "perceptron", {.max_epochs = 7});
  expect_golden(golden, "perceptron l2=0.0005", "perceptron", {.penalty = {.l2 = 0.0005}, .max_epochs = 5});
}

TEST(AgainstScikitLearn, MarginPerceptron) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  expect_golden(golden, "margin", "margin", {.learning_rate = 0.1, .max_epochs = 6});
}

TEST(AgainstScikitLearn, AveragedPerceptron) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  expect_golden(golden, "averaged", "averaged", {.max_epochs = 4});
}

TEST(AgainstScikitLearn, Adaline) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  expect_golden(golden, "adaline", "adaline", {.max_epochs = 8});
  expect_golden(golden, "adaline l2=0.01", "adaline", {.penalty = {.l2 = 0.01}, .max_epochs = 8});
  expect_golden(golden, "adaline inverse", "adaline",
                {.learning_rate = 0.02, .schedule = Schedule::parse("inverse(power=0.25)"), .max_epochs = 8});
}

TEST(AgainstScikitLearn, StochasticLogistic) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  expect_golden(golden, "logistic_sgd", "stochastic_logistic", {.learning_rate = 0.05, .max_epochs = 5});
  expect_golden(golden, "logistic_sgd l2=0.01", "stochastic_logistic",
                {.learning_rate = 0.05, .penalty = {.l2 = 0.01}, .max_epochs = 5});
}

}  // namespace
}  // namespace hebb
