#include "hebb/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "golden.hpp"
#include "graph/interpreter.hpp"
#include "hebb/error.hpp"
#include "hebb/losses.hpp"
#include "hebb/ops.hpp"
#include "hebb/training_step.hpp"
#include "hebb/transforms.hpp"

namespace hebb {
namespace {

using testing::find;
using testing::read_golden;

/// The message of the ConfigError that parsing ends in.
std::string refusal(std::string_view text) {
  try {
    Sequential::parse(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ModelDescription, ReadsBackWhatItWrites) {
  for (const std::string text : {
           "dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)",
           "flatten dense(128, act=relu) dropout(0.2) dense(10)",
           "dense(8, act=leaky_relu(0.2), init=normal(0.02)) batch_norm residual(layer_norm dense(8, "
           "act=gelu) dense(8))",
           "embedding(10, 4) flatten elu dense(3, init=orthogonal) softmax",
           "reshape(2, 3) batch_norm(momentum=0.2, epsilon=0.001)",
       }) {
    EXPECT_EQ(Sequential::parse(text).to_string(), text);
  }
  EXPECT_EQ(Sequential::parse(" dense( 4 ,act = relu,init=he )\n\tdropout").to_string(),
            "dense(4, act=relu, init=he_normal) dropout(0.5)");
  EXPECT_EQ(Sequential::parse("dense(units=3)").to_string(), "dense(3)");
}

TEST(ModelDescription, KnowsModelsByName) {
  for (const NamedModel& model : named_models()) {
    EXPECT_EQ(Sequential::parse(model.name).to_string(), Sequential::parse(model.text).to_string());
    EXPECT_EQ(model_text(model.name), model.text);
  }
  EXPECT_THROW(model_text("lenet"), ConfigError);
  // The number of parameters that the layers' sizes give (LeCun et al. 1998 for the dense ones).
  EXPECT_EQ(Sequential::parse("lenet5").parameter_count({28, 28, 1}),
            (25 + 1) * 6 + (25 * 6 + 1) * 16 + 401 * 120 + 121 * 84 + 85 * 10);
  EXPECT_EQ(Sequential::parse("cnn").parameter_count({28, 28, 1}),
            (9 + 1) * 32 + (9 * 32 + 1) * 32 + (12 * 12 * 32 + 1) * 128 + 129 * 10);
  // 0.27 million, says table 6 of He et al. (2016): filters, two for each channel normalised, the last layer.
  EXPECT_EQ(Sequential::parse("resnet20").parameter_count({32, 32, 3}), 269722);
  Sequential resnet = Sequential::parse("resnet20");
  EXPECT_EQ(resnet.build({32, 32, 3}), Shape{10});
}

TEST(ModelDescription, SaysWhereAndWhatWasExpected) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"dens(4)", "column 1: unknown layer 'dens'; did you mean 'dense'"},
      {"dense(4) dense(4, atc=relu)", "column 19: 'dense': unknown option 'atc'; did you mean 'act'"},
      {"dense(4, act=rleu)", "column 14: unknown activation 'rleu'; did you mean 'relu'"},
      {"dense(4, init=hee)", "column 15: unknown initialiser 'hee'"},
      {"dense", "column 1: 'dense' needs units"},
      {"dense(0)", "column 1: dense: expected 1 to 2147483647 units, got 0"},
      {"dense(-3)", "got -3"},
      {"dense(4.5)", "column 7: expected a whole number, got '4.5'"},
      {"dense(99999999999999999999)", "expected a whole number"},
      {"dense(4", "column 8: expected ',' or ')', got the end"},
      {"dense(4,)", "column 9: expected a value"},
      {"dense(4))", "column 9: expected a name"},
      {"dense(4, bias=maybe)", "expected true or false"},
      {"dense(4, bias=true, bias=true)", "is given twice"},
      {"dense(bias=true, 4)", "expected key=value"},
      {"dense(4, 5)", "takes no such argument"},
      {"dropout(1)", "expected a rate from 0 to below 1, got 1"},
      {"residual()", "residual: expected at least one layer"},
      {"relu(3)", "takes no parameter"},
      {"none", "unknown layer 'none'"},
      {"lenet", "unknown model 'lenet'; did you mean 'lenet5'"},
      {"lenet5 dense(4)", "column 1: unknown layer 'lenet5'"},
      {"dense(\x01)", "got '\\x01'"},
      {"batch_norm(momentum=0)", "expected a momentum"},
      {"reshape(0)", "positive extents"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_NE(refusal(text).find(expected), std::string::npos) << text << "\n  gives " << refusal(text);
  }
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "residual(";
  EXPECT_NE(refusal(deep).find("nested too deeply"), std::string::npos);
}

TEST(Sequential, BuildsInfersAndNames) {
  Sequential model = Sequential::parse("dense(5, act=relu) residual(dense(5) dense(5)) dense(2)");
  EXPECT_EQ(model.parameter_count({3}), 3 * 5 + 5 + 2 * 30 + 12);
  EXPECT_THROW(model.summary(), Error);
  EXPECT_EQ(model.build({3}, 1), Shape{2});
  std::vector<std::string> names;
  for (const NamedTensor& p : parameters(model)) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"dense_1.weight", "dense_1.bias", "residual_1.dense_1.weight",
                                             "residual_1.dense_1.bias", "residual_1.dense_2.weight",
                                             "residual_1.dense_2.bias", "dense_2.weight", "dense_2.bias"}));
  EXPECT_EQ(model(Tensor::from(std::vector<float>(12), Shape{4, 3})).shape(), (Shape{4, 2}));
  const auto rows = model.summary();
  EXPECT_EQ(rows[1].name, "residual_1");
  EXPECT_EQ(rows[0].flops, 2 * 15 + 5);
  EXPECT_THROW(model(Tensor::from(std::vector<float>(8), Shape{4, 2})), ShapeError);
}

