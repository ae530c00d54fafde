#include "hebb/explain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "hebb/datasets.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/training_step.hpp"

namespace hebb {
namespace {

constexpr double kMostDisagreement = 1e-4;

/// Samples of normal values; labels of `classes`, or as many normal values where that is 0.
ArrayDataset normal_data(const Shape& sample, std::int64_t count, std::int64_t classes,
                         std::int64_t outputs) {
  Random random(7, 0);
  const auto normal = [&](const Shape& shape) {
    return Tensor::make<float>(shape, [&](float* out) {
      for (std::int64_t i = 0; i < shape.elements(); ++i) out[i] = static_cast<float>(random.normal());
    });
  };
  std::vector<std::int64_t> extents = {count};
  extents.insert(extents.end(), sample.extents().begin(), sample.extents().end());
  const Tensor inputs = normal(Shape(extents));
  if (classes == 0) return ArrayDataset({.inputs = inputs, .targets = normal({count, outputs})});
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  return ArrayDataset({.inputs = inputs,
                       .targets = Tensor::from(std::span<const std::int32_t>(labels), {count}),
                       .classes = classes});
}

/// The numbers 0, 1, 2, 3, each its own class but the last.
ArrayDataset whole_numbers() {
  return ArrayDataset({.inputs = Tensor::rows({{0}, {1}, {2}, {3}}),
                       .targets = Tensor::from(std::vector<std::int32_t>{0, 1, 2, 0}, {4}),
                       .classes = 3});
}

Sequential built(const std::string& description, const Shape& input) {
  Sequential model = Sequential::parse(description);
  model.build(input, 3);
  return model;
}

const ExplainedValue& value_of(const Explanation& e, const std::string& name) {
  for (const ExplainedValue& value : e.values) {
    if (value.name == name) return value;
  }
  ADD_FAILURE() << "no value is named " << name;
  static const ExplainedValue none;
  return none;
}

const Tensor& update_of(const Explanation& e, const std::string& name) {
  for (const ExplainedLayer& layer : e.layers) {
    for (const ExplainedParameter& p : layer.parameters) {
      if (p.name == name) return p.update;
    }
  }
  ADD_FAILURE() << "no parameter is named " << name;
  static const Tensor none;
  return none;
}

void expect_near(const Tensor& got, const double* want, std::size_t size, double tolerance,
                 const char* what) {
  const std::vector<double> values = got.to_vector();
  ASSERT_EQ(values.size(), size) << what;
  for (std::size_t i = 0; i < size; ++i)
    EXPECT_NEAR(values[i], want[i], tolerance * (1 + std::abs(want[i]))) << what << ", element " << i;
}

/// The two-layer network of four hidden units, written out: X W1 -> sigmoid -> W2 -> sigmoid, sum of squares.
struct TwoLayers {
  static constexpr double kX[4][3] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}};
  static constexpr double kT[4] = {0, 1, 1, 0};
  double w1[3][4], w2[4];
  double z1[4][4], h[4][4], z2[4], y[4], loss;
  double dz2[4], dw2[4], dh[4][4], dz1[4][4], dw1[3][4], dx[4][3];

  static double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

