#include "hebb/regression.hpp"

#include <algorithm>

#include "hebb/error.hpp"
#include "hebb/threads.hpp"
#include "neurons/helpers.hpp"

namespace hebb {
namespace {

using neurons::BatchOptions;
using neurons::LinearPredictor;
using neurons::LinearRegression;
using neurons::LogisticRegression;
using neurons::Multiclass;
using neurons::Samples;
using neurons::Solver;
using testing::Golden;
using testing::Labelled;

TEST(LinearPredictor, CorrectsItsSlopeByTheError) {
  LinearPredictor neuron(0.5, 0.25);
  const LinearPredictor::Correction first = neuron.learn(3, 1.1);
  EXPECT_DOUBLE_EQ(first.prediction, 0.75);
  EXPECT_NEAR(first.error, 0.35, 1e-15);
  EXPECT_NEAR(first.change, 0.5 * 0.35 / 3, 1e-15);
  EXPECT_NEAR(neuron.predict(3), 0.75 + 0.5 * 0.35, 1e-15);  // half of the error is gone
  EXPECT_EQ(neuron.learn(0, 5).change, 0);
  const std::vector<float> x = {1, 2, 4};
  const std::vector<float> y = {2, 4, 8};
  neuron.fit(x, y, 30);
  EXPECT_NEAR(neuron.slope(), 2, 1e-12);
  EXPECT_THROW(neuron.learn(NAN, 1), DataError);
  EXPECT_THROW(neuron.partial_fit(x, std::span(y).first(1)), ShapeError);
  EXPECT_THROW(LinearPredictor(2), ConfigError);
  EXPECT_THROW(LinearPredictor(0), ConfigError);
}

// ---- least squares

struct Values {
  std::vector<float> inputs = {};
  std::vector<float> targets = {};
  std::int64_t features = 1;
  Samples x() const { return {inputs, features}; }
};

/// The last column as the target of the others.
Values last_column(const Golden& golden, const std::string& set) {
  const Labelled data = testing::golden_data(golden, set);
  Values values{.features = data.features - 1};
  for (std::int64_t i = 0; i < data.count(); ++i) {
    values.inputs.insert(values.inputs.end(), data.x().row(i), data.x().row(i) + values.features);
    values.targets.push_back(data.x().row(i)[values.features]);
  }
  return values;
}

std::vector<double> all_of(const neurons::LinearModel& model) {
  std::vector<double> all = model.weights;
  all.insert(all.end(), model.bias.begin(), model.bias.end());
  return all;
}

TEST(LinearRegression, AgreesWithScikitLearn) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  for (const std::string set : {"iris", "moons"}) {
    SCOPED_TRACE(set);
    const Values data = last_column(golden, set);
    const auto expect = [&](const std::string& name, BatchOptions options, double tolerance) {
      SCOPED_TRACE(name);
      LinearRegression regression(options);
      regression.fit(data.x(), data.targets);
      EXPECT_TRUE(regression.converged());
      testing::expect_near(all_of(regression.model()), testing::find(golden, set + " " + name), tolerance);
    };
    expect("least_squares", {}, 1e-9);
    expect("ridge l2=0.05", {.penalty = {.l2 = 0.05}}, 1e-9);
    expect("least_squares", {.solver = Solver::lbfgs, .max_epochs = 200}, 1e-4);
    expect("least_squares", {.solver = Solver::proximal, .max_epochs = 5000}, 1e-3);
    expect("lasso l1=0.1", {.penalty = {.l1 = 0.1}, .max_epochs = 5000}, 1e-4);
  }
}

TEST(LinearRegression, LassoMakesWeightsExactlyZero) {
  // y depends on the first two of ten inputs.
  Random random(1, 1);
  Values data{.features = 10};
  for (int i = 0; i < 200; ++i) {
    for (int j = 0; j < 10; ++j) data.inputs.push_back(random.normal());
    const float* x = data.inputs.data() + i * 10;
    data.targets.push_back(3 * x[0] - 2 * x[1] + 0.1F * random.normal() + 1);
  }
  std::size_t before = 0;
  for (const double l1 : {8.0, 4.5, 1.0, 0.0}) {  // 2 |cov| of the strongest input is 6
    LinearRegression lasso({.solver = Solver::proximal, .penalty = {.l1 = l1}, .max_epochs = 2000});
    lasso.fit(data.x(), data.targets);
    const auto& w = lasso.model().weights;
    const auto used =
        static_cast<std::size_t>(std::count_if(w.begin(), w.end(), [](double v) { return v != 0; }));
    EXPECT_GE(used, before) << l1;
    EXPECT_EQ(used, l1 == 8.0 ? 0U : l1 == 4.5 ? 1U : l1 == 1.0 ? 2U : 10U) << l1;
    before = used;
  }
}

TEST(LinearRegression, TakesConstantAndRepeatedInputs) {
  Values data{.features = 4};
  for (int i = 0; i < 20; ++i) {
    const auto v = static_cast<float>(i);
    data.inputs.insert(data.inputs.end(), {v, 7, v, v * v});  // a constant, and one twice
    data.targets.push_back(3 + 2 * v - 0.5F * v * v);
  }
  LinearRegression regression;
  regression.fit(data.x(), data.targets);
  const std::vector<double> found = regression.predict(data.x());
  testing::expect_near(found, {data.targets.begin(), data.targets.end()}, 1e-6);
  EXPECT_EQ(regression.model().weights[1], 0);
  EXPECT_EQ(regression.model().weights[2], 0);
}

TEST(LinearRegression, RefusesWhatCannotBe) {
  LinearRegression regression;
  const std::vector<float> x = {1, 2};
  EXPECT_THROW(regression.predict({x, 1}), Error);
  EXPECT_THROW(regression.fit({x, 1}, std::vector<float>{1}), ShapeError);
  EXPECT_THROW(regression.fit({x, 1}, std::vector<float>{1, NAN}), DataError);
  EXPECT_THROW(regression.fit({{}, 1}, {}), DataError);
  EXPECT_THROW(LinearRegression({.penalty = {.l2 = -1}}), ConfigError);
  EXPECT_THROW(LinearRegression({.solver = Solver::newton, .penalty = {.l1 = 1}}), ConfigError);
  EXPECT_THROW(LinearRegression({.learning_rate = 0}), ConfigError);
  const std::vector<float> wide(5000);
  EXPECT_THROW(regression.fit({wide, 5000}, std::vector<float>{1}), ConfigError);
  LinearRegression fast({.solver = Solver::gradient_descent, .learning_rate = 1e30, .max_epochs = 50});
  EXPECT_THROW(fast.fit({x, 1}, std::vector<float>{1, 3}), DivergedError);
}

// ---- logistic regression

TEST(LogisticRegression, AgreesWithScikitLearn) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  for (const std::string set : {"iris", "moons"}) {
    const Labelled data = testing::golden_data(golden, set);
    for (const std::string l2 : {"0.0001", "0.01"}) {
      const std::string name = set + " logistic l2=" + l2 + " ";
      SCOPED_TRACE(name);
      const auto expect = [&](BatchOptions options, double tolerance) {
        options.penalty.l2 = std::stod(l2);
        LogisticRegression neuron(options);
        neuron.fit(data.x(), data.labels);
        EXPECT_TRUE(neuron.finished()) << neuron.report();
        testing::expect_near(neuron.model().weights, testing::find(golden, name + "weights"), tolerance);
        // The same added to all biases changes no probability.
        std::vector<double> bias = neuron.model().bias;
        std::vector<double> wanted = testing::find(golden, name + "bias");
        for (std::vector<double>* b : {&bias, &wanted}) {
          if (b->size() == 1) continue;
          const double first = b->front();
          for (double& value : *b) value -= first;
        }
        testing::expect_near(bias, wanted, tolerance);
      };
      expect({.solver = Solver::newton, .tolerance = 1e-11}, 1e-7);
      const double coarse = l2 == "0.01" ? 2e-3 : 2e-2;  // float32 in the gradient, over the least curvature
      expect({.solver = Solver::lbfgs, .max_epochs = 300, .tolerance = 2e-6}, coarse);
      if (l2 == "0.01") expect({.solver = Solver::proximal, .max_epochs = 3000, .tolerance = 1e-5}, 5e-3);
    }
  }
}