TEST(Sequential, RefusesWhatCannotBeBuilt) {
  EXPECT_THROW(Sequential().build({3}), ConfigError);
  EXPECT_THROW(Sequential::parse("dense(2000000000) dense(2000000000)").build({784}), ConfigError);
  EXPECT_THROW(Sequential::parse("dense(3)").build({0}), ShapeError);
  try {
    Sequential::parse("dense(4) residual(dense(3))").build({2});
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_NE(std::string(error.what()).find("residual_1: "), std::string::npos) << error.what();
  }
}

TEST(Sequential, IsAFunctionOfItsSeed) {
  const auto weights = [](std::uint64_t seed) {
    Sequential model = Sequential::parse("dense(5) dense(2)");
    model.build({3}, seed);
    return parameter_values(model)[2].value.to_vector();
  };
  EXPECT_EQ(weights(7), weights(7));
  EXPECT_NE(weights(7), weights(8));
}

TEST(Sequential, ReplacesItsLastLayerAndKeepsTheOthers) {
  Sequential model = Sequential::parse("dense(5) dense(2)");
  model.build({3}, 1);
  const auto before = parameter_values(model);
  model.replace_last(Linear(7), 2);
  const auto after = parameter_values(model);
  EXPECT_TRUE(before[0].value.same_as(after[0].value));
  EXPECT_EQ(after[2].value.shape(), (Shape{5, 7}));
}

TEST(Parameters, FreezeAndLoadByName) {
  Sequential a = Sequential::parse("dense(5) dense(2)");
  Sequential b = Sequential::parse("dense(5) dense(3)");
  a.build({3}, 1);
  b.build({3}, 2);
  auto of_b = parameters(b);
  const LoadReport report = load_matching(of_b, parameter_values(a));
  EXPECT_EQ(report.loaded, (std::vector<std::string>{"dense_1.weight", "dense_1.bias"}));
  EXPECT_EQ(report.mismatched.size(), 2U);
  EXPECT_TRUE(of_b[0].value->same_as(parameter_values(a)[0].value));
  EXPECT_THROW(load_exactly(of_b, parameter_values(a)), FormatError);
  EXPECT_EQ(freeze(of_b, "dense_1.*"), 2);
  EXPECT_FALSE(of_b[0].trainable);
  EXPECT_EQ(count_trainable(of_b), 18);
  EXPECT_THROW(freeze(of_b, "dense_9.*"), ConfigError);
  EXPECT_TRUE(matches_pattern("a.b.c", "a.*c"));
  EXPECT_TRUE(matches_pattern("abc", "a?c"));
  EXPECT_FALSE(matches_pattern("abc", "a?"));
  EXPECT_FALSE(matches_pattern(std::string(2000, 'a'), "*a*a*a*a*a*a*a*a*b"));
}

