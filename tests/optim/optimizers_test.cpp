#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "golden.hpp"
#include "graph/interpreter.hpp"
#include "graph/plan.hpp"
#include "graph/sampler.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/optim.hpp"

namespace hebb {
namespace {

using testing::find;
using testing::Golden;
using testing::read_golden;

Tensor vector_of(const std::vector<double>& values) {
  return Tensor::from(values, Shape{static_cast<std::int64_t>(values.size())});
}

/// The optimiser's trajectory in float64, by the expressions that plans are made of.
std::vector<double> trajectory(const Optimizer& optimizer, const Golden& golden, std::size_t steps) {
  const Tensor a = vector_of(find(golden, "a"));
  const Tensor b = vector_of(find(golden, "b"));
  Tensor p = vector_of(find(golden, "p"));
  std::vector<Tensor> state;
  for (int slot = 0; slot < optimizer.slots(); ++slot) {
    state.push_back(
        vector_of(std::vector<double>(static_cast<std::size_t>(p.size()), optimizer.initial_state(slot))));
  }
  std::vector<double> path;
  std::vector<double> numbers(static_cast<std::size_t>(optimizer.coefficient_count()));
  for (std::size_t t = 1; t <= steps; ++t) {
    optimizer.coefficients(static_cast<std::int64_t>(t), optimizer.learning_rate(), numbers);
    std::vector<Tensor> coefficients;
    for (const double number : numbers) coefficients.push_back(Tensor::from(std::span(&number, 1), Shape{}));
    // The derivative by hand: what is tested is the optimiser alone. cos(x) = 1 - 2 sin(x/2)^2 is no op, so
    // the gradient is a leaf.
    const std::vector<double> at = p.to_vector();
    std::vector<double> g;
    for (std::size_t i = 0; i < at.size(); ++i) {
      g.push_back(find(golden, "a")[i] * at[i] +
                  find(golden, "b")[i] * std::cos(find(golden, "b")[i] * at[i]));
    }
    const ParameterUpdate update = optimizer.update(p, vector_of(g), state, coefficients);
    std::vector<Tensor> all = {update.parameter};
    all.insert(all.end(), update.state.begin(), update.state.end());
    all = interpret<double>(all);
    p = all.front();
    state.assign(all.begin() + 1, all.end());
    const std::vector<double> now = p.to_vector();
    path.insert(path.end(), now.begin(), now.end());
  }
  return path;
}

/// One step of a plan, against the same expressions in float64; returns the plan's description.
std::string expect_planned_step(const Optimizer& optimizer, const Shape& shape) {
  Sampler sampler(3, 1, false);
  const Tensor g = sampler.normal(shape);
  std::vector<Tensor> leaves = {sampler.normal(shape)};
  for (int slot = 0; slot < optimizer.slots(); ++slot)
    leaves.push_back(evaluate(abs(sampler.normal(shape)) + 0.1));
  std::vector<double> numbers(static_cast<std::size_t>(optimizer.coefficient_count()));
  optimizer.coefficients(4, 0.1, numbers);
  std::vector<Tensor> coefficients;
  for (const double number : numbers) {
    const auto single = static_cast<float>(number);
    coefficients.push_back(Tensor::from(std::span(&single, 1), Shape{}));
  }
  const ParameterUpdate update =
      optimizer.update(leaves[0], g, std::span<const Tensor>(leaves).subspan(1), coefficients);
  std::vector<Tensor> values = {update.parameter};
  values.insert(values.end(), update.state.begin(), update.state.end());
  const Tensors exact = interpret<double>(values);
  PlanSpec spec;
  spec.bound = leaves;
  std::vector<std::vector<float>> memory;
  std::vector<void*> addresses;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    spec.updates.push_back({leaves[i], values[i]});
    memory.emplace_back(leaves[i].data<float>().begin(), leaves[i].data<float>().end());
    addresses.push_back(memory.back().data());
  }
  const auto plan = std::make_shared<const Plan>(std::move(spec));
  Execution(plan, addresses).run();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const std::vector<double> want = exact[i].to_vector();
    for (std::size_t k = 0; k < want.size(); ++k) {
      EXPECT_NEAR(memory[i][k], want[k], 1e-6 * std::max(1.0, std::abs(want[k])))
          << optimizer.name() << ", " << to_string(shape) << ", element " << k;
    }
  }
  return plan->to_string();
}