  void forward() {
    loss = 0;
    for (int n = 0; n < 4; ++n) {
      z2[n] = 0;
      for (int j = 0; j < 4; ++j) {
        z1[n][j] = 0;
        for (int i = 0; i < 3; ++i) z1[n][j] += kX[n][i] * w1[i][j];
        h[n][j] = sigmoid(z1[n][j]);
        z2[n] += h[n][j] * w2[j];
      }
      y[n] = sigmoid(z2[n]);
      loss += (y[n] - kT[n]) * (y[n] - kT[n]);
    }
  }
  void backward() {
    for (int n = 0; n < 4; ++n) {
      dz2[n] = 2 * (y[n] - kT[n]) * y[n] * (1 - y[n]);
      for (int j = 0; j < 4; ++j) {
        dh[n][j] = dz2[n] * w2[j];
        dz1[n][j] = dh[n][j] * h[n][j] * (1 - h[n][j]);
      }
      for (int i = 0; i < 3; ++i) {
        dx[n][i] = 0;
        for (int j = 0; j < 4; ++j) dx[n][i] += dz1[n][j] * w1[i][j];
      }
    }
    for (int j = 0; j < 4; ++j) {
      dw2[j] = 0;
      for (int n = 0; n < 4; ++n) dw2[j] += h[n][j] * dz2[n];
      for (int i = 0; i < 3; ++i) {
        dw1[i][j] = 0;
        for (int n = 0; n < 4; ++n) dw1[i][j] += kX[n][i] * dz1[n][j];
      }
    }
  }
  void update(double rate) {
    for (int j = 0; j < 4; ++j) {
      w2[j] -= rate * dw2[j];
      for (int i = 0; i < 3; ++i) w1[i][j] -= rate * dw1[i][j];
    }
  }
  void start_from(const Sequential& model) {
    for (const NamedValue& p : parameter_values(model)) {
      const std::vector<double> values = p.value.to_vector();
      std::copy(values.begin(), values.end(), p.name == "dense_1.weight" ? &w1[0][0] : w2);
    }
  }
};

constexpr const char* kTwoLayers = "dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)";

void expect_two_layers(const Explanation& e, TwoLayers& by_hand, double tolerance) {
  by_hand.forward();
  by_hand.backward();
  EXPECT_NEAR(e.loss_before, by_hand.loss, tolerance);
  ASSERT_EQ(e.layers.size(), 2U);
  expect_near(value_of(e, "dense_1.weight").value, &by_hand.w1[0][0], 12, tolerance, "W1");
  expect_near(value_of(e, "dense_1.z").value, &by_hand.z1[0][0], 16, tolerance, "z1");
  expect_near(value_of(e, "dense_1.y").value, &by_hand.h[0][0], 16, tolerance, "h");
  expect_near(value_of(e, "dense_2.z").value, by_hand.z2, 4, tolerance, "z2");
  expect_near(value_of(e, "dense_2.y").value, by_hand.y, 4, tolerance, "y");
  expect_near(value_of(e, "dense_2.z").gradient, by_hand.dz2, 4, tolerance, "dz2");
  expect_near(value_of(e, "dense_2.weight").gradient, by_hand.dw2, 4, tolerance, "dW2");
  expect_near(value_of(e, "dense_1.y").gradient, &by_hand.dh[0][0], 16, tolerance, "dh");
  expect_near(value_of(e, "dense_1.z").gradient, &by_hand.dz1[0][0], 16, tolerance, "dz1");
  expect_near(value_of(e, "dense_1.weight").gradient, &by_hand.dw1[0][0], 12, tolerance, "dW1");
  expect_near(value_of(e, "input").gradient, &by_hand.dx[0][0], 12, tolerance, "dx");
  double update[12];
  for (int k = 0; k < 12; ++k) update[k] = -(&by_hand.dw1[0][0])[k];
  expect_near(update_of(e, "dense_1.weight"), update, 12, tolerance, "update of W1");
  by_hand.update(1);
  by_hand.forward();
  EXPECT_NEAR(e.loss_after, by_hand.loss, tolerance);
}

Explanation explain_two_layers(std::int64_t step, const Sequential& model) {
  const DataSplits data = load_dataset("truth-table");
  return explain(model, {.loss = "sse", .optimizer = Sgd({.learning_rate = 1}), .batch_size = 0}, *data.train,
                 {.step = step});
}

TEST(Explain, OpensTheTwoLayerNetworkAsItIsWrittenByHand) {
  const Sequential model = built(kTwoLayers, {3});
  TwoLayers by_hand;
  by_hand.start_from(model);
  const Explanation e = explain_two_layers(1, model);
  expect_two_layers(e, by_hand, 1e-13);
  EXPECT_LT(e.loss_after, e.loss_before);
  EXPECT_LT(e.disagreement(), 1e-7);
  EXPECT_EQ(e.samples, (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(e.layers[0].formula, "z = x W; y = sigmoid(z)");
  EXPECT_EQ(value_of(e, "dense_1.y").definition, "sigmoid(x) = 1 / (1 + exp(-x))");
  const std::vector<ChainLink>& chain = value_of(e, "dense_1.z").chain;
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0].formula, "dz W^T");
  EXPECT_EQ(chain[1].formula, "x^T dz");
}

