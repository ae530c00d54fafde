// Perceptrons in other forms: dual, voted, and networks of step units.
#include <algorithm>
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/kernel_perceptron.hpp"
#include "hebb/madaline.hpp"
#include "hebb/threads.hpp"
#include "neurons/helpers.hpp"

namespace hebb {
namespace {

using neurons::Kernel;
using neurons::KernelPerceptron;
using neurons::Madaline;
using neurons::VotedPerceptron;
using testing::Golden;
using testing::Labelled;

Labelled parity(int bits) {
  Labelled data{.values = {}, .features = bits, .labels = {}};
  for (int i = 0; i < 1 << bits; ++i) {
    std::vector<float> x;
    int sum = 0;
    for (int b = 0; b < bits; ++b) {
      x.push_back((i >> b & 1) == 1 ? 1 : -1);
      sum += i >> b & 1;
    }
    data.add(x, sum % 2);
  }
  return data;
}

TEST(KernelPerceptron, WithTheLinearKernelIsThePerceptron) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  for (const std::string set : {"iris", "moons"}) {
    const Labelled data = testing::golden_data(golden, set);
    const neurons::OnlineOptions options{.learning_rate = 0.5, .max_epochs = 6, .check_after = 0};
    neurons::Perceptron primal(options);
    KernelPerceptron dual({}, options);
    primal.fit(data.x(), data.labels);
    dual.fit(data.x(), data.labels);
    EXPECT_EQ(dual.mistakes(), primal.mistakes());
    testing::expect_near(dual.decision_function(data.x()), primal.decision_function(data.x()), 1e-9);
    const Tensor outputs = dual.network()(Tensor::from(data.values, {data.count(), data.features}));
    testing::expect_near(outputs.to_vector(), primal.decision_function(data.x()), 1e-3);
    // Scores by the definition.
    const neurons::Samples support = dual.support();
    double s = 0;
    const neurons::DualOutput& output = dual.dual()[0];
    for (std::size_t k = 0; k < output.samples.size(); ++k)
      s += output.coefficients[k] *
           (Kernel()(support.row(output.samples[k]), data.x().row(3), data.features) + 1);
    EXPECT_NEAR(s, dual.decision_function(data.x())[3 * static_cast<std::size_t>(dual.outputs())], 1e-9);
  }
}

TEST(KernelPerceptron, SeparatesWhatNoPlaneDoes) {
  const Labelled four = parity(2);
  KernelPerceptron squared({.kind = Kernel::Kind::polynomial});
  squared.fit(four.x(), four.labels);
  EXPECT_TRUE(squared.finished());
  EXPECT_EQ(squared.predict(four.x()), four.labels);
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  const Labelled moons = testing::golden_data(golden, "moons");
  KernelPerceptron gaussian({.kind = Kernel::Kind::gaussian, .gamma = 20});
  gaussian.fit(moons.x(), moons.labels);
  EXPECT_TRUE(gaussian.finished());
  EXPECT_EQ(gaussian.predict(moons.x()), moons.labels);
  EXPECT_NE(gaussian.report().find("samples kept"), std::string::npos);
  EXPECT_THROW(gaussian.network(), ConfigError);
}

TEST(KernelPerceptron, KeepsEachSampleOnce) {
  const Labelled data = testing::random_classes(30, 2, -1, 1);
  KernelPerceptron neuron({}, {.max_epochs = 20});
  neuron.fit(data.x(), data.labels);
  EXPECT_LE(neuron.support().count(), 30);
  EXPECT_GT(neuron.mistakes()[0], 30);
}

TEST(VotedPerceptron, CountsVotesByHand) {
  Labelled data{.values = {}, .features = 1, .labels = {}};
  data.add({1}, 1);   // a mistake of zero weights: w = 1, b = 1, one vote
  data.add({2}, 1);   // right: two votes
  data.add({-1}, 0);  // s = 0, a mistake: w = 2, b = 0
  VotedPerceptron neuron({.shuffle = false});
  neuron.partial_fit(data.x(), data.labels);
  const auto& voters = neuron.voters(0);
  ASSERT_EQ(voters.size(), 3U);
  EXPECT_EQ(voters[0].votes, 0);
  EXPECT_EQ(voters[1].votes, 2);
  EXPECT_EQ(voters[2].votes, 1);
  EXPECT_EQ(voters[2].weights[0], 2);
  EXPECT_EQ(voters[2].bias, 0);
  const std::vector<float> at = {-0.5F, -3};  // the second voter is for it, then against
  testing::expect_near(neuron.decision_function({at, 1}), {1.0 / 3, -1}, 1e-15);
}

TEST(VotedPerceptron, IsANetworkOfStepUnits) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  for (const std::string set : {"iris", "moons"}) {
    const Labelled data = testing::golden_data(golden, set);
    VotedPerceptron neuron({.max_epochs = 3});
    neuron.fit(data.x(), data.labels);
    const Sequential network = neuron.network();
    EXPECT_NE(network.to_string().find("act=sign"), std::string::npos);
    const Tensor outputs = network(Tensor::from(data.values, {data.count(), data.features}));
    testing::expect_near(outputs.to_vector(), neuron.decision_function(data.x()), 0.02);  // ties in float32
    EXPECT_NE(neuron.report().find("voters"), std::string::npos);
  }
}

