#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "golden.hpp"
#include "graph/interpreter.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "hebb/transforms.hpp"

namespace hebb {
namespace {

using testing::expect_near;
using testing::find;
using testing::find_whole;
using testing::Golden;
using testing::read_golden;

/// Values and both gradients: the references in float64, and the kernels.
TEST(Convolution, AgreesWithPyTorch) {
  const Golden golden = read_golden("graph/golden/convolution.txt");
  int cases = 0;
  for (; cases < 5; ++cases) {
    const std::string prefix = std::to_string(cases) + " ";
    SCOPED_TRACE(prefix);
    const std::vector<std::int64_t> shape = find_whole(golden, prefix + "shape");
    ASSERT_EQ(shape.size(), 12U);
    const auto part = [&](std::ptrdiff_t first) {
      return Shape({shape.begin() + first, shape.begin() + first + 4});
    };
    const std::vector<std::int64_t> o = find_whole(golden, prefix + "options");
    const ConvOptions options = {.stride = {o[0], o[1]},
                                 .padding = {o[2], o[2], o[3], o[3]},
                                 .dilation = {o[4], o[5]},
                                 .groups = o[6]};
    const Tensor images = Tensor::from(find(golden, prefix + "images"), part(0));
    const Tensor filter = Tensor::from(find(golden, prefix + "filter"), part(4));
    const Tensor slope = Tensor::from(find(golden, prefix + "slope"), part(8));
    for (const DType type : {DType::f64, DType::f32}) {
      const Tensor x = evaluate(cast(images, type));
      const Tensor w = evaluate(cast(filter, type));
      const Tensor y = conv2d(x, w, options);
      EXPECT_EQ(y.shape(), part(8));
      const Tensors slopes = gradients(sum(y * evaluate(cast(slope, type))), {x, w});
      const double tolerance = type == DType::f64 ? 1e-12 : 2e-5;
      expect_near(y.to_vector(), find(golden, prefix + "output"), tolerance);
      expect_near(slopes[0].to_vector(), find(golden, prefix + "image gradient"), tolerance);
      expect_near(slopes[1].to_vector(), find(golden, prefix + "filter gradient"), tolerance);
    }
  }
  EXPECT_EQ(cases, 5);
}

/// Outputs beyond the last that sees the image: the rows of their gradient are longer than what is read.
TEST(Convolution, HasAGradientWherePaddingIsWiderThanTheFilter) {
  Random random(8, 0);
  const auto drawn = [&](const Shape& shape) {
    std::vector<float> values(static_cast<std::size_t>(shape.elements()));
    for (float& value : values) value = random.normal();
    return Tensor::from(values, shape);
  };
  const Tensor slope = drawn({2, 3, 8, 5});
  const Tensor filter = drawn({1, 3, 4, 5});
  const auto gradient = [](const Tensors& in) {
    return Tensors{conv2d_image_gradient(in[0], in[1], {2, 3, 4, 4}, {.padding = {0, 0, 2, 4}})};
  };
  const Tensors wide = {evaluate(cast(slope, DType::f64)), evaluate(cast(filter, DType::f64))};
  expect_near(compile(gradient)({slope, filter})[0].to_vector(), evaluate(gradient(wide)[0]).to_vector(),
              1e-5);
}

TEST(Convolution, SaysWhatDoesNotFit) {
  const auto message = [](const Shape& images, const Shape& filter,
                          const ConvOptions& options) -> std::string {
    try {
      conv2d(full(0.0, images), full(0.0, filter), options);
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "nothing thrown";
  };
  EXPECT_NE(message({2, 5, 5}, {3, 3, 1, 1}, {}).find("expected images"), std::string::npos);
  EXPECT_NE(message({2, 5, 5, 3}, {3, 3, 2, 8}, {}).find("3 channels"), std::string::npos);
  EXPECT_NE(message({2, 5, 2, 3}, {3, 3, 3, 8}, {}).find("covers 3 columns"), std::string::npos);
  EXPECT_NE(message({2, 5, 5, 3}, {3, 3, 3, 8}, {.stride = {0, 1}}).find("stride must be 2 numbers from 1"),
            std::string::npos);
  EXPECT_NE(message({2, 5, 5, 4}, {3, 3, 2, 3}, {.groups = 2}).find("2 groups"), std::string::npos);
  EXPECT_NE(message({2, 5, 5, 4}, {3, 3, 4, 3}, {.padding = {0, std::int64_t{1} << 62, 0, 0}})
                .find("padding must be"),
            std::string::npos);
}

Tensor drawn(Random& random, const Shape& shape) {
  return Tensor::make<float>(shape, [&](float* to) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) to[i] = random.normal();
  });
}

/// The three passes with random slopes: each element's error against float64 is so many roundings of what is
/// summed.
void expect_passes_near_reference(Random& random, const Shape& images, const Shape& filter,
                                  const ConvOptions& options, double roundings) {
  SCOPED_TRACE("images " + to_string(images) + ", filter " + to_string(filter));
  const Tensor x = drawn(random, images);
  const Tensor w = drawn(random, filter);
  const auto all_of = [&](const Tensor& a, const Tensor& b, const Tensor& c) {
    const Tensor y = conv2d(a, b, options);
    Tensors all = gradients(sum(y * c), {a, b});
    all.push_back(y);
    return all;
  };
  const Tensor slope = drawn(random, conv2d(x, w, options).shape());
  const Tensors fast = evaluate(all_of(x, w, slope));
  const Tensors exact = interpret<double>(all_of(x, w, slope));
  const Tensors sizes = interpret<double>(all_of(evaluate(abs(x)), evaluate(abs(w)), evaluate(abs(slope))));
  for (std::size_t i = 0; i < fast.size(); ++i) {
    const std::vector<double> got = fast[i].to_vector();
    const std::vector<double> want = exact[i].to_vector();
    const std::vector<double> size = sizes[i].to_vector();
    for (std::size_t j = 0; j < got.size(); ++j)
      ASSERT_NEAR(got[j], want[j], roundings * std::ldexp(size[j], -24))
          << "result " << i << ", element " << j;
  }
}

/// A whole number from `least` to `most`.
std::int64_t between(Random& random, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(most - least + 1)));
}

