/// The moving average of weights, and mixing.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "golden.hpp"
#include "graph/interpreter.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/training_step.hpp"
#include "optim/mixup.hpp"

namespace hebb {
namespace {

using testing::find;

Tensor filled(const std::vector<double>& values, const Shape& shape) {
  const std::vector<float> single(values.begin(), values.end());
  return Tensor::from(single, shape);
}

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Random random(seed);
  return Tensor::make<float>(shape, [&](float* out) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) out[i] = random.normal();
  });
}

std::vector<double> flat(const std::vector<NamedValue>& state) {
  std::vector<double> all;
  for (const NamedValue& value : state) {
    const std::vector<double> numbers = value.value.to_vector();
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return all;
}

TEST(Averaging, FollowsNumpy) {
  const testing::Golden golden = testing::read_golden("optim/golden/averages.txt");
  const Tensor x = filled(find(golden, "x"), {12, 3});
  const Tensor y = filled(find(golden, "y"), {12, 1});
  for (const char* decay : {"0.6", "0.999"}) {
    SCOPED_TRACE(decay);
    Sequential model = Sequential::parse("dense(1)");
    model.build({3}, 1);
    load_exactly(parameters(model), {{"dense_1.weight", filled(find(golden, "weight"), {3, 1})},
                                     {"dense_1.bias", filled(find(golden, "bias"), {1})}});
    TrainingStep step(model, {.input = {3}, .target = {1}},
                      {.loss = "mse", .optimizer = Sgd({.learning_rate = 0.1}), .ema = std::stod(decay)});
    const std::vector<double> expected = find(golden, decay);
    for (std::size_t t = 0; t < expected.size() / 4; ++t) {
      step(x, y);
      const std::vector<double> got = flat(step.inference_state());
      for (std::size_t i = 0; i < 4; ++i) ASSERT_NEAR(got[i], expected[4 * t + i], 2e-6) << "step " << t + 1;
    }
    step.store(model);
    EXPECT_EQ(flat(parameter_values(parameters(model))), flat(step.inference_state()));
    EXPECT_NE(flat(step.parameter_state()), flat(step.inference_state()));
  }
}

/// Of every optimiser, and of running statistics: recomputed from the parameters as they come by.
TEST(Averaging, IsOfAllThatChanges) {
  for (const std::string_view optimizer : optimizer_names()) {
    SCOPED_TRACE(optimizer);
    Sequential model = Sequential::parse("dense(7, act=tanh) batch_norm dense(5) dense(3)");
    model.build({6}, 2);
    TrainingStep step(model, {.input = {6}, .target_type = DType::i32},
                      {.loss = "cross_entropy",
                       .optimizer = Optimizer::parse(optimizer),
                       .freeze = {"dense_2.*"},
                       .ema = 0.7});
    const std::vector<double> start = flat(step.parameter_state());
    std::vector<double> average = start;
    for (int t = 1; t <= 30; ++t) {
      const Tensor x = normal({16, 6}, static_cast<std::uint64_t>(t));
      std::vector<std::int32_t> labels(16);
      for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 3);
      step(x, Tensor::from(labels, Shape{16}));
      const std::vector<double> now = flat(step.parameter_state());
      const double decay = std::min(0.7, (1.0 + t) / (10.0 + t));
      for (std::size_t i = 0; i < now.size(); ++i) average[i] += (1 - decay) * (now[i] - average[i]);
    }
    const std::vector<NamedValue> state = step.inference_state();
    const std::vector<double> got = flat(state);
    ASSERT_EQ(got.size(), average.size());
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(got[i], average[i], 1e-5 * std::max(1.0, std::abs(average[i])));
    std::map<std::string, Tensor> before;
    for (const NamedValue& value : parameter_values(parameters(model))) before[value.name] = value.value;
    for (const NamedValue& value : state) {
      const bool frozen = value.name.starts_with("dense_2.");
      EXPECT_EQ(value.value.to_vector() == before[value.name].to_vector(), frozen) << value.name;
    }
  }
}

