#include "hebb/precision.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "graph/interpreter.hpp"
#include "graph/op.hpp"
#include "graph/sampler.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/transforms.hpp"
#include "kernels/bf16.hpp"

namespace hebb {
namespace {

/// The nearest number of eight significant bits, ties to even.
double rounded(double x) {
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
}

TEST(Bf16, RoundsToTheNearest) {
  Random random(3, 0);
  std::vector<float> values = {0.0F, -0.0F, 1.0F, 1.00390625F, 1.01171875F, -3.0e38F, 1e-30F, 65535.0F};
  for (int i = 0; i < 1000; ++i) values.push_back(random.normal() * std::ldexp(1.0F, i % 40 - 20));
  std::vector<float> got = values;
  round_to_bf16(got.data(), static_cast<std::int64_t>(got.size()));
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(got[i], rounded(values[i])) << values[i];
  std::vector<float> odd = {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()};
  round_to_bf16(odd.data(), 3);
  EXPECT_EQ(odd[0], std::numeric_limits<float>::infinity());
  EXPECT_EQ(odd[1], -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(odd[2]));
}

std::vector<float> some_numbers(int count) {
  Random random(4, 0);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = random.normal();
  return values;
}

/// The numbers of a pair, the one in the lower half first.
std::pair<float, float> numbers_of(float pair) {
  const auto bits = std::bit_cast<std::uint32_t>(pair);
  return {std::bit_cast<float>(bits << 16), std::bit_cast<float>(bits & 0xFFFF0000U)};
}

TEST(Bf16, PairsNeighbours) {
  if (!in_pairs(Precision::bf16)) GTEST_SKIP() << "SKIPPED: no instructions for pairs of bf16";
  for (const int count : {0, 1, 2, 3, 15, 16, 31, 32, 33, 64, 65, 97}) {
    const std::vector<float> values = some_numbers(count);
    std::vector<float> got = values;
    pair_neighbours(got.data(), count, got.data());
    for (std::size_t i = 0; i < values.size(); i += 2) {
      const auto [first, second] = numbers_of(got[i / 2]);
      EXPECT_EQ(first, rounded(values[i]));
      EXPECT_EQ(second, i + 1 < values.size() ? rounded(values[i + 1]) : 0.0);
    }
  }
}

TEST(Bf16, PairsRows) {
  if (!in_pairs(Precision::bf16)) GTEST_SKIP() << "SKIPPED: no instructions for pairs of bf16";
  for (const int rows : {1, 2, 3, 6, 7}) {
    for (const int width : {1, 5, 16, 37}) {
      const std::vector<float> values = some_numbers(rows * width);
      std::vector<float> got = values;
      pair_matrix_rows(got.data(), rows, width, got.data());
      for (int i = 0; i < rows; i += 2) {
        for (int j = 0; j < width; ++j) {
          const auto [first, second] = numbers_of(got[static_cast<std::size_t>(i / 2 * width + j)]);
          EXPECT_EQ(first, rounded(values[static_cast<std::size_t>(i * width + j)]));
          EXPECT_EQ(second,
                    i + 1 < rows ? rounded(values[static_cast<std::size_t>((i + 1) * width + j)]) : 0.0);
        }
      }
    }
  }
}

/// Every product on random shapes: the exact product of the rounded operands, but for rounding in f32 sums.
TEST(Bf16, ProductsAreThoseOfRoundedOperands) {
  for (const Op* op : registry()) {
    if (!op->adds_bias) continue;
    SCOPED_TRACE(std::string(op->name));
    int unlike = 0;
    for (std::uint64_t i = 0; i < 60; ++i) {
      Sampler sampler(17, i, true);
      const Tensor y = op->sample(sampler);
      Tensors inputs;
      Tensors rounded_inputs;
      Tensors magnitudes;
      for (const Tensor& input : y.node().inputs) {
        inputs.push_back(evaluate(input));
        std::vector<double> values = inputs.back().to_vector();
        for (double& value : values) value = rounded(value);
        rounded_inputs.push_back(Tensor::from(std::span<const double>(values), input.shape()));
        magnitudes.push_back(abs(rounded_inputs.back()));
      }
      const auto apply_op = [&](const Tensors& x) { return Tensors{apply(*op, x, y.node().attributes)}; };
      const auto fast = compile(apply_op, {.precision = Precision::bf16})(inputs)[0].to_vector();
      const auto exact = evaluate(apply_op(rounded_inputs)[0]).to_vector();
      const auto scale = evaluate(apply_op(magnitudes)[0]).to_vector();
      const auto in_f32 = compile(apply_op)(inputs)[0].to_vector();
      const auto terms = static_cast<double>(op->error.terms(y.node()));
      ASSERT_EQ(fast.size(), exact.size());
      for (std::size_t k = 0; k < exact.size(); ++k) {
        ASSERT_LE(std::abs(fast[k] - exact[k]), 0x1p-24 * (terms + 1) * scale[k] + 0x1p-126) << "case " << i;
        if (std::abs(in_f32[k] - exact[k]) > 0x1p-24 * (terms + 1) * scale[k]) ++unlike;
      }
    }
    EXPECT_GT(unlike, 100) << "f32 products pass as well: the test cannot fail";
  }
}

/// Deep enough for several blocks, with what is left over in each extent.
TEST(Bf16, OfDeepProducts) {
  const std::int64_t m = 75;
  const std::int64_t n = 83;
  const std::int64_t k = 1451;
  const auto numbers = [](std::uint64_t stream, const Shape& shape) {
    Random random(6, stream);
    std::vector<double> values(static_cast<std::size_t>(shape.elements()));
    for (double& value : values) value = rounded(random.normal());
    return Tensor::from(std::span<const double>(values), shape);
  };
  for (const bool a : {false, true}) {
    for (const bool b : {false, true}) {
      const Tensor x = numbers(0, a ? Shape{k, m} : Shape{m, k});
      const Tensor y = numbers(1, b ? Shape{n, k} : Shape{k, n});
      const auto product = [&](const Tensors& in) {
        return Tensors{matmul(in[0], in[1], {.transpose_a = a, .transpose_b = b})};
      };
      const auto fast = compile(product, {.precision = Precision::bf16})({x, y})[0].to_vector();
      const auto exact = interpret<double>(product({x, y}))[0].to_vector();
      const auto scale = interpret<double>(product({abs(x), abs(y)}))[0].to_vector();
      for (std::size_t i = 0; i < exact.size(); ++i)
        ASSERT_NEAR(fast[i], exact[i], 0x1p-24 * (k + 1) * scale[i]) << a << b << ' ' << i;
    }
  }
}

double root_of_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

Tensor normal_numbers(Random& random, const Shape& shape) {
  return Tensor::make<float>(shape, [&](float* to) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) to[i] = random.normal();
  });
}

