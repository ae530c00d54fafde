#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "graph/interpreter.hpp"
#include "graph/node.hpp"
#include "graph/op.hpp"
#include "hebb/model.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/training_step.hpp"
#include "hebb/transforms.hpp"

namespace hebb {
namespace {

Tensor drawn(const Shape& shape, Random& random, float least = -2) {
  return Tensor::make<float>(shape, [&](float* to) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) to[i] = random.uniform(least, 2);
  });
}

/// Operations of a graph.
std::int64_t operations(const Tensor& y) {
  const auto order = topological_order({y});
  return std::count_if(order.begin(), order.end(), [](const Node* node) { return !node->is_leaf(); });
}

/// A linear op with its input and weights, and the terms it sums for one result.
struct Linear {
  std::function<Tensor(const Tensor& x, const Tensor& weights)> apply;
  Shape input;
  Tensor weights;
  std::int64_t terms;
};

Linear random_linear(Random& random) {
  const std::int64_t inputs = 1 + random.below(3);
  const std::int64_t outputs = 1 + random.below(4);
  const std::int64_t size = 1 + random.below(5);
  switch (random.below(4)) {
    case 0: {
      const ConvOptions options = {.stride = {1, 2},
                                   .padding = {1, 0, 2, 1},
                                   .groups = 1 + static_cast<std::int64_t>(random.below(2))};
      return {[=](const Tensor& x, const Tensor& w) { return conv2d(x, w, options); },
              {2, size + 1, size, inputs * options.groups},
              drawn({2, 3, inputs, outputs * options.groups}, random),
              6 * inputs};
    }
    case 1: {
      const Shape images = {2, size + 2, 2 * size + 2, outputs};
      return {[=](const Tensor& x, const Tensor& w) {
                return conv2d_image_gradient(x, w, images, {.stride = {1, 2}});
              },
              {2, size, size, inputs},
              drawn({3, 4, outputs, inputs}, random),
              12 * inputs};
    }
    case 2:
      return {[](const Tensor& x, const Tensor& w) { return matmul(x, w); },
              {size, inputs},
              drawn({inputs, outputs}, random),
              inputs};
    default:
      return {[](const Tensor& x, const Tensor& w) { return matmul(x, w, {.transpose_b = true}); },
              {3, size, inputs},
              drawn({outputs, inputs}, random),
              inputs};
  }
}

/// [channels], [1, ..., channels] or a scalar, away from zero.
Tensor random_constant(const Shape& y, Random& random) {
  std::vector<std::int64_t> extents;
  const std::uint32_t kind = random.below(3);
  if (kind == 1) extents.resize(static_cast<std::size_t>(y.rank() - 1), 1);
  if (kind != 2) extents.push_back(y[-1]);
  // An expression of constants is as good as a constant.
  const Tensor c = drawn(Shape(extents), random, 0.5F);
  return random.below(2) == 0 ? c : sqrt(c + 0.5);
}

/// One operation of a chain: what it makes of y, and of scale and shift, which are [channels] or [].
struct Step {
  enum Kind : std::uint8_t { add, add_first, subtract, multiply, multiply_first, divide, change_shape } kind;
  Tensor constant = {};

  Tensor operator()(const Tensor& y) const {
    switch (kind) {
      case add: return y + constant;
      case add_first: return constant + y;
      case subtract: return y - constant;
      case multiply: return y * constant;
      case multiply_first: return constant * y;
      case divide: return y / constant;
      case change_shape: return reshape(y, {1, -1, 1, y.shape()[-1]});
    }
    return {};
  }
  bool scales() const { return kind == multiply || kind == multiply_first || kind == divide; }
  void follow(Tensor& scale, Tensor& shift) const {
    if (kind == change_shape) return;
    const Tensor c = constant.size() == 1 ? reshape(constant, {}) : reshape(constant, {constant.size()});
    const Step flat{kind, c};
    shift = flat(shift);
    if (scales()) scale = flat(scale);
  }
};

TEST(FoldConstants, KeepsTheFunctionAndSavesTheOperations) {
  Random random(3);
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(i);
    const Linear linear = random_linear(random);
    const Tensor value = drawn(linear.input, random);
    Tensor scale = 1.0;
    Tensor shift = 0.0;
    std::vector<Step> steps;
    bool reshaped = false;
    Tensor y = linear.apply(value, linear.weights);
    for (std::int64_t count = 2 + random.below(4); count > 0; --count) {
      steps.push_back({static_cast<Step::Kind>(random.below(7))});
      reshaped = reshaped || steps.back().kind == Step::change_shape;
      if (steps.back().kind != Step::change_shape) steps.back().constant = random_constant(y.shape(), random);
      y = steps.back()(y);
      steps.back().follow(scale, shift);
    }
    const auto apply = [&](const Tensor& x) {
      Tensor result = linear.apply(x, linear.weights);
      for (const Step& step : steps) result = step(result);
      return relu(result);  // ends the chain
    };
    const Tensor x = Tensor::placeholder(linear.input);
    const Tensor folded = fold_constants(apply(x));

    const auto exact = interpret<double>({apply(value)})[0].to_vector();
    const auto folded_exactly = interpret<double>({folded}, {{x, value}})[0].to_vector();
    const auto folded_fast =
        compile([&](const Tensors& in) { return Tensors{fold_constants(apply(in[0]))}; })({value})[0]
            .to_vector();
    const Tensor sizes = reshape(linear.apply(abs(value), abs(linear.weights)), y.shape().extents());
    const auto bounds = interpret<double>({sizes * abs(scale) + abs(shift)})[0].to_vector();
    ASSERT_EQ(folded_fast.size(), exact.size());
    for (std::size_t k = 0; k < exact.size(); ++k) {
      // Each weight and the shift are rounded once; then comes a rounding for each term and the sum.
      EXPECT_NEAR(folded_exactly[k], exact[k], 0x1.001p-24 * bounds[k]);
      EXPECT_NEAR(folded_fast[k], exact[k], static_cast<double>(linear.terms + 2) * 0x1.001p-24 * bounds[k]);
    }
    const auto scales = [](const Step& step) { return step.scales(); };
    const auto adds = [](const Step& step) { return !step.scales() && step.kind != Step::change_shape; };
    const bool scaled = std::any_of(steps.begin(), steps.end(), scales);
    const auto shifts = std::count_if(steps.begin(), steps.end(), adds);
    if (!scaled && shifts < 2) continue;
    EXPECT_LE(operations(folded), 2 + (shifts > 0 ? 1 : 0) + (reshaped ? 1 : 0));
  }
}

