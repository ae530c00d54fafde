#include <algorithm>
#include <limits>

#include "hebb/error.hpp"
#include "hebb/threads.hpp"
#include "neurons/helpers.hpp"

namespace hebb {
namespace {

using neurons::OnlineOptions;
using neurons::Perceptron;
using neurons::Separation;
using testing::Golden;
using testing::Labelled;

Labelled points(std::initializer_list<std::pair<std::vector<float>, int>> list) {
  Labelled data;
  for (const auto& [sample, label] : list) data.add(sample, label);
  return data;
}

Labelled exclusive_or() { return points({{{0, 0}, 0}, {{0, 1}, 1}, {{1, 0}, 1}, {{1, 1}, 0}}); }

// Every sum is formed anew here, in long double, from what the proof says alone.
void expect_proof(const Separation& s, const Labelled& data, std::int32_t positive) {
  const auto z = [&](std::int64_t i, std::int64_t j) {
    const long double y = data.labels[static_cast<std::size_t>(i)] == positive ? 1 : -1;
    return j == data.features
               ? y
               : y * static_cast<long double>(data.values[static_cast<std::size_t>(i * data.features + j)]);
  };
  long double radius = 0;
  for (std::int64_t i = 0; i < data.count(); ++i) {
    long double square = 0;
    for (std::int64_t j = 0; j <= data.features; ++j) square += z(i, j) * z(i, j);
    radius = std::max(radius, std::sqrt(square));
  }
  EXPECT_NEAR(s.radius, static_cast<double>(radius), 1e-12 * s.radius);
  if (s.verdict == Separation::Verdict::separable) {
    ASSERT_EQ(std::ssize(s.weights), data.features);
    long double norm = static_cast<long double>(s.bias) * s.bias;
    for (const double w : s.weights) norm += static_cast<long double>(w) * w;
    EXPECT_NEAR(static_cast<double>(norm), 1, 1e-12);
    long double least = std::numeric_limits<long double>::infinity();
    for (std::int64_t i = 0; i < data.count(); ++i) {
      long double sum = z(i, data.features) * s.bias;
      for (std::int64_t j = 0; j < data.features; ++j)
        sum += z(i, j) * s.weights[static_cast<std::size_t>(j)];
      least = std::min(least, sum);
    }
    EXPECT_GT(s.margin, 0);
    EXPECT_NEAR(static_cast<double>(least), s.margin, 1e-12 * s.radius);
    return;
  }
  ASSERT_EQ(s.verdict, Separation::Verdict::inseparable);
  ASSERT_EQ(s.samples.size(), s.shares.size());
  long double total = 0;
  for (const double share : s.shares) {
    EXPECT_GT(share, 0);
    total += share;
  }
  EXPECT_NEAR(static_cast<double>(total), 1, 1e-12);
  long double square = 0;
  for (std::int64_t j = 0; j <= data.features; ++j) {
    long double sum = 0;
    for (std::size_t k = 0; k < s.samples.size(); ++k) {
      ASSERT_TRUE(s.samples[k] >= 0 && s.samples[k] < data.count());
      sum += s.shares[k] * z(s.samples[k], j);
    }
    square += sum * sum;
  }
  EXPECT_LE(static_cast<double>(std::sqrt(square)), 1e-12 * s.radius);
  EXPECT_NEAR(static_cast<double>(std::sqrt(square)), s.gap, 1e-15 * s.radius);
}

TEST(Separability, TellsWhatIsKnownByHand) {
  // Two points at -1 and 1 on a line: z = (1, 1) and (1, -1); nearest to zero is (1, 0).
  Labelled line{.features = 1};
  line.add({-1}, 0);
  line.add({1}, 1);
  const Separation s = separate(line.x(), line.labels, 1);
  ASSERT_EQ(s.verdict, Separation::Verdict::separable);
  EXPECT_NEAR(s.margin, 1, 1e-14);
  EXPECT_NEAR(s.weights[0], 1, 1e-14);
  EXPECT_NEAR(s.bias, 0, 1e-14);
  EXPECT_NEAR(s.novikoff_bound(), 2, 1e-13);

  const Labelled crossed = exclusive_or();
  const Separation none = separate(crossed.x(), crossed.labels, 1);
  ASSERT_EQ(none.verdict, Separation::Verdict::inseparable);
  for (const double share : none.shares) EXPECT_NEAR(share, 0.25, 1e-14);
  EXPECT_EQ(none.samples.size(), 4U);
}

TEST(Separability, ProvesItEitherWayForRandomClasses) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const std::int64_t features = 1 + static_cast<std::int64_t>(seed % 7);
    const Labelled apart = testing::random_classes(60, features, 0.01, seed);
    if (std::count(apart.labels.begin(), apart.labels.end(), 1) % 60 != 0) {
      const Separation s = separate(apart.x(), apart.labels, 1);
      ASSERT_EQ(s.verdict, Separation::Verdict::separable);
      EXPECT_TRUE(s.exact);
      // The hyperplane that the classes were made with has |(w, b)| = sqrt(1 + 0.3^2).
      EXPECT_GE(s.margin, 0.01 / std::sqrt(1.09) * (1 - 1e-6));
      expect_proof(s, apart, 1);
    }
    const Labelled mixed = testing::random_classes(60, features, -1, seed);
    const Separation s = separate(mixed.x(), mixed.labels, 1);
    ASSERT_EQ(s.verdict, Separation::Verdict::inseparable);
    EXPECT_LE(std::ssize(s.samples), features + 2);  // Caratheodory
    expect_proof(s, mixed, 1);
  }
}