TEST(Normalization, IsThatOfPyTorch) {
  const auto golden = read_golden("nn/golden/layers.txt");
  const Tensor x = Tensor::from(find(golden, "X"), Shape{6, 3});
  const Tensor v = Tensor::from(find(golden, "V"), Shape{6, 3});
  const auto vector = [&](const char* name) { return Tensor::from(find(golden, name), Shape{3}); };
  ForwardContext last;
  const auto check = [&](const std::string& key, const Module& model, Tensor scale, Tensor shift,
                         ForwardContext context) {
    SCOPED_TRACE(key);
    const Tensor y = model(x, context);
    std::vector<Tensor> all = gradients(sum(y * v), {x, scale, shift});
    all.insert(all.begin(), y);
    std::vector<double> got;
    for (const Tensor& tensor : all) {
      const auto values = tensor.to_vector();
      got.insert(got.end(), values.begin(), values.end());
    }
    const std::vector<double> expected = find(golden, key);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12) << i;
    last = context;
  };
  const auto built = [&](const char* text) {
    auto model = std::make_unique<Sequential>(Sequential::parse(text));
    model->build({3});
    auto named = parameters(*model);
    *named[0].value = vector("scale");
    *named[1].value = vector("shift");
    for (std::size_t i = 2; i < named.size(); ++i) {
      *named[i].value = Tensor::from(std::vector<double>(3, i == 2 ? 0.0 : 1.0), Shape{3});
    }
    return model;
  };
  for (const char* text : {"layer_norm", "layer_norm(epsilon=0.1)"}) {
    const auto model = built(text);
    const auto named = parameters(*model);
    check(text, *model, *named[0].value, *named[1].value, {.training = true});
  }
  const auto model = built("batch_norm");
  const auto named = parameters(*model);
  check("batch_norm", *model, *named[0].value, *named[1].value, {.training = true});
  const ForwardContext context = last;
  ASSERT_EQ(context.updates.size(), 2U);
  for (const auto& update : context.updates) {
    const bool is_mean = update.leaf.same_as(*named[2].value);
    const auto expected = find(golden, is_mean ? "running_mean" : "running_variance");
    const auto got = update.value.to_vector();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(got[i], expected[i], 1e-12);
    *named[is_mean ? 2 : 3].value = evaluate(update.value);
  }
  check("batch_norm inference", *model, *named[0].value, *named[1].value, {});
}

TEST(TwoLayerNetwork, TakesTheStepsWorkedOutByHand) {
  const auto golden = read_golden("nn/golden/two_layer.txt");
  const Tensor x = Tensor::rows({{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}});
  const Tensor y = Tensor::rows({{0}, {1}, {1}, {0}});
  Sequential model = Sequential::parse("dense(4, act=sigmoid, bias=false) dense(1, act=sigmoid, bias=false)");
  model.build({3});
  const std::vector<double> start = find(golden, "start");
  const std::vector<float> weights(start.begin(), start.end());
  const auto named = parameters(model);
  *named[0].value = Tensor::from(std::span(weights).first(12), Shape{3, 4});
  *named[1].value = Tensor::from(std::span(weights).subspan(12), Shape{4, 1});
  TrainingStep step(model, {.input = {3}, .target = {1}},
                    {.loss = "sse", .optimizer = Sgd({.learning_rate = 1})});
  for (int i = 1; i <= 3; ++i) {
    EXPECT_NEAR(step(x, y), find(golden, "loss " + std::to_string(i))[0], 1e-6);
    const std::vector<double> expected = find(golden, "weights " + std::to_string(i));
    std::vector<float> got(16);
    step.get_trainable(got);
    for (std::size_t j = 0; j < got.size(); ++j) EXPECT_NEAR(got[j], expected[j], 1e-6) << "step " << i;
  }
  double loss = 0;
  for (int i = 3; i < 1500; ++i) loss = step(x, y);
  EXPECT_LT(loss, 0.02);
}