TEST(FoldConstants, LeavesWhatItMayNotTouch) {
  Random random(5);
  const Tensor x = Tensor::placeholder({2, 4, 4, 4});
  const Tensor filter = drawn({3, 3, 4, 4}, random);
  const Tensor y = conv2d(x, filter);
  const Tensor c = drawn({4}, random, 0.5F);
  const Tensor grouped = conv2d_image_gradient(x, drawn({1, 1, 2, 4}, random), {2, 4, 4, 4}, {.groups = 2});
  for (const Tensor& left : {
           y + c,                                             // a bias is one already
           c / (y + c),                                       // not linear
           y * mean(x),                                       // no constant
           y * drawn({2, 2, 1}, random),                      // for places, not channels
           y * drawn({3, 2, 2, 2, 4}, random),                // makes more of it
           conv2d(x, Tensor::placeholder({3, 3, 4, 4})) * c,  // weights that may change
           grouped * c,                                       // channels of a group are shared
           x * c + c,                                         // no product before it
           transpose(y, {0, 3, 1, 2}) * drawn({2}, random),   // another axis is the last
           reshape(y, {2, -1}) * drawn({16}, random),
       }) {
    EXPECT_TRUE(fold_constants(left).same_as(left));
  }
  // The convolution is needed as it is, and would be computed twice.
  const Tensor twice = relu(y * c) + y;
  EXPECT_TRUE(fold_constants(twice).same_as(twice));
  // But what comes behind the place where the ways part is folded, here into the next product.
  const Tensor after = conv2d(twice, drawn({1, 1, 4, 4}, random)) * c;
  EXPECT_EQ(operations(fold_constants(after)), operations(after) - 1);
}

/// Scales, variances, shifts and means as after some training.
Sequential trained(const char* text, const Shape& input) {
  Sequential model = Sequential::parse(text);
  model.build(input, 3);
  Random random(7);
  for (const NamedTensor& p : parameters(model)) {
    const bool positive = p.name.ends_with("variance");
    if (p.value->shape().rank() == 1) *p.value = drawn(p.value->shape(), random, positive ? 0.5F : -2.0F);
  }
  return model;
}

/// The model whose output, for |x|, is what that of the first is at most, and what its rounding errors are
/// relative to: all weights and shifts positive, all means negative.
Sequential of_absolutes(const Sequential& model) {
  Sequential result = model;
  for (const NamedTensor& p : parameters(result)) {
    const Tensor size = abs(*p.value);
    *p.value = evaluate(p.name.ends_with("mean") ? -size : size);
  }
  return result;
}

TEST(FoldConstants, LeavesNothingOfBatchNormalisation) {
  struct Case {
    const char* text;
    Shape input;
    std::int64_t operations;  // products, biases, activations and changes of shape
    double roundings;  // on the way to an output: one for each term, two for the rounded weights and bias
  };
  for (const Case& c : {Case{"dense(5) batch_norm relu", {4}, 3, 4 + 2},
                        Case{"conv(5, bias=false) batch_norm relu", {5, 4, 3}, 3, 27 + 2},
                        Case{"conv_transpose(5, stride=2) batch_norm relu", {3, 4, 3}, 3, 27 + 2},
                        Case{"conv1d(6, groups=2) batch_norm relu", {7, 2}, 5, 3 + 2},
                        Case{"conv(4, bias=false) batch_norm relu residual(conv(6, stride=2, padding=1) "
                             "batch_norm relu conv(6, padding=1, bias=false) batch_norm, "
                             "projection=conv(6, kernel=1, stride=2) batch_norm) relu globalavgpool dense(3)",
                             {8, 8, 2},
                             15,
                             (18 + 2) + (36 + 2) + (54 + 2) + 1 + (9 + 1) + (6 + 2)}}) {
    SCOPED_TRACE(c.text);
    const Sequential model = trained(c.text, c.input);
    std::vector<std::int64_t> extents = c.input.extents();
    extents.insert(extents.begin(), 2);
    const Tensor x = Tensor::placeholder(Shape(extents));
    EXPECT_EQ(operations(fold_constants(model(x))), c.operations);
    Random random(9);
    const Tensor value = drawn(x.shape(), random);
    const auto exact = interpret<double>({model(value)})[0].to_vector();
    const auto bound = interpret<double>({of_absolutes(model)(abs(value))})[0].to_vector();
    Predictor predictor(model, c.input);
    const std::span<const float> got = predictor(value.data<float>());
    ASSERT_EQ(got.size(), exact.size());
    for (std::size_t i = 0; i < exact.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(got[i]), exact[i], c.roundings * 0x1.001p-24 * bound[i]);
    }
  }
}

}  // namespace
}  // namespace hebb