TEST(Separability, HasTheLargestMargin) {
  // No small turn of the hyperplane has a larger one.
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Labelled data = testing::random_classes(40, 3, 0.05, seed);
    const Separation s = separate(data.x(), data.labels, 1);
    ASSERT_EQ(s.verdict, Separation::Verdict::separable);
    Random random(seed, 1);
    for (int trial = 0; trial < 300; ++trial) {
      std::vector<double> w = s.weights;
      w.push_back(s.bias);
      double square = 0;
      for (double& value : w) {
        value += std::pow(10.0, -1 - trial % 5) * static_cast<double>(random.normal());
        square += value * value;
      }
      double least = std::numeric_limits<double>::infinity();
      for (std::int64_t i = 0; i < data.count(); ++i) {
        double sum = w[3];
        for (std::size_t j = 0; j < 3; ++j) sum += w[j] * static_cast<double>(data.x().row(i)[j]);
        least = std::min(least, sum * (data.labels[static_cast<std::size_t>(i)] == 1 ? 1 : -1));
      }
      ASSERT_LE(least / std::sqrt(square), s.margin * (1 + 1e-6));
    }
  }
}

TEST(Separability, FindsTheSameSampleInBothClasses) {
  Labelled data = testing::random_classes(50, 4, 0.2, 3);
  const std::vector<float> twin(data.x().row(17), data.x().row(17) + 4);
  data.add(twin, 1 - data.labels[17]);
  const Separation s = separate(data.x(), data.labels, 1);
  ASSERT_EQ(s.verdict, Separation::Verdict::inseparable);
  expect_proof(s, data, 1);
}

TEST(Separability, WithoutBiasAsksForHyperplanesThroughZero) {
  const Labelled data = points({{{1, 1}, 1}, {{2, 2}, 0}});
  EXPECT_EQ(separate(data.x(), data.labels, 1).verdict, Separation::Verdict::separable);
  EXPECT_EQ(separate(data.x(), data.labels, 1, {.bias = false}).verdict, Separation::Verdict::inseparable);
}

TEST(Separability, IsLeftOpenWhenWorkRunsOut) {
  const Labelled data = testing::random_classes(400, 20, -1, 5);
  EXPECT_EQ(separate(data.x(), data.labels, 1, {.most_work = 1}).verdict, Separation::Verdict::open);
}

TEST(Separability, RefusesOneClass) {
  const Labelled data = points({{{1, 1}, 1}, {{2, 2}, 1}});
  EXPECT_THROW(separate(data.x(), data.labels, 1), DataError);
  EXPECT_THROW(separate(data.x(), std::span(data.labels).first(1), 1), ShapeError);
}