/// Shapes that are computed by tiles of 2 x 2, with odd and even extents, with and without a margin, with
/// whole vectors of channels and without.
TEST(Convolution, OfThreeByThreeByFewerProducts) {
  Random random(5, 0);
  const auto any = [&](std::int64_t least, std::int64_t most) { return between(random, least, most); };
  for (int trial = 0; trial < 40; ++trial) {
    const Shape images = {any(1, 3), any(11, 24), any(11, 24), any(8, 40)};
    expect_passes_near_reference(random, images, {3, 3, images[3], any(8, 40)},
                                 {.padding = {any(0, 2), any(0, 2), any(0, 2), any(0, 2)}}, 16);
  }
}

/// Shapes whose gradients are computed by windows of a row: few channels or outputs, with strides and
/// margins, windows that fill less than a vector and more than two.
TEST(Convolution, BetweenFewChannels) {
  Random random(12, 0);
  const auto any = [&](std::int64_t least, std::int64_t most) { return between(random, least, most); };
  for (int trial = 0; trial < 120; ++trial) {
    const Shape images = {any(1, 3), any(9, 20), any(7, 20), any(1, trial % 2 == 0 ? 7 : 20)};
    const Shape filter = {any(1, 5), any(1, 7), images[3], any(1, trial % 2 == 0 ? 20 : 7)};
    const bool strides = trial % 3 == 0;
    const ConvOptions options = {.stride = {any(1, strides ? 3 : 1), any(1, strides ? 3 : 1)},
                                 .padding = {any(0, 4), any(0, 4), any(0, 4), any(0, 4)},
                                 .dilation = {strides ? 1 : any(1, 2), 1}};
    expect_passes_near_reference(random, images, filter, options, 16);
  }
}

/// An image's outputs are the same bits alone, among others, and with any number of threads.
TEST(Convolution, OfAnImageAloneAndAmongOthers) {
  Random random(6, 0);
  const Tensor w = drawn(random, {3, 3, 16, 24});
  const Tensor x = drawn(random, {7, 37, 21, 16});
  const auto forward = [&](const Tensor& images) {
    return evaluate(conv2d(images, w, {.padding = {1, 1, 1, 1}})).to_vector();
  };
  const std::vector<double> together = forward(x);
  const int before = threads();
  set_threads(3);
  EXPECT_EQ(forward(x), together);
  for (std::int64_t n = 0; n < 7; ++n) {
    const std::vector<double> alone = forward(evaluate(slice(x, 0, n, n + 1)));
    const auto size = static_cast<std::ptrdiff_t>(alone.size());
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + n * size)) << n;
  }
  set_threads(before);
}