TEST(LogisticRegression, OneVersusRestIsEachClassByItself) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  const Labelled data = testing::golden_data(golden, "iris");
  const BatchOptions options{.solver = Solver::newton,
                             .penalty = {.l2 = 1e-3},
                             .tolerance = 1e-11,
                             .multiclass = Multiclass::one_vs_rest};
  LogisticRegression all(options);
  all.fit(data.x(), data.labels);
  for (std::int32_t c = 0; c < 3; ++c) {
    std::vector<std::int32_t> own;
    for (const std::int32_t label : data.labels) own.push_back(label == c ? 1 : 0);
    LogisticRegression one(options);
    one.fit(data.x(), own);
    const auto begin = all.model().weights.begin() + 4 * c;
    testing::expect_near({begin, begin + 4}, one.model().weights, 1e-8);
  }
  EXPECT_EQ(all.loss().name(), "binary_cross_entropy");
}

TEST(LogisticRegression, GradientDescentGoesDown) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  const Labelled data = testing::golden_data(golden, "iris");
  LogisticRegression neuron({.solver = Solver::gradient_descent, .learning_rate = 0.05});
  double last = 1e9;
  for (int i = 0; i < 50; ++i) {
    neuron.partial_fit(data.x(), data.labels);
    EXPECT_LT(neuron.last_epoch().loss, last);
    last = neuron.last_epoch().loss;
  }
  EXPECT_LT(last, std::log(3.0) / 2);
}

TEST(LogisticRegression, L1MakesWeightsExactlyZero) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  const Labelled data = testing::golden_data(golden, "iris");
  std::int64_t zeros = 0;
  for (const double l1 : {0.0, 0.05, 0.2, 5.0}) {
    LogisticRegression neuron({.solver = Solver::proximal, .penalty = {.l1 = l1}, .max_epochs = 2000});
    neuron.fit(data.x(), data.labels);
    const auto& w = neuron.model().weights;
    const std::int64_t found = std::count(w.begin(), w.end(), 0.0);
    EXPECT_GE(found, zeros);
    zeros = found;
    if (l1 == 0.2) {
      EXPECT_GT(found, 3);
      EXPECT_LT(found, 12);
    }
  }
  EXPECT_EQ(zeros, 12);
}