TEST(Perceptron, StaysWithinNovikoffsBound) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const Labelled data = testing::random_classes(100, 2 + static_cast<std::int64_t>(seed % 4), 0.05, seed);
    Perceptron neuron({.learning_rate = 0.5 + static_cast<double>(seed), .max_epochs = 100000, .seed = seed});
    neuron.fit(data.x(), data.labels);
    ASSERT_TRUE(neuron.finished());
    EXPECT_EQ(neuron.predict(data.x()), data.labels);
    ASSERT_EQ(neuron.separations().size(), 1U);
    const Separation& s = neuron.separations()[0];
    ASSERT_EQ(s.verdict, Separation::Verdict::separable);
    expect_proof(s, data, 1);
    EXPECT_GT(neuron.mistakes()[0], 0);
    EXPECT_LE(static_cast<double>(neuron.mistakes()[0]), s.novikoff_bound());
    EXPECT_NE(neuron.report().find("none in the last epoch; separable"), std::string::npos);
  }
}

TEST(Perceptron, EndsWithAProofWhereClassesCannotBeSeparated) {
  const Labelled data = exclusive_or();
  Perceptron neuron;
  neuron.fit(data.x(), data.labels);
  EXPECT_TRUE(neuron.finished());
  EXPECT_EQ(neuron.epochs(), 10);
  expect_proof(neuron.separations().at(0), data, 1);
  EXPECT_NE(neuron.report().find("not separable"), std::string::npos);
}

TEST(Perceptron, OfIrisSeparatesSetosaAlone) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  const Labelled iris = testing::golden_data(golden, "iris");
  Perceptron neuron({.max_epochs = 200});
  neuron.fit(iris.x(), iris.labels);
  ASSERT_EQ(neuron.separations().size(), 3U);
  for (std::int32_t c = 0; c < 3; ++c) {
    expect_proof(neuron.separations()[static_cast<std::size_t>(c)], iris, c);
    const auto wanted = c == 0 ? Separation::Verdict::separable : Separation::Verdict::inseparable;
    EXPECT_EQ(neuron.separations()[static_cast<std::size_t>(c)].verdict, wanted);
  }
  const std::vector<std::string> names = {"setosa", "versicolor", "virginica"};
  EXPECT_NE(neuron.report(names).find("setosa: "), std::string::npos);
}

TEST(Perceptron, TogetherLearnsWhatIsSeparableByClasses) {
  Labelled data;
  Random random(3, 3);
  for (int i = 0; i < 90; ++i) {  // the middle class lies between two others
    const float at = static_cast<float>(i % 3) * 3;
    data.add({at + random.uniform(), random.uniform()}, i % 3);
  }
  Perceptron alone({.max_epochs = 300});
  alone.fit(data.x(), data.labels);
  EXPECT_EQ(alone.separations().at(1).verdict, Separation::Verdict::inseparable);
  Perceptron together({.max_epochs = 3000, .multiclass = neurons::Multiclass::together});
  together.fit(data.x(), data.labels);
  EXPECT_TRUE(together.finished());
  EXPECT_EQ(together.predict(data.x()), data.labels);
}

TEST(Perceptron, GoesOnAsIfItHadNotStopped) {
  const Labelled data = testing::random_classes(80, 5, -1, 2);
  Perceptron whole({.check_after = 0});
  for (int i = 0; i < 6; ++i) whole.partial_fit(data.x(), data.labels);
  Perceptron first({.check_after = 0});
  for (int i = 0; i < 3; ++i) first.partial_fit(data.x(), data.labels);
  Perceptron second({.check_after = 0});
  second.set_state(5, 2, 3, first.state());
  for (int i = 0; i < 3; ++i) second.partial_fit(data.x(), data.labels);
  EXPECT_EQ(second.model().weights, whole.model().weights);
  EXPECT_EQ(second.state(), whole.state());
  std::vector<double> broken = first.state();
  broken.pop_back();
  EXPECT_THROW(second.set_state(5, 2, 3, broken), FormatError);
  broken = first.state();
  broken[5] = -1;
  EXPECT_THROW(second.set_state(5, 2, 3, broken), FormatError);
}

TEST(Perceptron, DoesNotDependOnThreads) {
  Labelled data = testing::random_classes(300, 40, -1, 4);
  for (std::size_t i = 0; i < data.labels.size(); ++i) data.labels[i] = static_cast<std::int32_t>(i % 12);
  std::vector<std::vector<double>> found;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    Perceptron neuron({.max_epochs = 3, .check_after = 0});
    neuron.fit(data.x(), data.labels);
    found.push_back(neuron.state());
  }
  set_threads(2);
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(found[0], found[2]);
}