TEST(Madaline, LearnsParity) {
  for (const auto& [bits, hidden, wanted] : {std::tuple(2, 8, 18), std::tuple(3, 10, 15)}) {
    const Labelled data = parity(bits);
    int solved = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Madaline network({.hidden = hidden, .max_epochs = 2000, .seed = seed});
      network.fit(data.x(), data.labels);
      if (!network.finished()) continue;
      ++solved;
      EXPECT_EQ(network.predict(data.x()), data.labels);
    }
    EXPECT_GE(solved, wanted) << bits << " bits";
  }
}

TEST(Madaline, TurnsOverTheUnitNearestToItsThreshold) {
  // Of two hidden units, either of which would turn the output over, the one with the smaller sum learns.
  Madaline network({.hidden = 2, .learning_rate = 1, .shuffle = false});
  network.set_state(1, 2, 0, std::vector<double>{0, 0, 0.3, 0.1, 0, 0, 1, 1, 0.5});
  const std::vector<float> x = {1};
  network.partial_fit({x, 1}, std::vector<std::int32_t>{0});  // outputs 2.5; with one turn 0.5: still wrong
  EXPECT_EQ(network.hidden().weights, (std::vector<double>{0.3, 0.1}));
  EXPECT_LT(network.output().bias[0], 0.5);
  network.set_state(1, 2, 0, std::vector<double>{0, 0, 0.3, 0.1, 0, 0, 1, 1, -0.5});
  network.partial_fit({x, 1}, std::vector<std::int32_t>{0});  // 1.5; with one turn -0.5: right
  EXPECT_EQ(network.hidden().weights[0], 0.3);
  EXPECT_NEAR(network.hidden().weights[1] + network.hidden().bias[1], -1, 1e-12);
  EXPECT_EQ(network.output().bias[0], -0.5);
}

TEST(Madaline, IsANetworkOfStepUnits) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  const Labelled data = testing::golden_data(golden, "iris");
  Madaline neuron({.hidden = 6, .max_epochs = 30});
  neuron.fit(data.x(), data.labels);
  EXPECT_EQ(neuron.network().to_string(), "dense(6, act=sign) dense(3)");
  const Tensor outputs = neuron.network()(Tensor::from(data.values, {data.count(), data.features}));
  testing::expect_near(outputs.to_vector(), neuron.decision_function(data.x()), 1e-4);
}

TEST(OtherForms, GoOnAsIfTheyHadNotStopped) {
  const Labelled data = testing::random_classes(60, 4, -1, 2);
  const auto expect = [&](const auto& make) {
    auto whole = make();
    auto first = make();
    auto second = make();
    for (int i = 0; i < 5; ++i) whole.partial_fit(data.x(), data.labels);
    for (int i = 0; i < 2; ++i) first.partial_fit(data.x(), data.labels);
    second.set_state(4, 2, 2, first.state());
    for (int i = 0; i < 3; ++i) second.partial_fit(data.x(), data.labels);
    EXPECT_EQ(second.state(), whole.state());
    std::vector<double> broken = first.state();
    broken.pop_back();
    EXPECT_THROW(second.set_state(4, 2, 2, broken), FormatError);
    EXPECT_THROW(second.set_state(4, 2, 2, std::vector<double>{1e15, 3, -1}), FormatError);
  };
  expect([] { return KernelPerceptron({.kind = Kernel::Kind::gaussian}); });
  expect([] { return VotedPerceptron(); });
  expect([] { return Madaline(); });
}

TEST(OtherForms, DoNotDependOnThreads) {
  Labelled data = testing::random_classes(200, 8, -1, 4);
  for (std::size_t i = 0; i < data.labels.size(); ++i) data.labels[i] = static_cast<std::int32_t>(i % 4);
  std::vector<std::vector<double>> found;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    KernelPerceptron kernel({.kind = Kernel::Kind::gaussian}, {.max_epochs = 3});
    VotedPerceptron voted({.max_epochs = 3});
    kernel.fit(data.x(), data.labels);
    voted.fit(data.x(), data.labels);
    found.push_back(kernel.decision_function(data.x()));
    const std::vector<double> votes = voted.decision_function(data.x());
    found.back().insert(found.back().end(), votes.begin(), votes.end());
  }
  set_threads(2);
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(found[0], found[2]);
}

TEST(OtherForms, RefuseWhatCannotBe) {
  EXPECT_THROW(KernelPerceptron({.gamma = 0}), ConfigError);
  EXPECT_THROW(KernelPerceptron({.degree = 0}), ConfigError);
  EXPECT_THROW(KernelPerceptron({}, {.penalty = {.l2 = 1}}), ConfigError);
  EXPECT_THROW(VotedPerceptron({.multiclass = neurons::Multiclass::together}), ConfigError);
  EXPECT_THROW(Madaline({.hidden = 0}), ConfigError);
  EXPECT_THROW(Madaline({.learning_rate = 1.5}), ConfigError);
  EXPECT_EQ(neurons::parse_neuron("madaline(5)")->describe(), "madaline(5)");
  EXPECT_THROW(neurons::parse_neuron("madaline(0)"), ConfigError);
  const Labelled data = testing::random_classes(10, 3, 0.2, 2);
  VotedPerceptron neuron;
  EXPECT_THROW(neuron.fit(data.x(), std::vector<std::int32_t>(10, 1)), DataError);
  EXPECT_THROW(neuron.predict(data.x()), Error);
}

}  // namespace
}  // namespace hebb
