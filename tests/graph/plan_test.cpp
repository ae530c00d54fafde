// Plans against the interpreter: fusion, memory sharing and in-place updates must not change what is
// computed.

#include "graph/plan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>

#include "graph/interpreter.hpp"
#include "graph/sampler.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "hebb/transforms.hpp"

namespace hebb {
namespace {

void expect_close(const Tensor& fast, const Tensor& exact, double tolerance = 2e-5) {
  const auto got = fast.to_vector();
  const auto want = exact.to_vector();
  ASSERT_EQ(fast.shape(), exact.shape());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::abs(want[i]))) << "element " << i;
  }
}

void expect_like_interpreter(const Tensors& expressions, double tolerance = 2e-5) {
  const Tensors fast = evaluate(expressions);
  const Tensors exact = interpret<double>(expressions);
  for (std::size_t i = 0; i < fast.size(); ++i) expect_close(fast[i], exact[i], tolerance);
}

Tensor normal(Sampler& s, std::int64_t rows, std::int64_t columns) { return s.normal({rows, columns}); }

/// A two-layer network's loss and its gradients.
Tensors network(Sampler& s, std::int64_t batch, std::int64_t in, std::int64_t hidden, std::int64_t out) {
  const Tensor x = normal(s, batch, in);
  const Tensor w1 = normal(s, in, hidden);
  const Tensor b1 = s.normal({hidden});
  const Tensor w2 = normal(s, hidden, out);
  const Tensor b2 = s.normal({out});
  const Tensor target = normal(s, batch, out);
  const Tensor h = tanh(matmul(x, w1) + b1);
  const Tensor y = sigmoid(matmul(h, w2) + b2);
  const Tensor loss = sum(square(y - target));
  Tensors all = gradients(loss, {w1, b1, w2, b2, x});
  all.push_back(loss);
  all.push_back(h);
  return all;
}

TEST(Plan, NetworksOfManyShapes) {
  Sampler s(1, 0, false);
  for (int trial = 0; trial < 30; ++trial) {
    expect_like_interpreter(network(s, s.extent(), s.extent(), s.extent(), s.extent()), 1e-4);
    if (HasFatalFailure()) return;
  }
}

TEST(Plan, FusesTheChainBehindAProduct) {
  Sampler s(2, 0, false);
  const Tensor x = normal(s, 5, 3);
  const Tensor y = sigmoid(matmul(x, normal(s, 3, 4)) + s.normal({4})) * 2.0;
  const Plan plan({.inputs = {}, .bound = {}, .outputs = {y}, .updates = {}});
  const std::string text = plan.to_string();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  expect_like_interpreter({y});
}

/// What batch normalisation and its gradient are made of, [rows, columns].
Tensors standardization(Sampler& s, std::int64_t rows, std::int64_t columns) {
  const Tensor x = normal(s, rows, columns);
  const Tensor scale = s.normal({columns});
  const Tensor shift = s.normal({columns});
  const Tensor centred = x - mean(x, {0}, true);
  const Tensor y = relu(centred / sqrt(var(x, {0}, true) + 1e-5) * scale + shift);
  const Tensor loss = sum(square(y - normal(s, rows, columns)));
  Tensors all = gradients(loss, {scale, shift, x});
  all.push_back(y);
  return all;
}