TEST(Explain, OpensAStepAfterThoseBeforeIt) {
  const Sequential model = built(kTwoLayers, {3});
  TwoLayers by_hand;
  by_hand.start_from(model);
  for (int step = 1; step < 40; ++step) {
    by_hand.forward();
    by_hand.backward();
    by_hand.update(1);
  }
  // The steps before run in single precision.
  expect_two_layers(explain_two_layers(40, model), by_hand, 2e-5);
}

TEST(Explain, WritesTheNumbersThatItsFormulasGive) {
  const Explanation e = explain_two_layers(1, built("dense(1, act=tanh)", {3}));
  const ExplainedValue& z = value_of(e, "dense_1.z");
  EXPECT_EQ(z.formula, "x W + b");
  // "0*0.1 + 1*(-0.2) + 1*0.3 + 0": the sum of its products.
  const std::vector<double> x = value_of(e, "input").value.to_vector();
  double sum = 0;
  std::string rest = z.in_numbers;
  std::erase_if(rest, [](char c) { return c == '(' || c == ')' || c == ' '; });
  int terms = 0;
  while (rest.find('*') != std::string::npos) {
    std::size_t used = 0;
    const double a = std::stod(rest, &used);
    rest.erase(0, used + 1);
    const double b = std::stod(rest, &used);
    rest.erase(0, std::min(rest.size(), used + 1));
    sum += a * b;
    ++terms;
  }
  EXPECT_EQ(terms, 3);
  EXPECT_NEAR(sum, z.value.to_vector()[static_cast<std::size_t>(z.element[0])], 2e-3);
}

/// One model for each layer that a description can have.
struct LayerCase {
  std::string model;
  Shape input;
};

std::map<std::string, LayerCase> layer_cases() {
  const Shape image{5, 6, 2};
  std::map<std::string, LayerCase> cases = {
      {"dense", {"dense(4) dense(3)", {5}}},
      {"conv", {"conv(4, kernel=3, stride=2, padding=same, groups=2, act=tanh) flatten dense(3)", image}},
      {"conv1d", {"conv1d(3, act=sigmoid) flatten dense(3)", {7, 2}}},
      {"conv_transpose", {"conv_transpose(2, kernel=3, stride=2) flatten dense(3)", image}},
      {"maxpool", {"maxpool(2) flatten dense(3)", image}},
      {"avgpool", {"avgpool(2) flatten dense(3)", image}},
      {"globalavgpool", {"globalavgpool dense(3)", image}},
      {"globalmaxpool", {"globalmaxpool dense(3)", image}},
      {"upsample", {"upsample(2, mode=bilinear) flatten dense(3)", image}},
      {"subsample", {"subsample(2, channels=3) flatten dense(3)", image}},
      {"dropout", {"dense(8) dropout(0.5) dense(3)", {5}}},
      {"spatial_dropout", {"conv(6) spatial_dropout(0.5) flatten dense(3)", image}},
      {"flatten", {"flatten dense(3)", image}},
      {"reshape", {"reshape(2, 3) flatten dense(3)", {6}}},
      {"residual", {"residual(dense(5, act=tanh) dense(5)) dense(3)", {5}}},
      {"embedding", {"embedding(4, 3) flatten dense(3)", {1}}},
      {"layer_norm", {"dense(6) layer_norm dense(3)", {5}}},
      {"group_norm", {"conv(4) group_norm(2) flatten dense(3)", image}},
      {"instance_norm", {"conv(4) instance_norm flatten dense(3)", image}},
      {"batch_norm", {"dense(6) batch_norm dense(3)", {5}}},
      {"hopfield", {"hopfield(heads=2) flatten dense(3)", {4, 6}}},
      {"hopfield_pooling", {"hopfield_pooling(heads=2) flatten dense(3)", {4, 6}}},
      {"hopfield_lookup", {"hopfield_lookup(5) flatten dense(3)", {4, 6}}},
  };
  for (const std::string_view name : activation_names()) {
    if (name != "none")
      cases.emplace(std::string(name), LayerCase{"dense(4) " + std::string(name) + " dense(3)", {5}});
  }
  return cases;
}

