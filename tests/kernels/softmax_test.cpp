// Softmax and cross-entropy against float64, with extremes and labels out of range.

#include "kernels/softmax.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "hebb/random.hpp"
#include "hebb/threads.hpp"

namespace hebb {
namespace {

const double kRounding = std::ldexp(1.0, -24);

std::vector<float> normals(std::int64_t count, std::uint64_t seed, float scale = 2.0F) {
  Random random(seed);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& v : x) v = scale * random.normal();
  return x;
}

/// log(sum(exp)) of n numbers `stride` apart, and the largest.
struct Slice {
  double log_sum = 0;
  double largest = 0;
};
Slice slice_of(const float* x, std::int64_t n, std::int64_t stride) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t k = 0; k < n; ++k) largest = std::max<double>(largest, x[k * stride]);
  double sum = 0;
  for (std::int64_t k = 0; k < n; ++k) sum += std::exp(x[k * stride] - largest);
  return {largest + std::log(sum), largest};
}

void check_along_axis(const SoftmaxShape& s) {
  const std::int64_t count = s.outer * s.classes * s.inner;
  const std::vector<float> x = normals(count, static_cast<std::uint64_t>(count));
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 3}) {
    set_threads(threads);
    std::vector<float> y(x.size() + 1, 7.0F);
    std::vector<float> log_y(x.size() + 1, 7.0F);
    softmax(s, x.data(), y.data());
    log_softmax(s, x.data(), log_y.data());
    ASSERT_EQ(y.back(), 7.0F);
    ASSERT_EQ(log_y.back(), 7.0F);
    if (threads > 1) {
      ASSERT_EQ(y, first[0]);
      ASSERT_EQ(log_y, first[1]);
      continue;
    }
    first = {y, log_y};
    for (std::int64_t unit = 0; unit < s.outer * s.inner; ++unit) {
      const std::int64_t at = unit / s.inner * s.classes * s.inner + unit % s.inner;
      const Slice exact = slice_of(x.data() + at, s.classes, s.inner);
      for (std::int64_t k = 0; k < s.classes; ++k) {
        const auto i = static_cast<std::size_t>(at + k * s.inner);
        const double log_p = x[i] - exact.log_sum;
        // Exponentials: 2 ulp and the rounding of their arguments, above and below; and the sum's terms.
        const double relative =
            (10 + 4 * (exact.largest - x[i] + 10) + static_cast<double>(s.classes)) * kRounding;
        ASSERT_NEAR(y[i], std::exp(log_p), std::exp(log_p) * relative);
        ASSERT_NEAR(log_y[i], log_p, relative * std::max(1.0, std::abs(log_p)));
      }
    }
  }
  set_threads(1);
}

TEST(Softmax, RowsOfEveryLength) {
  for (std::int64_t n = 1; n < 80; ++n) check_along_axis({5, n, 1});
  check_along_axis({3, 1000, 1});
  check_along_axis({2, 50257, 1});
  check_along_axis({2000, 10, 1});
}

TEST(Softmax, AlongOtherAxes) {
  for (const std::int64_t inner : {2, 3, 7, 8, 15, 16, 17, 40, 64, 65, 130}) check_along_axis({3, 9, inner});
  check_along_axis({4, 30, 300});
}

TEST(Softmax, Nothing) {
  check_along_axis({0, 3, 1});
  check_along_axis({3, 0, 1});
  check_along_axis({3, 2, 0});
}

TEST(Softmax, Extremes) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const std::int64_t inner : {1, 3}) {
    for (const std::int64_t n : {2, 40}) {
      const auto softmax_of = [&](float first, float others) {
        std::vector<float> x(static_cast<std::size_t>(n * inner), others);
        std::fill_n(x.begin(), inner, first);
        std::vector<float> y(x.size());
        softmax({1, n, inner}, x.data(), y.data());
        return y;
      };
      EXPECT_FLOAT_EQ(softmax_of(3e38F, 0)[0], 1);
      EXPECT_FLOAT_EQ(softmax_of(-3e38F, 0)[0], 0);
      EXPECT_FLOAT_EQ(softmax_of(-kInfinity, 0)[0], 0);
      EXPECT_NEAR(softmax_of(1000, 1000).back(), 1.0 / static_cast<double>(n), 1e-6);
      EXPECT_TRUE(std::isnan(softmax_of(-kInfinity, -kInfinity)[0]));
      EXPECT_TRUE(std::isnan(softmax_of(kInfinity, 0).back()));
      EXPECT_TRUE(std::isnan(softmax_of(0, std::nanf("")).front()));
    }
  }
}

struct Exact {
  std::vector<double> loss, gradient;
};