TEST(Averaging, IsOneKernelWithAdam) {
  Sequential model = Sequential::parse("dense(40, act=relu) dense(10)");
  model.build({30}, 1);
  for (const char* optimizer : {"adam", "adamw"}) {
    TrainingStep step(model, {.input = {30}, .target_type = DType::i32},
                      {.loss = "cross_entropy", .optimizer = Optimizer::parse(optimizer), .ema = 0.99});
    step.batch(8);
    std::istringstream lines(step.plan());
    int updates = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("sqrt") == std::string::npos) continue;
      EXPECT_NE(line.find("in one kernel"), std::string::npos) << optimizer << ": " << line;
      ++updates;
    }
    EXPECT_EQ(updates, 4) << optimizer;
  }
}

TEST(Averaging, IsWhatIsEvaluated) {
  Sequential model = Sequential::parse("dense(4, act=tanh) batch_norm dense(2)");
  model.build({3}, 1);
  TrainingStep step(model, {.input = {3}, .target = {2}}, {.loss = "mse", .optimizer = Adam(), .ema = 0.9});
  const Tensor x = normal({8, 3}, 1);
  const Tensor y = normal({8, 2}, 2);
  const auto evaluated = [&](TrainingStep& s) {
    const BatchBuffers batch = s.evaluation_batch(8);
    std::copy_n(x.data<float>().data(), 24, batch.inputs);
    std::copy_n(y.data<float>().data(), 16, batch.values);
    return s.evaluate().loss;
  };
  for (int i = 0; i < 20; ++i) step(x, y);
  step.store(model);
  TrainingStep plain(model, {.input = {3}, .target = {2}}, {.loss = "mse"});
  EXPECT_EQ(evaluated(step), evaluated(plain));
}

TEST(Averaging, IsPartOfTheState) {
  Sequential model = Sequential::parse("dense(4, act=tanh) dropout(0.3) dense(1)");
  model.build({3}, 1);
  const auto make = [&](double ema) {
    return TrainingStep(model, {.input = {3}, .target = {1}},
                        {.loss = "mse", .optimizer = Adam(), .mixup = 0.3, .ema = ema});
  };
  const Tensor x = normal({8, 3}, 1);
  const Tensor y = normal({8, 1}, 2);
  TrainingStep straight = make(0.95);
  for (int i = 0; i < 5; ++i) straight(x, y);
  TrainingStep other = make(0.95);
  EXPECT_THROW(other.set_state(straight.parameter_state(), straight.optimizer_state(), 5), FormatError);
  other.set_state(straight.parameter_state(), straight.optimizer_state(), 5, straight.inference_state());
  for (int i = 0; i < 5; ++i) {
    straight(x, y);
    other(x, y);
  }
  EXPECT_EQ(flat(other.inference_state()), flat(straight.inference_state()));
  EXPECT_EQ(flat(other.parameter_state()), flat(straight.parameter_state()));
  EXPECT_THROW(make(1), ConfigError);
  EXPECT_THROW(make(-0.1), ConfigError);
  EXPECT_THROW(make(std::nan("")), ConfigError);
}