/// All passes of a convolution against float64. Its operands, or what filters of 3 x 3 make of them first,
/// are rounded to eight bits: all results together keep seven, and none lacks a product.
void expect_bf16_convolution(const Tensor& x, const Tensor& w, const ConvOptions& options, Random& random) {
  SCOPED_TRACE("images " + to_string(x.shape()) + ", filter " + to_string(w.shape()));
  const Tensor slope = normal_numbers(random, conv2d(x, w, options).shape());
  const auto all_of = [&](const Tensors& in) {
    const Tensor y = conv2d(in[0], in[1], options);
    Tensors all = gradients(sum(y * in[2]), {in[0], in[1]});
    all.push_back(y);
    return all;
  };
  const Tensors fast = compile(all_of, {.precision = Precision::bf16})({x, w, slope});
  const Tensors exact = interpret<double>(all_of({x, w, slope}));
  for (std::size_t i = 0; i < fast.size(); ++i) {
    SCOPED_TRACE("result " + std::to_string(i));
    const std::vector<double> want = exact[i].to_vector();
    std::vector<double> difference = fast[i].to_vector();
    double largest = 0;
    for (std::size_t j = 0; j < want.size(); ++j) {
      difference[j] -= want[j];
      largest = std::max(largest, std::abs(difference[j]));
    }
    const double scale = root_of_mean_square(want);
    EXPECT_LT(root_of_mean_square(difference), 0x1p-7 * scale);
    EXPECT_GT(root_of_mean_square(difference), 0x1p-10 * scale) << "not of bf16";
    EXPECT_LT(largest, 0x1p-5 * scale);
  }
}

TEST(Bf16, OfFiltersOfThreeByThree) {
  Random random(9, 0);
  const auto between = [&](std::uint32_t least, std::uint32_t most) {
    return static_cast<std::int64_t>(least + random.below(most - least + 1));
  };
  for (int trial = 0; trial < 30; ++trial) {
    const Tensor x =
        normal_numbers(random, {between(1, 3), between(11, 24), between(11, 24), between(8, 40)});
    const Tensor w = normal_numbers(random, {3, 3, x.shape()[3], between(8, 40)});
    expect_bf16_convolution(x, w, {.padding = {between(0, 2), between(0, 2), between(0, 2), between(0, 2)}},
                            random);
  }
}

TEST(Bf16, BetweenFewChannels) {
  Random random(13, 0);
  const auto between = [&](std::uint32_t least, std::uint32_t most) {
    return static_cast<std::int64_t>(least + random.below(most - least + 1));
  };
  for (int trial = 0; trial < 40; ++trial) {
    const Tensor x = normal_numbers(random, {between(1, 3), between(11, 24), between(11, 24), between(1, 8)});
    const Tensor w = normal_numbers(random, {between(2, 5), between(2, 6), x.shape()[3], between(1, 12)});
    const std::int64_t stride = trial % 3 == 0 ? 2 : 1;
    expect_bf16_convolution(
        x, w,
        {.stride = {stride, stride}, .padding = {between(0, 2), between(0, 2), between(0, 2), between(0, 2)}},
        random);
  }
}

