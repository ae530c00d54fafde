// What neurons that learn sample by sample keep, besides what scikit-learn can tell.
#include <algorithm>

#include "hebb/error.hpp"
#include "neurons/helpers.hpp"

namespace hebb {
namespace {

using testing::Golden;
using testing::Labelled;

std::int64_t right_answers(const neurons::Classifier& neuron, const Labelled& data) {
  const std::vector<std::int32_t> found = neuron.predict(data.x());
  std::int64_t right = 0;
  for (std::size_t i = 0; i < found.size(); ++i) right += found[i] == data.labels[i] ? 1 : 0;
  return right;
}

TEST(PocketPerceptron, KeepsTheBestWeights) {
  std::int64_t in_pocket = 0;
  std::int64_t in_the_end = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Labelled data = testing::random_classes(120, 3, -1, seed);
    neurons::PocketPerceptron pocket({.max_epochs = 40, .seed = seed});
    neurons::Perceptron last({.max_epochs = 40, .seed = seed, .check_after = 0});
    pocket.fit(data.x(), data.labels);
    last.fit(data.x(), data.labels);
    EXPECT_EQ(right_answers(pocket, data), pocket.right()[0]);  // the ratchet counts truly
    in_pocket += pocket.right()[0];
    in_the_end += right_answers(last, data);
    EXPECT_EQ(pocket.mistakes(), last.mistakes());  // both correct alike
    EXPECT_NE(pocket.report().find("in the pocket"), std::string::npos);
  }
  EXPECT_GT(in_pocket, in_the_end + 20);
}

TEST(PocketPerceptron, EndsWhenAllIsRight) {
  const Labelled data = testing::random_classes(100, 3, 0.1, 3);
  neurons::PocketPerceptron pocket;
  pocket.fit(data.x(), data.labels);
  EXPECT_TRUE(pocket.finished());
  EXPECT_EQ(pocket.right()[0], 100);
  EXPECT_EQ(pocket.predict(data.x()), data.labels);
}

TEST(AveragedPerceptron, IsTheMeanOfAllWeights) {
  // The weights after every sample are those after a pass over so many samples.
  const Labelled data = testing::random_classes(25, 2, -1, 5);
  std::vector<double> mean(2);
  for (std::int64_t seen = 1; seen <= 25; ++seen) {
    const std::span<const float> values = std::span(data.values).first(static_cast<std::size_t>(2 * seen));
    neurons::Perceptron neuron({.shuffle = false, .check_after = 0});
    neuron.partial_fit({values, 2}, std::span(data.labels).first(static_cast<std::size_t>(seen)));
    for (std::size_t j = 0; j < 2; ++j) mean[j] += neuron.model().weights[j] / 25;
  }
  neurons::AveragedPerceptron averaged({.shuffle = false});
  averaged.partial_fit(data.x(), data.labels);
  testing::expect_near(averaged.model().weights, mean, 1e-12);
  EXPECT_THROW(neurons::AveragedPerceptron({.penalty = {.l2 = 0.1}}), ConfigError);
}

TEST(MarginPerceptron, KeepsItsDistance) {
  const Labelled data = testing::random_classes(100, 3, 0.1, 4);
  neurons::MarginPerceptron neuron({.max_epochs = 5000, .margin = 2});
  neuron.fit(data.x(), data.labels);
  ASSERT_TRUE(neuron.finished());
  const std::vector<double> s = neuron.decision_function(data.x());
  for (std::size_t i = 0; i < s.size(); ++i) EXPECT_GT(data.labels[i] == 1 ? s[i] : -s[i], 2);
}

TEST(Adaline, FindsLeastSquares) {
  // With a falling rate it comes to the least squares of targets -1 and 1.
  const Labelled data = testing::random_classes(400, 3, 0.05, 8);
  neurons::Adaline neuron(
      {.learning_rate = 0.05, .schedule = Schedule::parse("inverse(power=0.6)"), .max_epochs = 400});
  neuron.fit(data.x(), data.labels);
  // At the least squares the errors are at right angles to the inputs.
  const std::vector<double> s = neuron.decision_function(data.x());
  std::vector<double> product(4);
  for (std::size_t i = 0; i < s.size(); ++i) {
    const double error = (data.labels[i] == 1 ? 1 : -1) - s[i];
    for (std::size_t j = 0; j < 3; ++j)
      product[j] += error * static_cast<double>(data.values[3 * i + j]) / 400;
    product[3] += error / 400;
  }
  for (const double value : product) EXPECT_NEAR(value, 0, 5e-3);
}

TEST(StochasticLogistic, MakesWeightsExactlyZeroByL1) {
  Random random(1, 1);
  Labelled data{.values = {}, .features = 6, .labels = {}};
  for (int i = 0; i < 500; ++i) {  // the first input decides, the others say nothing
    std::vector<float> x;
    for (int j = 0; j < 6; ++j) x.push_back(random.normal());
    data.add(x, x[0] > 0 ? 1 : 0);
  }
  const auto weights_at = [&](double l1, double l2) {
    neurons::StochasticLogistic neuron(
        {.learning_rate = 0.02, .penalty = {.l1 = l1, .l2 = l2}, .max_epochs = 20, .seed = 3});
    neuron.fit(data.x(), data.labels);
    return neuron.model().weights;
  };
  const std::vector<double> sparse = weights_at(0.15, 0);
  EXPECT_GT(sparse[0], 0.1);
  EXPECT_EQ(std::count(sparse.begin() + 1, sparse.end(), 0.0), 5);
  const std::vector<double> plain = weights_at(0, 0);
  EXPECT_EQ(std::count(plain.begin(), plain.end(), 0.0), 0);
  const std::vector<double> elastic = weights_at(0.15, 0.05);
  EXPECT_LT(elastic[0], sparse[0]);
  const std::vector<double> none = weights_at(10, 0);
  EXPECT_EQ(std::count(none.begin(), none.end(), 0.0), 6);
}

TEST(OnlineNeurons, GoOnAsIfTheyHadNotStopped) {
  const Labelled data = testing::random_classes(80, 5, -1, 2);
  for (const char* text : {"margin", "pocket", "averaged", "adaline", "stochastic_logistic"}) {
    SCOPED_TRACE(text);
    const neurons::OnlineOptions options{.schedule = Schedule::parse("plateau(patience=0)")};
    const auto whole = neurons::parse_neuron(text, options);
    const auto first = neurons::parse_neuron(text, options);
    const auto second = neurons::parse_neuron(text, options);
    for (int i = 0; i < 6; ++i) whole->partial_fit(data.x(), data.labels);
    for (int i = 0; i < 3; ++i) first->partial_fit(data.x(), data.labels);
    second->set_state(5, 2, 3, first->state());
    for (int i = 0; i < 3; ++i) second->partial_fit(data.x(), data.labels);
    EXPECT_EQ(second->state(), whole->state());
  }
}

TEST(OnlineNeurons, SayWhenTheyDiverge) {
  const Labelled data = testing::random_classes(80, 5, -1, 2);
  neurons::Adaline neuron({.learning_rate = 1e10, .max_epochs = 100});
  EXPECT_THROW(neuron.fit(data.x(), data.labels), DivergedError);
}

TEST(OnlineNeurons, AreNetworksWithTheSameAnswers) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  for (const std::string set : {"iris", "moons"}) {
    const Labelled data = testing::golden_data(golden, set);
    for (const char* text :
         {"perceptron", "margin", "pocket", "averaged", "adaline", "stochastic_logistic"}) {
      SCOPED_TRACE(set + " " + text);
      const auto neuron = neurons::parse_neuron(text, {.max_epochs = 5});
      neuron->fit(data.x(), data.labels);
      const Tensor outputs = neuron->network()(Tensor::from(data.values, {data.count(), data.features}));
      const std::vector<double> scores = outputs.to_vector();
      const std::vector<std::int32_t> found = neuron->predict(data.x());
      const auto width = static_cast<std::size_t>(neuron->outputs());
      for (std::size_t i = 0; i < found.size(); ++i) {
        const auto row = scores.begin() + static_cast<std::ptrdiff_t>(i * width);
        const auto answer = width == 1 ? (*row > neuron->loss().threshold() ? 1 : 0)
                                       : std::max_element(row, row + std::ssize(scores) / data.count()) - row;
        ASSERT_EQ(answer, found[i]) << "sample " << i;
      }
    }
  }
}

TEST(OnlineNeurons, RefuseOptionsOfNoUse) {
  EXPECT_THROW(neurons::parse_neuron("adaline(multiclass=together)"), ConfigError);
  EXPECT_THROW(neurons::parse_neuron("pocket(multiclass=together)"), ConfigError);
  EXPECT_THROW(neurons::parse_neuron("perceptron(margin=2)"), ConfigError);
  EXPECT_THROW(neurons::parse_neuron("margin(margin=-1)"), ConfigError);
}

}  // namespace
}  // namespace hebb