TEST(LogisticRegression, GoesOnAsIfItHadNotStopped) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  const Labelled data = testing::golden_data(golden, "iris");
  for (const Solver solver : {Solver::gradient_descent, Solver::newton, Solver::lbfgs, Solver::proximal}) {
    SCOPED_TRACE(to_string(solver));
    const BatchOptions options{.solver = solver, .penalty = {.l2 = 1e-3}};
    LogisticRegression whole(options);
    LogisticRegression first(options);
    for (int i = 0; i < 6; ++i) whole.partial_fit(data.x(), data.labels);
    for (int i = 0; i < 3; ++i) first.partial_fit(data.x(), data.labels);
    LogisticRegression second(options);
    second.set_state(4, 3, 3, first.state());
    for (int i = 0; i < 3; ++i) second.partial_fit(data.x(), data.labels);
    EXPECT_EQ(second.state(), whole.state());
    std::vector<double> broken = first.state();
    for (const std::size_t at : {std::size_t{3}, broken.size() - 1}) {
      std::vector<double> shorter(broken.begin(), broken.begin() + static_cast<std::ptrdiff_t>(at));
      EXPECT_THROW(second.set_state(4, 3, 3, shorter), FormatError);
    }
    broken[3] = 1e18;
    EXPECT_THROW(second.set_state(4, 3, 3, broken), FormatError);
  }
}

TEST(LogisticRegression, DoesNotDependOnThreads) {
  Labelled data = testing::random_classes(3000, 20, -1, 4);
  for (std::size_t i = 0; i < data.labels.size(); ++i) data.labels[i] = static_cast<std::int32_t>(i % 7);
  for (const Solver solver : {Solver::newton, Solver::lbfgs, Solver::proximal}) {
    std::vector<std::vector<double>> found;
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      LogisticRegression neuron({.solver = solver, .max_epochs = 4});
      neuron.fit(data.x(), data.labels);
      found.push_back(neuron.state());
    }
    set_threads(2);
    EXPECT_EQ(found[0], found[1]);
    EXPECT_EQ(found[0], found[2]);
  }
}

TEST(LogisticRegression, TellsProbabilities) {
  const Golden golden = testing::read_golden("neurons/golden/linear.txt");
  for (const std::string set : {"iris", "moons"}) {
    const Labelled data = testing::golden_data(golden, set);
    LogisticRegression neuron({.solver = Solver::newton, .penalty = {.l2 = 1e-3}});
    neuron.fit(data.x(), data.labels);
    const std::vector<double> p = neuron.predict_proba(data.x());
    const auto width = static_cast<std::size_t>(neuron.classes());
    const Tensor outputs = neuron.network()(Tensor::from(data.values, {data.count(), data.features}));
    const std::vector<double> wanted = neuron.loss().probabilities(outputs).to_vector();
    for (std::size_t i = 0; i < data.labels.size(); ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < width; ++c) sum += p[i * width + c];
      ASSERT_NEAR(sum, 1, 1e-12);
      ASSERT_NEAR(p[i * width + 1], set == "iris" ? wanted[i * width + 1] : wanted[i], 1e-5);
    }
  }
}

TEST(LogisticRegression, EndsOnClassesThatAPlaneSeparates) {
  // Without a penalty the weights grow without end; the loss falls towards zero, and the method ends.
  const Labelled data = testing::random_classes(60, 3, 0.2, 2);
  for (const Solver solver : {Solver::newton, Solver::lbfgs}) {
    LogisticRegression neuron({.solver = solver});
    neuron.fit(data.x(), data.labels);
    EXPECT_EQ(neuron.predict(data.x()), data.labels);
    EXPECT_LT(neuron.last_epoch().loss, 1e-3);
  }
}

TEST(LogisticRegression, RefusesWhatCannotBe) {
  EXPECT_THROW(LogisticRegression({.solver = Solver::lbfgs, .penalty = {.l1 = 0.1}}), ConfigError);
  EXPECT_THROW(LogisticRegression({.penalty = {.l2 = NAN}}), ConfigError);
  EXPECT_THROW(LogisticRegression({.tolerance = -1}), ConfigError);
  EXPECT_THROW(neurons::parse_solver("newtn"), ConfigError);
  EXPECT_EQ(neurons::parse_neuron("logistic")->describe(), "logistic(solver=lbfgs)");
  const char* full = "logistic(solver=newton, multiclass=one_vs_rest, bias=false)";
  EXPECT_EQ(neurons::parse_neuron(full)->describe(), full);
  const Labelled data = testing::random_classes(10, 3, 0.2, 2);
  LogisticRegression neuron;
  EXPECT_THROW(neuron.fit(data.x(), std::vector<std::int32_t>(10, 1)), DataError);
  EXPECT_THROW(neuron.decision_function(data.x()), Error);
}

}  // namespace
}  // namespace hebb