/// Large enough for several bands, chunks and panels, and what no register's size divides.
TEST(Bf16, OfLargerConvolutions) {
  struct Case {
    Shape images, filter;
    ConvOptions options;
  };
  Random random(10, 0);
  for (const Case& c :
       std::vector<Case>{{{9, 28, 30, 1}, {5, 5, 1, 6}, {.padding = {1, 1, 1, 1}}},
                         {{5, 17, 19, 20}, {3, 3, 20, 33}, {.stride = {2, 2}, .padding = {1, 1, 1, 1}}},
                         {{2, 75, 9, 20}, {2, 4, 20, 33}, {.stride = {1, 3}}},
                         {{3, 40, 33, 7}, {3, 3, 7, 64}, {.dilation = {2, 3}}},
                         {{2, 30, 30, 24}, {3, 5, 6, 68}, {.padding = {1, 0, 2, 3}, .groups = 4}},
                         {{2, 9, 9, 15}, {3, 3, 3, 10}, {.groups = 5}},
                         {{2, 9, 9, 130}, {1, 1, 130, 40}, {}},
                         {{3, 7, 6, 171}, {3, 3, 171, 175}, {.padding = {1, 1, 1, 1}}}}) {
    expect_bf16_convolution(normal_numbers(random, c.images), normal_numbers(random, c.filter), c.options,
                            random);
  }
}

/// What never changes is prepared once, to the same bits, however often the plan runs.
TEST(Precision, KeepsPreparedConstants) {
  Random random(11, 0);
  const Tensor x = normal_numbers(random, {3, 12, 12, 24});
  const Tensor flat = normal_numbers(random, {70, 1451});
  using Product = Tensor (*)(const Tensor&, const Tensor&);
  struct Case {
    Tensor from, weights;
    Product product;
  };
  const auto all = std::vector<Case>{
      {x, normal_numbers(random, {3, 3, 24, 40}),
       [](const Tensor& a, const Tensor& w) { return conv2d(a, w); }},
      {x, normal_numbers(random, {1, 1, 24, 40}),
       [](const Tensor& a, const Tensor& w) { return conv2d(a, w); }},
      {x, normal_numbers(random, {5, 5, 16, 24}),
       [](const Tensor& a, const Tensor& w) {
         return conv2d_image_gradient(a, w, {3, 16, 16, 16});
       }},
      {flat, normal_numbers(random, {1451, 83}),
       [](const Tensor& a, const Tensor& w) { return matmul(a, w); }},
      {flat, normal_numbers(random, {83, 1451}),
       [](const Tensor& a, const Tensor& w) { return matmul(a, w, {.transpose_b = true}); }},
      {normal_numbers(random, {1, 901}), normal_numbers(random, {901, 330}),
       [](const Tensor& a, const Tensor& w) { return matmul(a, w); }},
      {normal_numbers(random, {4, 9}), normal_numbers(random, {7, 9}),
       [](const Tensor& a, const Tensor& w) { return matmul(a, w, {.transpose_b = true}); }}};
  for (const Case& c : all) {
    SCOPED_TRACE(to_string(c.weights.shape()));
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      const auto given = compile([&](const Tensors& in) { return Tensors{c.product(in[0], in[1])}; },
                                 {.precision = precision})({c.from, c.weights});
      const auto kept = compile([&](const Tensors& in) { return Tensors{c.product(in[0], c.weights)}; },
                                {.precision = precision});
      for (int run = 0; run < 2; ++run) EXPECT_EQ(kept({c.from})[0].to_vector(), given[0].to_vector());
    }
  }
}

/// What follows a product is computed in f32, as in any plan.
TEST(Bf16, LeavesAllElseAlone) {
  const Tensor x = Tensor::from(std::vector<float>{1.01F, -2.03F, 3.07F, 0.501F}, {2, 2});
  const Tensor w = Tensor::from(std::vector<float>{1, 0, 0, 1}, {2, 2});
  const Tensor b = Tensor::from(std::vector<float>{0.001F, 0.002F}, {2});
  const auto f = [](const Tensors& in) { return Tensors{(matmul(in[0], in[1]) + in[2]) * 1.001}; };
  const auto got = compile(f, {.precision = Precision::bf16})({x, w, b})[0].to_vector();
  for (std::size_t i = 0; i < 4; ++i) {
    const float sum = static_cast<float>(rounded(x.to_vector()[i])) + (i % 2 == 0 ? 0.001F : 0.002F);
    EXPECT_NEAR(got[i], sum * 1.001F, 1e-6);
  }
}

TEST(Precision, HasNames) {
  EXPECT_EQ(precision_named("bf16"), Precision::bf16);
  EXPECT_EQ(to_string(precision_named("f32")), "f32");
  EXPECT_THROW(precision_named("f16"), ConfigError);
}

}  // namespace
}  // namespace hebb