TEST(Perceptron, IsANetworkOfOneDenseLayer) {
  const Labelled data = testing::random_classes(60, 4, 0.1, 6);
  Perceptron neuron;
  neuron.fit(data.x(), data.labels);
  const Sequential network = neuron.network();
  EXPECT_EQ(network.to_string(), "dense(1)");
  const std::vector<double> scores = neuron.decision_function(data.x());
  const std::vector<double> outputs = network(Tensor::from(data.values, {60, 4})).to_vector();
  testing::expect_near(outputs, scores, 1e-4);
  EXPECT_EQ(neuron.network({2, 2, 1}).input_shape(), Shape({2, 2, 1}));
  EXPECT_THROW(neuron.network({5}), ShapeError);
  EXPECT_THROW(Perceptron().network(), Error);
}

TEST(Perceptron, RefusesWhatCannotBe) {
  const Labelled data = points({{{1, 1}, 1}, {{2, 3}, 0}});
  Perceptron neuron;
  const auto message = [&](const Labelled& given) {
    try {
      neuron.fit(given.x(), given.labels);
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message(points({{{1, 1}, 1}, {{2, 3}, 1}})),
            "all 2 samples are of class 1: there is nothing to tell apart");
  EXPECT_NE(message(points({{{1, 1}, 1}, {{2, NAN}, 0}})).find("sample 1, feature 1"), std::string::npos);
  EXPECT_NE(message(points({{{1, 1}, 1}, {{2, 3}, -4}})).find("label -4"), std::string::npos);
  EXPECT_NE(message(Labelled()).find("no sample"), std::string::npos);
  EXPECT_THROW(neuron.predict(data.x()), Error);
  neuron.fit(data.x(), data.labels);
  EXPECT_THROW(neuron.predict({data.values, 1}), ShapeError);
  EXPECT_THROW(neuron.partial_fit({data.values, 1}, std::vector<std::int32_t>(4)), ShapeError);
  EXPECT_THROW(neuron.partial_fit(data.x(), std::vector<std::int32_t>{0, 2}), DataError);
  EXPECT_THROW(neuron.fit(data.x(), std::vector<std::int32_t>{0}), ShapeError);
  EXPECT_THROW(neurons::Samples(data.values, 3), ShapeError);
  EXPECT_THROW(Perceptron({.learning_rate = -1}), ConfigError);
  EXPECT_THROW(Perceptron({.penalty = {.l1 = -0.1}}), ConfigError);
  EXPECT_THROW(Perceptron({.penalty = {.l2 = NAN}}), ConfigError);
  EXPECT_THROW(Perceptron({.max_epochs = 0}), ConfigError);
  EXPECT_THROW(Perceptron({.classes = 1}), ConfigError);
}

TEST(Perceptron, TakesConstantFeaturesAndSamplesOfBothClasses) {
  Labelled data = points({{{1, 7}, 1}, {{3, 7}, 0}, {{2, 7}, 1}, {{4, 7}, 0}});
  Perceptron neuron;
  neuron.fit(data.x(), data.labels);
  EXPECT_EQ(neuron.predict(data.x()), data.labels);
  data.add({1, 7}, 0);
  neuron.fit(data.x(), data.labels);
  EXPECT_EQ(neuron.separations().at(0).verdict, Separation::Verdict::inseparable);
  expect_proof(neuron.separations().at(0), data, 1);
}

TEST(Descriptions, AreReadAndWritten) {
  for (const char* text : {"perceptron", "perceptron(multiclass=together, bias=false)"})
    EXPECT_EQ(neurons::parse_neuron(text)->describe(), text);
  EXPECT_TRUE(neurons::is_neuron(" perceptron (bias=false)"));
  EXPECT_FALSE(neurons::is_neuron("dense(3)"));
  EXPECT_FALSE(neurons::is_neuron(""));
  EXPECT_THROW(neurons::parse_neuron("perceptron(margn=1)"), ConfigError);
  EXPECT_THROW(neurons::parse_neuron("perceptron(multiclass=both)"), ConfigError);
  EXPECT_THROW(neurons::parse_neuron("perceptron dense(3)"), ConfigError);
  try {
    neurons::parse_neuron("perceptrn");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'perceptron'"), std::string::npos);
  }
}

}  // namespace
}  // namespace hebb