class ExplainLayer : public ::testing::TestWithParam<std::string_view> {};

TEST_P(ExplainLayer, GradientsAgreeWithDifferences) {
  const auto cases = layer_cases();
  const auto found = cases.find(std::string(GetParam()));
  ASSERT_NE(found, cases.end()) << "add a model with the layer " << GetParam();
  const LayerCase& one = found->second;
  const ArrayDataset data = GetParam() == "embedding" ? whole_numbers() : normal_data(one.input, 4, 3, 0);
  const Explanation e = explain(built(one.model, one.input), {.loss = "cross_entropy"}, data,
                                {.samples = {0, 2, 3}, .differences = 0});
  EXPECT_LT(e.disagreement(), kMostDisagreement);
  // What is compared is not zero against zero.
  const ExplainedValue& last = e.values[e.layers.back().parameters.at(0).value];
  double largest = 0;
  for (const double g : last.gradient.to_vector()) largest = std::max(largest, std::abs(g));
  EXPECT_GT(largest, 1e-4);
  for (const ExplainedValue& value : e.values) {
    if (value.gradient.empty()) continue;
    for (const double d : value.difference.to_vector()) EXPECT_TRUE(std::isfinite(d)) << value.name;
  }
  for (const ExplainedLayer& layer : e.layers) EXPECT_FALSE(layer.formula.empty()) << layer.name;
  EXPECT_LT(e.loss_after, e.loss_before);
}

INSTANTIATE_TEST_SUITE_P(AllLayers, ExplainLayer, ::testing::ValuesIn(layer_names()),
                         [](const auto& param) { return std::string(param.param); });

class ExplainLossName : public ::testing::TestWithParam<std::string_view> {};

TEST_P(ExplainLossName, GradientsAgreeWithDifferences) {
  const std::string name(GetParam());
  const bool one = name == "binary_cross_entropy" || name == "hinge";
  const bool classes = Loss(GetParam()).is_classification();
  const ArrayDataset data = normal_data({3}, 5, classes ? (one ? 2 : 3) : 0, 2);
  const std::string last = one ? "dense(1)" : classes ? "dense(3)" : "dense(2)";
  const Explanation e =
      explain(built("dense(4, act=tanh) " + last, {3}), {.loss = Loss(GetParam())}, data, {});
  EXPECT_LT(e.disagreement(), kMostDisagreement);
  EXPECT_FALSE(e.loss.formula.empty());
  EXPECT_EQ(e.loss.derivative.substr(0, 4), "dp =");
}

INSTANTIATE_TEST_SUITE_P(AllLosses, ExplainLossName, ::testing::ValuesIn(loss_names()),
                         [](const auto& param) { return std::string(param.param); });

TEST(Explain, SaysThatTheGradientOfSoftmaxCrossEntropyIsADifference) {
  const ArrayDataset data = normal_data({3}, 5, 3, 0);
  for (const bool smoothed : {false, true}) {
    const Loss loss("cross_entropy", {.label_smoothing = smoothed ? 0.1 : 0});
    const Explanation e = explain(built("dense(3)", {3}), {.loss = loss}, data, {.samples = {0, 1, 4}});
    const std::vector<double> p = e.values[e.output].value.to_vector();
    const std::vector<double> gradient = e.values[e.output].gradient.to_vector();
    for (std::size_t n = 0; n < 3; ++n) {
      const std::size_t label = n == 2 ? 1 : n;  // 0, 1, and 4 modulo 3
      double sum = 0;
      for (std::size_t k = 0; k < 3; ++k) sum += std::exp(p[3 * n + k]);
      for (std::size_t k = 0; k < 3; ++k) {
        double target = k == label ? 1 : 0;
        if (smoothed) target = 0.9 * target + 0.1 / 3;
        EXPECT_NEAR(gradient[3 * n + k], (std::exp(p[3 * n + k]) / sum - target) / 3, 1e-14);
        EXPECT_NEAR(e.loss.target.to_vector()[3 * n + k], target, 1e-9);
        EXPECT_NEAR(e.loss.probabilities.to_vector()[3 * n + k], std::exp(p[3 * n + k]) / sum, 1e-14);
      }
    }
    EXPECT_EQ(e.loss.derivative, "dp = (q - t) / 3");
    EXPECT_FALSE(e.loss.reason.empty());
  }
}