/// The distribution function of Beta(a, a), by SciPy 1.13's beta.cdf.
TEST(Mixup, DrawsItsSharesFromABetaDistribution) {
  struct Case {
    double alpha;
    std::vector<std::pair<double, double>> below;
  };
  const std::vector<Case> cases = {
      {0.2, {{0.01, 0.20977769}, {0.1, 0.33668978}, {0.3, 0.43320418}}},
      {1, {{0.01, 0.01}, {0.1, 0.1}, {0.3, 0.3}}},
      {4, {{0.01, 3.4166980e-7}, {0.1, 0.002728}, {0.3, 0.126036}}},
  };
  constexpr int kDraws = 20000;
  for (const auto& [alpha, below] : cases) {
    double sum = 0;
    double squares = 0;
    std::vector<int> counts(below.size());
    for (int step = 0; step < kDraws; ++step) {
      const double share = mixing_share(alpha, 11, step);
      ASSERT_TRUE(share >= 0 && share <= 1) << share;
      EXPECT_EQ(share, mixing_share(alpha, 11, step));
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
      for (std::size_t i = 0; i < below.size(); ++i) counts[i] += share < below[i].first ? 1 : 0;
    }
    const double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(variance / kDraws));
    EXPECT_NEAR(squares / kDraws, variance, 0.02 * variance);
    for (std::size_t i = 0; i < below.size(); ++i) {
      const double p = below[i].second;
      EXPECT_NEAR(static_cast<double>(counts[i]) / kDraws, p, 5 * std::sqrt(p * (1 - p) / kDraws) + 1e-6)
          << "Beta(" << alpha << "), below " << below[i].first;
    }
  }
  EXPECT_NE(mixing_share(0.2, 1, 0), mixing_share(0.2, 2, 0));
  for (int step = 0; step < 1000; ++step) {  // so small that the gamma draws themselves would underflow
    const double share = mixing_share(1e-4, 3, step);
    ASSERT_TRUE(share >= 0 && share <= 1);
  }
}

/// The loss of a step, against that of samples mixed by hand with targets that are probabilities, in float64.
TEST(Mixup, LearnsFromMixedSamplesAndTargets) {
  constexpr std::int64_t kBatch = 7;
  Sequential model = Sequential::parse("dense(6, act=tanh) dense(3)");
  model.build({2, 2}, 4);
  const Tensor x = normal({kBatch, 2, 2}, 5);
  std::vector<std::int32_t> labels(kBatch);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i * i % 3);
  const Tensor y = Tensor::from(labels, Shape{kBatch});
  for (const char* loss : {"cross_entropy", "cross_entropy(label_smoothing=0.1)", "mse"}) {
    SCOPED_TRACE(loss);
    const bool values = std::string(loss) == "mse";
    const Tensor numbers = normal({kBatch, 3}, 6);
    TrainingStep step(model,
                      {.input = {2, 2},
                       .target_type = values ? DType::f32 : DType::i32,
                       .target = values ? Shape{3} : Shape{}},
                      {.loss = Loss::parse(loss), .mixup = 0.4, .seed = 8});
    step.set_learning_rate(1e-30);  // the weights stay
    for (std::int64_t t = 0; t < 5; ++t) {
      const double share = step.mixing().item();
      EXPECT_FLOAT_EQ(static_cast<float>(share), static_cast<float>(mixing_share(0.4, 8, t)));
      std::vector<double> mixed(x.to_vector());
      std::vector<double> targets(kBatch * 3);
      const std::vector<double> from = x.to_vector();
      const std::vector<double> wanted = numbers.to_vector();
      for (std::size_t i = 0; i < kBatch; ++i) {
        const std::size_t j = kBatch - 1 - i;
        for (std::size_t k = 0; k < 4; ++k)
          mixed[4 * i + k] = share * from[4 * i + k] + (1 - share) * from[4 * j + k];
        for (std::size_t k = 0; k < 3; ++k) {
          const auto of = [&](std::size_t s) {
            return values ? wanted[3 * s + k] : static_cast<std::size_t>(labels[s]) == k ? 1.0 : 0.0;
          };
          targets[3 * i + k] = share * of(i) + (1 - share) * of(j);
        }
      }
      const Tensor prediction = model(filled(mixed, {kBatch, 2, 2}));
      const double expected =
          interpret<double>({Loss::parse(loss)(prediction, filled(targets, {kBatch, 3}))})[0].item();
      EXPECT_NEAR(step(x, values ? numbers : y), expected, 2e-6 * std::max(1.0, expected)) << "step " << t;
    }
  }
}

TEST(Mixup, RefusesWhatIsNoShape) {
  Sequential model = Sequential::parse("dense(2)");
  model.build({2}, 1);
  for (const double bad : {-0.1, std::nan(""), HUGE_VAL}) {
    EXPECT_THROW(TrainingStep(model, {.input = {2}, .target = {2}}, {.mixup = bad}), ConfigError) << bad;
  }
}

}  // namespace
}  // namespace hebb