Exact exact_cross_entropy(const CrossEntropyRows& p, const std::vector<float>& weight, double smoothing) {
  Exact exact;
  const auto classes = static_cast<double>(p.classes);
  for (std::int64_t i = 0; i < p.rows; ++i) {
    const float* x = p.logits + i * p.classes;
    const double log_sum = slice_of(x, p.classes, 1).log_sum;
    double loss = 0;
    for (std::int64_t k = 0; k < p.classes; ++k) {
      const double target = (k == p.labels[i] ? 1 - smoothing : 0) + smoothing / classes;
      loss += target * (log_sum - x[k]);
      exact.gradient.push_back(weight[static_cast<std::size_t>(i)] * (std::exp(x[k] - log_sum) - target));
    }
    exact.loss.push_back(loss);
  }
  return exact;
}

void check_cross_entropy(std::int64_t rows, std::int64_t classes, double smoothing) {
  const std::vector<float> logits = normals(rows * classes, 3);
  const std::vector<float> weight = normals(rows, 4, 1.0F);
  Random random(5);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
  for (auto& label : labels)
    label = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(classes)));
  const CrossEntropyRows p = {logits.data(), labels.data(), rows, classes, static_cast<float>(smoothing)};
  const Exact exact = exact_cross_entropy(p, weight, smoothing);
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 3}) {
    set_threads(threads);
    std::vector<float> loss(labels.size() + 1, 7.0F);
    std::vector<float> gradient(logits.size() + 1, 7.0F);
    softmax_cross_entropy(p, loss.data());
    softmax_cross_entropy_gradient(p, weight.data(), gradient.data());
    ASSERT_EQ(loss.back(), 7.0F);
    ASSERT_EQ(gradient.back(), 7.0F);
    if (threads > 1) {
      ASSERT_EQ(loss, first[0]);
      ASSERT_EQ(gradient, first[1]);
      continue;
    }
    first = {loss, gradient};
    const double relative = (60 + static_cast<double>(classes)) * kRounding;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      ASSERT_NEAR(loss[i], exact.loss[i], relative * std::max(1.0, std::abs(exact.loss[i])))
          << classes << " classes";
    }
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double w = std::abs(weight[i / static_cast<std::size_t>(classes)]);
      ASSERT_NEAR(gradient[i], exact.gradient[i], relative * w) << classes << " classes";
    }
  }
  set_threads(1);
}

TEST(CrossEntropy, MatchesDouble) {
  for (const double smoothing : {0.0, 0.1, 1.0}) {
    for (const std::int64_t classes : {1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 33, 100, 1000}) {
      check_cross_entropy(70, classes, smoothing);
    }
    check_cross_entropy(3000, 10, smoothing);
    check_cross_entropy(0, 10, smoothing);
  }
}

TEST(CrossEntropy, LabelsOutOfRangeMakeTheirRowNaN) {
  for (const std::int64_t classes : {10, 40}) {
    const std::vector<float> logits = normals(6 * classes, 1);
    const std::vector<float> weight(6, 1.0F);
    const auto many = static_cast<std::int32_t>(classes);
    const std::vector<std::int32_t> labels = {0,
                                              -1,
                                              many - 1,
                                              many,
                                              std::numeric_limits<std::int32_t>::max(),
                                              std::numeric_limits<std::int32_t>::min()};
    const CrossEntropyRows p = {logits.data(), labels.data(), 6, classes, 0.0F};
    std::vector<float> loss(6);
    std::vector<float> gradient(logits.size());
    softmax_cross_entropy(p, loss.data());
    softmax_cross_entropy_gradient(p, weight.data(), gradient.data());
    for (std::size_t i = 0; i < 6; ++i) {
      const bool good = i == 0 || i == 2;
      EXPECT_EQ(std::isnan(loss[i]), !good);
      for (std::int64_t k = 0; k < classes; ++k) {
        EXPECT_EQ(std::isnan(gradient[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(k)]),
                  !good);
      }
    }
  }
}

TEST(CrossEntropy, LargeLogits) {
  for (const std::int64_t classes : {4, 40}) {
    std::vector<float> logits(static_cast<std::size_t>(classes), -3e4F);
    logits[1] = 3e4F;
    const std::int32_t labels[] = {0};
    const float weight[] = {1.0F};
    const CrossEntropyRows p = {logits.data(), labels, 1, classes, 0.0F};
    float loss = 0;
    std::vector<float> gradient(logits.size());
    softmax_cross_entropy(p, &loss);
    softmax_cross_entropy_gradient(p, weight, gradient.data());
    EXPECT_FLOAT_EQ(loss, 6e4F);
    EXPECT_FLOAT_EQ(gradient[0], -1);
    EXPECT_FLOAT_EQ(gradient[1], 1);
    EXPECT_FLOAT_EQ(gradient[2], 0);
  }
}

}  // namespace
}  // namespace hebb