TEST(Optimizers, PlansComputeTheSameAsTheInterpreter) {
  for (const std::string_view name : optimizer_names()) {
    for (const Shape& shape :
         {Shape{1}, Shape{2}, Shape{7}, Shape{8}, Shape{5, 9}, Shape{33, 40}, Shape{300, 100}}) {
      const std::string plan = expect_planned_step(Optimizer::parse(name), shape);
      if (shape.elements() > 1 && (name == "adam" || name == "adamw" || name == "rmsprop")) {
        EXPECT_NE(plan.find("in one kernel"), std::string::npos) << name << ":\n" << plan;
      }
    }
  }
}

TEST(Optimizers, FollowPyTorchInFloat64) {
  const Golden golden = read_golden("optim/golden/optimizers.txt");
  int checked = 0;
  for (const auto& [text, expected] : golden) {
    if (text.size() == 1) continue;  // the objective
    SCOPED_TRACE(text);
    const std::size_t n = find(golden, "p").size();
    const std::vector<double> got = trajectory(Optimizer::parse(text), golden, expected.size() / n);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], expected[i], 1e-12 * std::max(1.0, std::abs(expected[i]))) << "step " << i / n + 1;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 14);
}

TEST(Optimizers, KnowTheirNamesAndRefuseNonsense) {
  for (const std::string_view name : optimizer_names()) EXPECT_NO_THROW(Optimizer::parse(name)) << name;
  EXPECT_DOUBLE_EQ(Optimizer::parse("adamw").weight_decay(), 0.01);
  EXPECT_DOUBLE_EQ(Optimizer::parse("adam").learning_rate(), 1e-3);
  for (const char* text :
       {"", "adm", "adam(", "adam(beta1=2)", "adam(beta=0.5)", "sgd(learning_rate=-1)",
        "sgd(learning_rate=nan)", "sgd(learning_rate=0)", "adam adam", "momentum(momentum=1)",
        "sgd(learning_rate=1, learning_rate=2)", "rprop(shrink=1)"}) {
    EXPECT_THROW(Optimizer::parse(text), ConfigError) << text;
  }
  try {
    Optimizer::parse("adma");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'adam'"), std::string::npos) << error.what();
  }
}

TEST(Schedules, FollowPyTorch) {
  const Golden golden = read_golden("optim/golden/schedules.txt");
  const std::vector<double> losses = find(golden, "losses");
  constexpr std::int64_t kPerEpoch = 5;
  for (const auto& [text, expected] : golden) {
    if (text == "losses") continue;
    SCOPED_TRACE(text);
    Schedule schedule = Schedule::parse(text);
    const auto total = static_cast<std::int64_t>(expected.size());
    for (std::int64_t step = 0; step < total; ++step) {
      EXPECT_NEAR(schedule.rate(0.4, step, kPerEpoch, total), expected[static_cast<std::size_t>(step)], 1e-14)
          << step;
      if ((step + 1) % kPerEpoch == 0) schedule.observe(losses[static_cast<std::size_t>(step / kPerEpoch)]);
    }
    EXPECT_EQ(Schedule::parse(schedule.describe()).describe(), schedule.describe());
  }
}