TEST(Initializers, HaveTheMomentsOfTheirFormulas) {
  const Shape shape{400, 300};
  const Fans fans{400, 300};
  const auto moments = [&](const Initializer& init) {
    Random random(3, 1);
    const auto values = init(shape, fans, random).to_vector();
    double mean = 0;
    double square = 0;
    for (const double v : values) mean += v / static_cast<double>(values.size());
    for (const double v : values) square += (v - mean) * (v - mean) / static_cast<double>(values.size());
    return std::pair(mean, square);
  };
  Random random(1, 1);
  const std::vector<std::pair<const char*, double>> variances = {
      {"xavier_uniform", 2.0 / 700}, {"xavier_normal", 2.0 / 700},
      {"he_uniform", 2.0 / 400},     {"he_normal", 2.0 / 400},
      {"lecun_uniform", 1.0 / 400},  {"lecun_normal", 1.0 / 400},
      {"uniform", 0.0025 / 3},       {"normal", 0.0025}};
  for (const auto& [name, variance] : variances) {
    const auto [mean, found] = moments(Initializer(name));
    // 120000 samples: the standard errors of mean and variance are 0.3 % and at most 0.41 % of these scales.
    EXPECT_NEAR(mean, 0, 5 * std::sqrt(variance / 120000)) << name;
    EXPECT_NEAR(found, variance, 0.021 * variance) << name;
    // A uniform distribution ends at sqrt(3) deviations; of so many normal numbers some are beyond.
    const auto values = Initializer(name)(shape, fans, random).to_vector();
    const double largest = std::max(*std::max_element(values.begin(), values.end()),
                                    -*std::min_element(values.begin(), values.end()));
    const bool uniform = std::string_view(name).find("uniform") != std::string_view::npos;
    EXPECT_EQ(largest <= 1.0001 * std::sqrt(3 * variance), uniform) << name;
  }
  EXPECT_EQ(Initializer("constant", 2.5)({2}, {}, random).to_vector(), (std::vector<double>{2.5, 2.5}));
  for (const Shape& s : {Shape{5, 3}, Shape{3, 5}, Shape{1, 4}}) {
    const Tensor q = Initializer("orthogonal", 2)(s, {}, random);
    const bool tall = s[0] >= s[1];
    const Tensor product = tall ? matmul(q, q, {.transpose_a = true}) : matmul(q, q, {.transpose_b = true});
    const auto values = product.to_vector();
    const auto n = static_cast<std::size_t>(std::min(s[0], s[1]));
    for (std::size_t i = 0; i < n * n; ++i) EXPECT_NEAR(values[i], i % (n + 1) == 0 ? 4 : 0, 1e-5);
  }
  EXPECT_THROW(Initializer("he_normal", 2), ConfigError);
  EXPECT_THROW(Initializer("uniform", -1), ConfigError);
}

TEST(Initializers, SuitTheActivation) {
  const auto variance = [](const char* text) {
    Sequential model = Sequential::parse(text);
    model.build({300}, 1);
    double square = 0;
    for (const double w : parameter_values(model)[0].value.to_vector()) square += w * w / (300.0 * 200);
    return square;
  };
  for (const auto& [text, expected] :
       std::vector<std::pair<const char*, double>>{{"dense(200, act=relu)", 2.0 / 300},
                                                   {"dense(200, act=selu)", 1.0 / 300},
                                                   {"dense(200, act=tanh)", 2.0 / 500},
                                                   {"dense(200)", 2.0 / 500},
                                                   {"dense(200, act=relu, init=normal(0.5))", 0.25}}) {
    EXPECT_NEAR(variance(text), expected, 0.03 * expected) << text;
  }
}

TEST(Embedding, LooksUpRows) {
  Sequential model{Embedding(4, 3)};
  model.build({2});
  const auto table = parameter_values(model)[0].value.to_vector();
  const Tensor whole = Tensor::from(std::vector<std::int32_t>{3, 0}, Shape{1, 2});
  const Tensor real = Tensor::from({3.0F, 0.0F}, Shape{1, 2});
  const std::vector<double> expected = {table[9], table[10], table[11], table[0], table[1], table[2]};
  EXPECT_EQ(model(whole).to_vector(), expected);
  EXPECT_EQ(model(real).to_vector(), expected);
}