TEST(Explain, ShowsTheWindowOfAPixel) {
  for (const char* convolution :
       {"conv(4, kernel=3, padding=same)", "conv(4, kernel=3, stride=2, padding=2)",
        "conv(4, kernel=2, dilation=2, groups=2)", "conv(4, kernel=5, padding=same, bias=false)"}) {
    const Shape image{6, 7, 2};
    const ArrayDataset data = normal_data(image, 3, 3, 0);
    const Explanation e = explain(built(convolution + std::string(" tanh flatten dense(3)"), image),
                                  {.loss = "cross_entropy"}, data, {.samples = {1, 2}});
    const ExplainedValue& y = value_of(e, "conv_1.y");
    ASSERT_TRUE(y.window.has_value()) << convolution;
    const std::vector<double> pixels = y.window->window.to_vector();
    const std::vector<double> weights = y.window->filter.to_vector();
    double sum = 0;
    for (std::size_t i = 0; i < pixels.size(); ++i) sum += pixels[i] * weights[i];
    EXPECT_NEAR(sum, y.window->sum, 1e-12);
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < 4; ++axis)
      at = at * y.value.shape().extents()[axis] + y.window->output[axis];
    EXPECT_NEAR(sum, y.value.to_vector()[static_cast<std::size_t>(at)], 1e-12)
        << convolution;  // biases are 0
  }
}

class ExplainOptimizer : public ::testing::TestWithParam<std::string_view> {};

TEST_P(ExplainOptimizer, UpdatesAsTrainingDoes) {
  const ArrayDataset data = normal_data({3}, 8, 3, 0);
  const Sequential model = built("dense(4, act=tanh) dense(3)", {3});
  TrainerOptions training = {
      .loss = "cross_entropy", .optimizer = Optimizer::parse(GetParam()), .batch_size = 0};
  training.penalty = {.l1 = 0.01, .l2 = 0.02};
  training.clip = {.value = 0, .norm = 0.5};
  const Explanation e = explain(model, training, data, {.step = 4});
  const auto after = [&](std::int64_t steps) {
    Sequential copy = model;
    TrainerOptions options = training;
    options.epochs = steps;
    train(copy, options, {.train = &data});
    return parameter_values(copy);
  };
  const std::vector<NamedValue> before = after(3);
  const std::vector<NamedValue> then = after(4);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::vector<double> from = before[i].value.to_vector();
    const std::vector<double> to = then[i].value.to_vector();
    const std::vector<double> update = update_of(e, before[i].name).to_vector();
    for (std::size_t k = 0; k < from.size(); ++k)
      EXPECT_NEAR(update[k], to[k] - from[k], 1e-6) << before[i].name << " " << k;
  }
  EXPECT_GT(e.loss.penalty, 0);
  EXPECT_LT(e.disagreement(), kMostDisagreement);
  EXPECT_FALSE(e.update_formula.empty());
}

INSTANTIATE_TEST_SUITE_P(AllOptimizers, ExplainOptimizer, ::testing::ValuesIn(optimizer_names()),
                         [](const auto& param) { return std::string(param.param); });