TEST(Plan, SumsRowsOnTheWay) {
  Sampler s(21, 0, false);
  for (const auto& [rows, columns] : {std::pair{3000, 16},
                                      {2049, 16},
                                      {1100, 30},
                                      {40, 1000},
                                      {16384, 2},
                                      {33, 1024},
                                      {64, 1500},
                                      {9, 5}}) {
    const Tensors all = standardization(s, rows, columns);
    // Each sum has terms of either sign: what is left of it may be small beside them.
    expect_like_interpreter(all, 2e-4);
    if (HasFatalFailure()) return;
    const int before = threads();
    set_threads(1);
    const Tensors alone = evaluate(all);
    set_threads(3);
    const Tensors shared = evaluate(all);
    set_threads(before);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(alone[i].to_vector(), shared[i].to_vector());
  }
  // Neither sum of the gradients is a step of its own, where there is enough to sum.
  const auto steps_that_sum = [&](std::int64_t rows) {
    const Plan plan({.inputs = {}, .bound = {}, .outputs = standardization(s, rows, 16), .updates = {}});
    const std::string text = plan.to_string();
    int count = 0;
    for (std::size_t at = 0; (at = text.find("\nsum#", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  EXPECT_EQ(steps_that_sum(3000), 0);
  EXPECT_GT(steps_that_sum(30), 0);
}

/// A sum may be taken only where what reads it comes later, whoever else reads what is summed.
TEST(Plan, SumsThatAreReadAtOnce) {
  Sampler s(22, 0, false);
  const Tensor x = normal(s, 4096, 16);
  const Tensor y = exp(x);
  const Tensor z = y / sum(y, {0}, true);          // reads both
  const Tensor w = z * y - sum(z * x, {0}, true);  // and so on
  expect_like_interpreter({z, w, sum(w, {0}), sum(y, {0}), sum(x, {0})}, 1e-4);
}

TEST(Plan, BroadcastsOfEveryKindInOneProgram) {
  Sampler s(3, 0, false);
  const Tensor full_shape = s.normal({4, 3, 5});
  const Tensor y = full_shape * s.normal({5}) + s.normal({3, 1}) * s.normal({4, 1, 1}) - s.normal({4, 1, 5}) +
                   Tensor(0.5) * s.normal({1});
  expect_like_interpreter({y, sum(y, {1}), exp(y)});
}

TEST(Plan, BroadcastOperandsBehindProducts) {
  Sampler s(4, 0, false);
  const Tensor product = matmul(normal(s, 6, 3), normal(s, 3, 5));
  expect_like_interpreter(
      {product * s.normal({6, 1}) + s.normal({5}), product - s.normal({1, 1}), product + s.normal({6, 5})});
  // Leading axes of the left operand are rows; an operand that varies along them in another way cannot be
  // fused.
  const Tensor deep = matmul(s.normal({2, 3, 4}), normal(s, 4, 5));
  expect_like_interpreter({deep * s.normal({2, 1, 1}), deep * s.normal({3, 1}), deep + s.normal({5}),
                           tanh(deep) * s.normal({2, 3, 1})});
}

TEST(Plan, ViewsOfFusedValues) {
  Sampler s(5, 0, false);
  const Tensor x = s.normal({4, 6});
  const Tensor y = tanh(x);
  const Tensor viewed = reshape(y, {6, 4});
  expect_like_interpreter({viewed * 2.0, reshape(viewed, {24}) + 1.0, y + 1.0, matmul(viewed, y)});
  expect_like_interpreter({reshape(x, {2, 12}), reshape(x * 1.5, {3, 8})});
}

TEST(Plan, ConstantsThatKernelsRead) {
  Sampler s(6, 0, false);
  const Tensor ones = full(2.0, {3, 4});
  expect_like_interpreter({matmul(ones, normal(s, 4, 2)), ones, sum(ones), ones + normal(s, 3, 4)});
}

TEST(Plan, EmptyAndScalarTensors) {
  const Tensor empty = Tensor::from(std::initializer_list<float>{}, {0, 3});
  expect_like_interpreter({empty + 1.0, sum(empty), matmul(empty, full(1.0, {3, 2})),
                           matmul(full(1.0, {2, 0}), full(1.0, {0, 2}))});
  expect_like_interpreter({Tensor(2.0) * 3.0});
}

TEST(Tensor, EmptyOnesAreRefused) {
  const Tensor none;
  const Tensor x = full(1.0, {2});
  const std::vector<std::function<void()>> uses = {
      [&] { none.shape(); },
      [&] { none.to_vector(); },
      [&] { evaluate(none); },
      [&] { none + x; },
      [&] { pow(x, none); },
      [&] { sum(none); },
      [&] { mean(none); },
      [&] { broadcast_to(none, {2}); },
      [&] { cast(none, DType::f64); },
      [&] { neg(none); },
      [&] { gradients(none, {x}); },
      [&] { gradients(sum(x), {none}); },
      [&] { grad([](const Tensors& in) { return sum(in[0]); })({none}); },
      [&] { compile([](const Tensors& in) { return in; })({none}); },
      [&] { compile([](const Tensors&) { return Tensors(1); })({}); },
  };
  for (std::size_t i = 0; i < uses.size(); ++i) EXPECT_THROW(uses[i](), Error) << i;
}

TEST(Tensor, ConstantsObeyTheRulesOfShapeAndType) {
  EXPECT_THROW(reshape(full(1.0, {2, 3}), {4}), ShapeError);
  EXPECT_THROW(broadcast_to(full(1.0, {2, 3}), {4, 2}), ShapeError);
  EXPECT_EQ(sum(full(std::numeric_limits<double>::infinity(), {0, 3})).item(), 0);
  const Tensor labels = Tensor::from(std::vector<std::int32_t>{1, 2}, Shape{2});
  EXPECT_THROW(labels * 1.0, ShapeError);
  EXPECT_THROW(labels + 0.0, ShapeError);
  EXPECT_THROW(pow(labels, 2.0), ShapeError);
}

/// A value made of some of those before it, all [4, 6]: by element-wise ops, whose turn it is most often,
/// products, reductions, views and ops with kernels of their own.
Tensor grown(Sampler& s, const Tensors& values) {
  const auto any = [&] {
    return values[static_cast<std::size_t>(s.integer(0, static_cast<std::int64_t>(values.size()) - 1))];
  };
  switch (s.integer(0, 12)) {
    case 0: return any() + any();
    case 1: return any() * tanh(any());
    case 2: return any() - any();
    case 3: return tanh(any());
    case 4: return sigmoid(any());
    case 5: return any() * (1.0 - square(any()) * 0.1);
    case 6: return tanh(matmul(any(), s.normal({6, 6})) + s.normal({6}));
    case 7: return matmul(s.normal({4, 4}), any()) * 0.3;
    case 8: return any() + mean(any(), {0}, true);
    case 9: return reshape(tanh(reshape(any(), {2, 12}) * 0.5), {4, 6});
    case 10: return transpose(sigmoid(transpose(any())));
    case 11:
      return reshape(conv2d(reshape(any(), {1, 4, 6, 1}), s.normal({3, 3, 1, 1}), {.padding = {1, 1, 1, 1}}),
                     {4, 6}) *
             0.2;
    default: return softmax(any(), 1);
  }
}

/// Whatever is fused, deferred, placed and shared: the values are the interpreter's.
TEST(Plan, RandomGraphsAndTheirGradients) {
  for (std::uint64_t trial = 0; trial < 150; ++trial) {
    SCOPED_TRACE(trial);
    Sampler s(77, trial, false);
    const Tensors leaves = {s.normal({4, 6}), s.normal({4, 6})};
    Tensors values = leaves;
    for (int i = 0; i < 18; ++i) values.push_back(grown(s, values));
    Tensors wanted = gradients(mean(values.back() + values[values.size() / 2]), leaves);
    const Tensors second = gradients(sum(square(wanted[0])), leaves);
    wanted.insert(wanted.end(), second.begin(), second.end());
    for (std::size_t i = 2; i < values.size(); i += 3) wanted.push_back(values[i]);
    expect_like_interpreter(wanted, 1e-3);
    if (HasFatalFailure()) return;
  }
}

TEST(Plan, JoinsCommonSubexpressions) {
  Sampler s(7, 0, false);
  const Tensor x = s.normal({3, 3});
  const Tensor y = matmul(x, x) + matmul(x, x);
  const Plan plan({.inputs = {}, .bound = {}, .outputs = {y}, .updates = {}});
  const std::string text = plan.to_string();
  EXPECT_EQ(text.find("matmul"), text.rfind("matmul#")) << text;
  expect_like_interpreter({y});
}

TEST(Plan, RefusesUnboundPlaceholdersAndDoubles) {
  EXPECT_THROW(evaluate(Tensor::placeholder({2}) + 1.0), Error);
  const Tensor x = Tensor::from(std::vector<double>{1, 2}, {2});
  EXPECT_THROW(Plan({.inputs = {}, .bound = {}, .outputs = {x + x}, .updates = {}}), ShapeError);
  EXPECT_EQ(evaluate(x * 0.1).data<double>()[0], 0.1);
}

/// Runs updates of bound leaves and compares with the interpreter's new values.
void expect_updates(const Tensors& leaves, const std::vector<PlanSpec::Update>& updates,
                    const Tensors& outputs, double tolerance = 2e-5) {
  Tensors wanted = outputs;
  for (const auto& update : updates) wanted.push_back(update.value);
  const Tensors exact = interpret<double>(wanted);
  std::vector<std::vector<float>> memory;
  std::vector<void*> addresses;
  for (const Tensor& leaf : leaves) {
    const auto values = leaf.data<float>();
    memory.emplace_back(values.begin(), values.end());
    memory.back().resize(values.size() + 64);
  }
  for (auto& cells : memory) addresses.push_back(cells.data());
  Execution execution(std::make_shared<const Plan>(
                          PlanSpec{.inputs = {}, .bound = leaves, .outputs = outputs, .updates = updates}),
                      addresses);
  execution.run();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto* got = static_cast<const float*>(execution.output(i));
    expect_close(Tensor::from(std::span<const float>(got, static_cast<std::size_t>(outputs[i].size())),
                              outputs[i].shape()),
                 exact[i], tolerance);
  }
  for (std::size_t u = 0; u < updates.size(); ++u) {
    for (std::size_t l = 0; l < leaves.size(); ++l) {
      if (!leaves[l].same_as(updates[u].leaf)) continue;
      const std::span<const float> got(memory[l].data(), static_cast<std::size_t>(leaves[l].size()));
      expect_close(Tensor::from(got, leaves[l].shape()), exact[outputs.size() + u], tolerance);
    }
  }
}

/// Graphs drawn at random from what is fused, computed anew and summed on the way.
TEST(Plan, GraphsOfSumsAndBroadcasts) {
  Random random(24, 0);
  const auto below = [&](std::size_t bound) {
    return static_cast<std::size_t>(random.below(static_cast<std::uint32_t>(bound)));
  };
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    Sampler s(25, trial, false);
    const std::int64_t rows = trial % 3 == 0 ? 7 : 2100;
    std::vector<Tensor> large = {normal(s, rows, 16), normal(s, rows, 16)};
    std::vector<Tensor> small = {s.normal({16}), normal(s, 1, 16), normal(s, rows, 1), s.normal({})};
    std::vector<Tensor> wanted;
    for (int step = 0; step < 14; ++step) {
      const Tensor& a = large[below(large.size())];
      const Tensor& b = large[below(large.size())];
      const Tensor& c = small[below(small.size())];
      switch (below(8)) {
        case 0: large.push_back(a - c); break;
        case 1: large.push_back(tanh(a) * c); break;
        case 2: large.push_back(a + 0.5 * b); break;
        case 3: large.push_back(tanh(a * b)); break;
        case 4: small.push_back(mean(a, {0}, true)); break;
        case 5: small.push_back(sum(a, {0}) * (1.0 / static_cast<double>(rows))); break;
        case 6: small.push_back(sum(a * b, {0}, true) * (1.0 / static_cast<double>(rows))); break;
        default: large.push_back(relu(a) - b); break;
      }
      if (below(5) == 0) wanted.push_back(large.back());
    }
    wanted.push_back(large.back());
    wanted.push_back(small.back());
    SCOPED_TRACE(trial);
    expect_like_interpreter(wanted, 1e-4);
    expect_updates({large[0]}, {{large[0], large.back()}}, wanted, 1e-4);
    if (HasFatalFailure()) return;
  }
}

/// Chains and sums that are longer than a program may be, and values that are read twice at every step.
TEST(Plan, LongPrograms) {
  Sampler s(26, 0, false);
  const Tensor x = normal(s, 5, 7);
  Tensor doubled = x;
  for (int i = 0; i < 60; ++i) doubled = (doubled + doubled) * 0.5;
  Tensor squared = tanh(x);
  for (int i = 0; i < 40; ++i) squared = squared * squared;
  Tensor total = normal(s, 5, 7);
  Tensor pairs = normal(s, 5, 7);
  for (int i = 0; i < 300; ++i) {
    total = total + normal(s, 5, 7);
    pairs = pairs + normal(s, 5, 7) * s.normal({7});
  }
  expect_like_interpreter({doubled, squared, total, pairs});
}

TEST(Plan, SumsWhatUpdatesInPlace) {
  Sampler s(23, 0, false);
  const Tensor leaf = normal(s, 4096, 16);
  const Tensor x = normal(s, 4096, 16);
  const Tensor next = square(leaf) * 0.5 + exp(x);  // sums of positive terms have nothing to cancel
  expect_updates({leaf}, {{leaf, next}},
                 {sum(next, {0}), sum(next * exp(x), {0}), sum(square(leaf * x), {0}), sum(abs(leaf), {0})});
}

TEST(Plan, UpdatesInPlaceAfterEverybodyHasRead) {
  Sampler s(8, 0, false);
  const Tensor x = normal(s, 7, 5);
  const Tensor w1 = normal(s, 5, 6);
  const Tensor w2 = normal(s, 6, 3);
  const Tensor v1 = normal(s, 5, 6);
  const Tensor h = tanh(matmul(x, w1));
  const Tensor loss = sum(square(matmul(h, w2)));
  const Tensors g = gradients(loss, {w1, w2});
  const Tensor new_v1 = 0.9 * v1 + g[0];
  expect_updates({w1, w2, v1}, {{w1, w1 - 0.1 * new_v1}, {w2, w2 - 0.1 * g[1]}, {v1, new_v1}}, {loss});
}

TEST(Plan, UpdatesThatMustNotBeInPlace) {
  Sampler s(9, 0, false);
  const Tensor a = normal(s, 4, 4);
  const Tensor b = normal(s, 4, 4);
  expect_updates({a, b}, {{a, b * 1.0}, {b, a + 0.0}}, {});  // a swap
  expect_updates({a, b}, {{a, b}, {b, a}}, {});              // the same without computing anything
  expect_updates({a}, {{a, matmul(a, a)}}, {});              // head of a group
  expect_updates({a}, {{a, matmul(a, b) * 0.5}}, {});        // the product reads what the epilogue writes
  expect_updates({a}, {{a, a * 0.5}}, {sum(a), a});          // the old value is an output
  expect_updates({a}, {{a, a + sum(a)}}, {});                // everybody must have read a first
  expect_updates({a}, {{a, a * reshape(transpose(a), {4, 4})}}, {});
  const Tensor doubled = a * 2.0;
  expect_updates({a}, {{a, doubled}}, {doubled * a, exp(doubled)});  // old and new value in one expression
  expect_updates({a, b}, {{a, doubled}, {b, doubled}}, {});          // one value for two leaves
}

TEST(Plan, SameBitsWithAnyNumberOfThreads) {
  Sampler s(10, 0, false);
  const Tensors expressions = network(s, 200, 150, 140, 30);
  const int before = threads();
  set_threads(1);
  const Tensors one = evaluate(expressions);
  for (const int count : {2, 3}) {
    set_threads(count);
    const Tensors many = evaluate(expressions);
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(
          std::memcmp(one[i].node().data, many[i].node().data, static_cast<std::size_t>(one[i].size()) * 4),
          0);
    }
  }
  set_threads(before);
}

TEST(Compile, TracesOncePerShapeAndKeepsFewPlans) {
  int calls = 0;
  const Compiled f = compile(
      [&](const Tensors& in) -> Tensors {
        ++calls;
        return {in[0] * 2.0 + in[1]};
      },
      {.cache_size = 2});
  const auto run = [&](std::int64_t n) { return f({full(3.0, {n}), full(1.0, {n})})[0].to_vector(); };
  EXPECT_EQ(run(4), std::vector<double>(4, 7.0));
  run(4);
  EXPECT_EQ(calls, 1);
  run(5);
  run(6);  // drops 4
  run(4);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(f.traces(), 4);
}

TEST(Compile, ServesSeveralThreadsAtOnce) {
  Sampler s(12, 0, false);
  const Tensor w = normal(s, 40, 30);
  const Compiled f = compile(
      [&](const Tensors& in) -> Tensors {
        return {tanh(matmul(in[0], w)), sum(in[0])};
      },
      {.cache_size = 2});
  std::vector<Tensor> inputs;
  std::vector<std::vector<double>> expected;
  for (const std::int64_t rows : {50, 51, 52, 53}) {
    inputs.push_back(normal(s, rows, 40));
    expected.push_back(f({inputs.back()})[0].to_vector());
  }
  const int before = threads();
  set_threads(2);
  std::vector<int> wrong(3);
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < wrong.size(); ++worker) {
    workers.emplace_back([&, worker] {
      for (std::size_t round = 0; round < 60; ++round) {
        const std::size_t k = (round + worker) % inputs.size();
        if (f({inputs[k]})[0].to_vector() != expected[k]) ++wrong[worker];
        if (evaluate(tanh(matmul(inputs[k], w))).to_vector() != expected[k]) ++wrong[worker];
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(wrong, std::vector<int>(3));
  set_threads(before);
}

TEST(Gradients, AtInfinityAndBesideLargeNumbers) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Tensor ends = Tensor::from({-infinity, infinity});
  EXPECT_EQ(gradients(sum(hard_swish(ends)), {ends})[0].to_vector(), (std::vector<double>{0, 1}));
  // Two equal logits share the probability, however large they are; in the plan and in the reference.
  const Tensor logits = Tensor::rows({{1e20F, 1e20F, 0}});
  const Tensor label = Tensor::from(std::vector<std::int32_t>{0}, Shape{1});
  const Tensor loss = sum(softmax_cross_entropy(logits, label));
  const Tensor slope = gradients(loss, {logits})[0];
  for (const Tensors& found : {evaluate(Tensors{loss, slope}), interpret<double>({loss, slope})}) {
    EXPECT_NEAR(found[0].item(), std::log(2.0), 1e-6);
    EXPECT_EQ(found[1].to_vector(), (std::vector<double>{-0.5, 0.5, 0}));
  }
}

TEST(Gradients, OfGradients) {
  // f(x) = x^4 at 3: 108, 108, 72, 24.
  const Tensor x = Tensor::from(std::vector<double>{3.0}, {1});
  Tensor y = sum(square(square(x)));
  EXPECT_DOUBLE_EQ(y.item(), 81.0);
  for (const double expected : {108.0, 108.0, 72.0, 24.0}) {
    y = sum(gradients(y, {x})[0]);
    EXPECT_NEAR(y.item(), expected, 1e-9);
  }
}

TEST(Gradients, GradTellsEqualArgumentsApart) {
  const ScalarFunction f = [](const Tensors& in) { return sum(in[0] * in[1] * in[1]); };
  const Tensor x = Tensor::from({2.0F, 3.0F});
  const Tensors g = grad(f)({x, x});
  EXPECT_EQ(g[0].to_vector(), (std::vector<double>{4, 9}));
  EXPECT_EQ(g[1].to_vector(), (std::vector<double>{8, 18}));
  const Tensors both = value_and_grad(f, {1})({x, x});
  EXPECT_EQ(both.size(), 2U);
  EXPECT_DOUBLE_EQ(both[0].item(), 35.0);
  EXPECT_EQ(gradients(sum(x), {Tensor::from({1.0F})})[0].to_vector(), std::vector<double>{0.0});
  EXPECT_THROW(gradients(x * 2.0, {x}), ShapeError);
}

TEST(Gradients, HessianVectorProductOfANetwork) {
  // d/dt gradient(w + t v) by central differences against the gradient of (gradient . v), in float64.
  Sampler s(11, 0, false);
  const Tensor x = normal(s, 6, 3);
  const Tensor target = normal(s, 6, 2);
  const Tensor w1 = normal(s, 3, 5);
  const Tensor w2 = normal(s, 5, 2);
  const Tensor v1 = normal(s, 3, 5);
  const Tensor v2 = normal(s, 5, 2);
  const Tensor loss = mean(square(matmul(tanh(matmul(x, w1)), w2) - target));
  const Tensors g = gradients(loss, {w1, w2});
  const Tensors product = gradients(sum(g[0] * v1) + sum(g[1] * v2), {w1, w2});
  constexpr double kStep = 1e-4;
  const auto at = [&](double t) {
    return interpret<double>(
        g, {{w1, interpret<double>({w1 + t * v1})[0]}, {w2, interpret<double>({w2 + t * v2})[0]}});
  };
  const Tensors ahead = at(kStep);
  const Tensors behind = at(-kStep);
  const Tensors exact = interpret<double>(product);
  double largest = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto a = ahead[i].to_vector();
    const auto b = behind[i].to_vector();
    const auto e = exact[i].to_vector();
    for (std::size_t j = 0; j < e.size(); ++j) {
      EXPECT_NEAR((a[j] - b[j]) / (2 * kStep), e[j], 1e-6);
      largest = std::max(largest, std::abs(e[j]));
    }
  }
  EXPECT_GT(largest, 0.01);
}

TEST(Graph, AMillionNodesAreBuiltAndFreed) {
  Tensor x = Tensor::from({1.0F});
  for (int i = 0; i < 1'000'000; ++i) x = neg(x) * 1.0 + x;
  EXPECT_EQ(x.shape(), Shape{1});
}

}  // namespace
}  // namespace hebb