TEST(Dropout, KeepsTheMeanAndIsAFunctionOfSeedAndStep) {
  Sequential model{Dropout(0.25)};
  model.build({100000});
  const Tensor x = evaluate(full(1.0, {1, 100000}));
  EXPECT_THROW(
      {
        ForwardContext context{.training = true};
        model(x, context);
      },
      Error);
  const auto run = [&](std::int32_t step) {
    ForwardContext context{.training = true,
                           .key = Tensor::from(std::vector<std::int32_t>{1, step}, Shape{2})};
    return evaluate(model(x, context)).to_vector();
  };
  const auto y = run(0);
  EXPECT_EQ(y, run(0));
  EXPECT_NE(y, run(1));
  EXPECT_EQ(
      std::count(y.begin(), y.end(), 0.0) + std::count(y.begin(), y.end(), static_cast<double>(1.0F / 0.75F)),
      100000);
  EXPECT_NEAR(std::accumulate(y.begin(), y.end(), 0.0) / 100000, 1, 5 * std::sqrt(0.25 / 0.75 / 100000));
  EXPECT_EQ(model(x).to_vector(), x.to_vector());
}

// ---- free compositions
// --------------------------------------------------------------------------------------------------

struct Net {
  Linear hidden, output;
  Tensor operator()(const Tensor& x, ForwardContext& c) const {
    const Tensor h = tanh(hidden(x, c));
    return output(h * 0.5 + mean(h, {1}, true), c);
  }
  void visit(ParameterVisitor& v) {
    v("hidden", hidden);
    v("output", output);
  }
};

Net some_net() {
  Random random(1, 0);
  return {built(Linear(6), {3}, random), built(Linear(2), {6}, random)};
}

TEST(Graph, TextRebuildsAFreeComposition) {
  const auto model = make_module(some_net());
  const TracedGraph graph = trace_graph(model, {3});
  const std::unique_ptr<Module> copy = module_from_graph(graph.text);
  std::vector<NamedValue> values = parameter_values(model);
  values.insert(values.end(), graph.constants.begin(), graph.constants.end());
  load_exactly(parameters(*copy), values);
  for (const std::int64_t n : {1, 4}) {
    const Tensor x = Initializer("normal", 1.0)({n, 3}, {}, *std::make_unique<Random>(5, 5));
    EXPECT_EQ(model(x).to_vector(), (*copy)(x).to_vector());
  }
  EXPECT_THROW((*copy)(Tensor::rows({{1, 2}})), ShapeError);
  EXPECT_EQ(trace_graph(*copy, {3}).text, graph.text);
}

TEST(Graph, TextThatIsNoneIsRefusedWithItsLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "line 1"},
      {"hebb-graph 2\n", "line 1: expected 'hebb-graph 1'"},
      {"hebb-graph 1\ninput f32 [N,3]\n", "expected an output"},
      {"hebb-graph 1\ninput f32 [N,3]\noutput 1\n", "line 3"},
      {"hebb-graph 1\ninput f32 [3]\noutput 0\n", "line 2: expected an input of shape [N, ...]"},
      {"hebb-graph 1\ninput f32 [N,-3]\noutput 0\n", "line 2"},
      {"hebb-graph 1\ninput f32 [N,3]\nmatmul 0\noutput 1\n", "line 3"},
      {"hebb-graph 1\ninput f32 [N,3]\nmatmull 0 0\noutput 1\n", "unknown operation"},
      {"hebb-graph 1\ninput f32 [N,3]\nsoftmax 0 axis=7\noutput 1\n", "line 3"},
      {"hebb-graph 1\ninput f32 [N,3]\nsum 0 axes=[1,1] keep=0\noutput 1\n", "line 3"},
      {"hebb-graph 1\ninput f32 [N,3]\nslice 0 axis=1 begin=0 end=9\noutput 1\n", "line 3"},
      {"hebb-graph 1\ninput f32 [N,3]\nsoftmax 0\noutput 1\n", "line 3"},
      {"hebb-graph 1\ninput f32 [N,9223372036854775807]\noutput 0\n", "line 2"},
  };
  for (const auto& [text, expected] : cases) {
    try {
      module_from_graph(text);
      ADD_FAILURE() << text;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace hebb