TEST(Explain, TrainsBatchesInTheOrderOfTraining) {
  const ArrayDataset data = normal_data({3}, 10, 3, 0);
  const Sequential model = built("dense(3)", {3});
  const TrainerOptions training = {.loss = "cross_entropy", .batch_size = 4, .epochs = 2, .seed = 5};
  Sequential trained = model;
  train(trained, training, {.train = &data});
  const Explanation e = explain(model, training, data, {.step = 7});  // after two epochs of three batches
  for (const NamedValue& p : parameter_values(trained))
    EXPECT_EQ(value_of(e, p.name).value.to_vector(), p.value.to_vector()) << p.name;
}

TEST(Explain, NotesKinksWhereTheSlopesOfBothSidesDiffer) {
  const ArrayDataset data = normal_data({3}, 2, 0, 1);
  const Explanation e =
      explain(built("dense(2, act=relu, init=zeros) dense(1)", {3}), {.loss = "mse"}, data, {});
  EXPECT_EQ(value_of(e, "dense_1.z").kinks.size(), 4U);
  EXPECT_LT(e.disagreement(), kMostDisagreement);
  EXPECT_TRUE(value_of(e, "dense_1.y").kinks.empty());
}

TEST(Explain, MakesAsManyDifferencesAsAreAskedFor) {
  const ArrayDataset data = normal_data({30}, 2, 3, 0);
  const Explanation e = explain(built("dense(20, act=tanh) dense(3)", {30}), {.loss = "cross_entropy"}, data,
                                {.differences = 5});
  const ExplainedValue& w = value_of(e, "dense_1.weight");
  int made = 0;
  for (const double d : w.difference.to_vector()) made += std::isnan(d) ? 0 : 1;
  EXPECT_EQ(made, 5);
  const std::int64_t opened = w.element[0] * 20 + w.element[1];
  EXPECT_FALSE(std::isnan(w.difference.to_vector()[static_cast<std::size_t>(opened)]));
}

/// A model that is no list of layers.
class Gate final : public Module {
 public:
  Gate() {
    Random random(1, 0);
    a_.build({3}, random);
    b_.build({3}, random);
  }
  std::unique_ptr<Module> clone() const override { return std::make_unique<Gate>(*this); }
  Tensor forward(const Tensor& x, ForwardContext& context) const override {
    return a_(x, context) * sigmoid(b_(x, context));
  }
  void visit(ParameterVisitor& visitor) override {
    visitor("a", a_);
    visitor("b", b_);
  }

 private:
  Linear a_{2};
  Linear b_{2};
};

TEST(Explain, OpensFreeCompositions) {
  const ArrayDataset data = normal_data({3}, 4, 0, 2);
  const Explanation e = explain(Gate(), {.loss = "mse"}, data, {});
  ASSERT_EQ(e.layers.size(), 1U);
  EXPECT_EQ(e.layers[0].kind, "graph");
  EXPECT_EQ(e.layers[0].parameters.size(), 4U);
  EXPECT_LT(e.disagreement(), kMostDisagreement);
}

TEST(Explain, RefusesWhatCannotBeOpened) {
  const ArrayDataset data = normal_data({3}, 4, 3, 0);
  const Sequential model = built("dense(3)", {3});
  const TrainerOptions plain = {.loss = "cross_entropy"};
  EXPECT_THROW(explain(model, plain, data, {.step = 0}), ConfigError);
  EXPECT_THROW(explain(model, plain, data, {.samples = {4}}), DataError);
  EXPECT_THROW(explain(model, plain, data, {.samples = {-1}}), DataError);
  EXPECT_THROW(explain(model, plain, data, {.differences = -1}), ConfigError);
  EXPECT_THROW(explain(built("dense(2)", {3}), plain, data, {}), ConfigError);
  TrainerOptions odd = plain;
  odd.lbfgs = LbfgsOptions();
  EXPECT_THROW(explain(model, odd, data, {}), ConfigError);
  odd = plain;
  odd.mixup = 0.2;
  EXPECT_THROW(explain(model, odd, data, {}), ConfigError);
  odd = plain;
  odd.optimizer = Sgd({.learning_rate = 1e30});
  EXPECT_THROW(explain(built("dense(4) dense(3)", {3}), odd, data, {.step = 20}), DivergedError);
}

}  // namespace
}  // namespace hebb