/// Rows that are shorter than a vector, of outputs too few to fill one: threads keep to their rows.
TEST(Convolution, OfShortRowsByAnyNumberOfThreads) {
  Random random(10, 0);
  const int before = threads();
  for (const auto& [images, filter] : std::vector<std::pair<Shape, Shape>>{
           {{1, 8, 5, 1}, {2, 2, 1, 3}}, {{1, 9, 5, 2}, {3, 3, 2, 3}}, {{2, 5, 4, 1}, {3, 3, 1, 3}}}) {
    const Tensor x = drawn(random, images);
    const Tensor w = drawn(random, filter);
    const Tensor slope = drawn(random, conv2d(x, w).shape());
    const Compiled passes = compile([&](const Tensors& in) {
      return Tensors{conv2d(in[0], in[1]), conv2d_image_gradient(in[2], in[1], images)};
    });
    const auto values = [&] {
      std::vector<double> all;
      for (const Tensor& result : passes({x, w, slope})) {
        const std::vector<double> some = result.to_vector();
        all.insert(all.end(), some.begin(), some.end());
      }
      return all;
    };
    set_threads(1);
    const std::vector<double> alone = values();
    for (const int count : {2, 3, 4}) {
      set_threads(count);
      for (int i = 0; i < 200; ++i)
        ASSERT_EQ(values(), alone) << to_string(images) << " by " << count << " threads";
    }
  }
  set_threads(before);
}

/// A pixel that is no number, or infinite, leaves outputs alone that do not see it.
TEST(Convolution, KeepsWhatIsNotFiniteToItsNeighbours) {
  Random random(7, 0);
  const Tensor w = drawn(random, {3, 3, 16, 16});
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> pixels(static_cast<std::size_t>(20 * 20 * 16), 1.0F);
    pixels[(9 * 20 + 12) * 16 + 3] = bad;
    const Tensor y = evaluate(
        conv2d(Tensor::from(std::span<const float>(pixels), {1, 20, 20, 16}), w, {.padding = {1, 1, 1, 1}}));
    const std::vector<double> values = y.to_vector();
    for (std::int64_t i = 0; i < std::ssize(values); ++i) {
      const std::int64_t row = i / 16 / 20;
      const std::int64_t column = i / 16 % 20;
      const bool sees = std::abs(row - 9) <= 1 && std::abs(column - 12) <= 1;
      EXPECT_EQ(std::isfinite(values[static_cast<std::size_t>(i)]), !sees) << row << ", " << column;
    }
  }
}

/// Large enough for several bands, chunks and panels: the kernels against the references in float64.
TEST(Convolution, MatchesTheReferenceOnLargerShapes) {
  for (const auto& [images, filter, stride] :
       std::vector<std::tuple<Shape, Shape, std::int64_t>>{{{9, 28, 30, 1}, {5, 5, 1, 6}, 1},
                                                           {{5, 17, 19, 20}, {3, 3, 20, 33}, 2},
                                                           {{1, 40, 3, 7}, {3, 3, 7, 64}, 1},
                                                           {{2, 9, 9, 130}, {1, 1, 130, 40}, 1}}) {
    std::uint64_t stream = 0;
    const auto draw = [&](const Shape& shape) {
      Random random(3, stream++);
      return Tensor::make<float>(shape, [&](float* to) {
        for (std::int64_t i = 0; i < shape.elements(); ++i) to[i] = random.normal();
      });
    };
    const Tensor x = draw(images);
    const Tensor w = draw(filter);
    const Tensor y = conv2d(x, w, {.stride = {stride, stride}, .padding = {1, 1, 1, 1}});
    Tensors all = gradients(sum(y * draw(y.shape())), {x, w});
    all.push_back(y);
    const Tensors exact = interpret<double>(all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::vector<double> want = exact[i].to_vector();
      double largest = 0;
      for (const double value : want) largest = std::max(largest, std::abs(value));
      expect_near(all[i].to_vector(), want, 1e-5 * largest);
    }
  }
}

}  // namespace
}  // namespace hebb