TEST(Schedules, CarryTheirStateOver) {
  Schedule a = Schedule::parse("plateau(patience=2)");
  for (const double loss : {1.0, 2.0, 2.0, 2.0, 2.0}) a.observe(loss);
  Schedule b = Schedule::parse("plateau(patience=2)");
  b.set_state(a.state());
  for (const double loss : {2.0, 2.0, 0.5, 3.0}) {
    a.observe(loss);
    b.observe(loss);
    EXPECT_EQ(a.rate(1, 0, 1, 1), b.rate(1, 0, 1, 1));
  }
  EXPECT_LT(a.rate(1, 0, 1, 1), 0.05);
  EXPECT_THROW(b.set_state(std::vector<double>{1}), FormatError);
  for (const char* text :
       {"cosin", "step(epochs=0)", "cosine(least=-1)", "constant(warmup=1.5)", "step(gamma=0)"}) {
    EXPECT_THROW(Schedule::parse(text), ConfigError) << text;
  }
}

double rosenbrock(std::span<const double> x, std::span<double> g) {
  std::fill(g.begin(), g.end(), 0.0);
  double f = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const double u = x[i + 1] - x[i] * x[i];
    f += 100 * u * u + (1 - x[i]) * (1 - x[i]);
    g[i] += -400 * x[i] * u - 2 * (1 - x[i]);
    g[i + 1] += 200 * u;
  }
  return f;
}

TEST(Lbfgs, FollowsTheTextbookInNumpy) {
  for (const auto& [history, expected] : read_golden("optim/golden/lbfgs.txt")) {
    SCOPED_TRACE(history);
    Lbfgs method({.history = std::stoi(history), .gradient_tolerance = 0, .change_tolerance = 0});
    std::vector<double> x = {-1.2, 1, 0.5, -0.3};
    for (std::size_t at = 0; at < expected.size(); at += x.size() + 1) {
      const double loss = method.step(x, rosenbrock);
      // Sums in another order differ by rounding, which the curved valley magnifies from step to step.
      EXPECT_NEAR(loss, expected[at], 1e-7 * std::max(1.0, expected[at]))
          << "iteration " << at / (x.size() + 1);
      for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], expected[at + 1 + i], 1e-7);
    }
  }
}

TEST(Lbfgs, FindsTheMinimumAndStops) {
  Lbfgs method;
  std::vector<double> x(10, -1.0);
  int iterations = 0;
  while (!method.converged() && iterations < 200) {
    method.step(x, rosenbrock);
    ++iterations;
  }
  EXPECT_LT(iterations, 100);
  for (const double value : x) EXPECT_NEAR(value, 1.0, 1e-4);
}

TEST(Lbfgs, GoesOnFromItsState) {
  std::vector<double> x = {-1.2, 1, 0.5, -0.3};
  Lbfgs one;
  for (int i = 0; i < 5; ++i) one.step(x, rosenbrock);
  Lbfgs two;
  two.set_state(one.state());
  std::vector<double> y = x;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(one.step(x, rosenbrock), two.step(y, rosenbrock));
    EXPECT_EQ(x, y);
  }
  EXPECT_THROW(two.set_state(std::vector<double>{4, 1, 0, 0, 0}), FormatError);
}

TEST(Clipping, LimitsByValueThenByNorm) {
  const Tensors g = {Tensor::from({3.0F, -4.0F}), Tensor::from({0.0F, 12.0F})};
  EXPECT_EQ(clip_gradients(g, {.value = 3.5})[0].to_vector(), (std::vector<double>{3, -3.5}));
  const Tensors scaled = clip_gradients(g, {.norm = 6.5});  // the norm is 13
  EXPECT_NEAR(scaled[0].to_vector()[0], 1.5, 1e-6);
  EXPECT_NEAR(scaled[1].to_vector()[1], 6.0, 1e-6);
  EXPECT_EQ(clip_gradients(g, {.norm = 20})[1].to_vector()[1], 12);
  EXPECT_THROW(clip_gradients(g, {.norm = -1}), ConfigError);
}

}  // namespace
}  // namespace hebb
