// Largest errors of the vectorised functions, over float bit patterns in steps that visit every exponent
// densely.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/elementwise.hpp"

namespace hebb {
namespace {

struct Function {
  std::string name;
  ElementwiseCode code;
  double (*exact)(double);
  double most_ulp;  ///< as stated in kernels/math-inl.h
  float low, high;  ///< domain
};

/// Distance in units of the last place of the exact value, gradual underflow included.
double ulp_error(float got, double exact) {
  const auto rounded = static_cast<float>(exact);
  if (std::isnan(exact)) return std::isnan(got) ? 0 : 1e30;
  if (std::isinf(rounded) || std::isinf(got)) return got == rounded ? 0 : 1e30;
  const double magnitude = std::max(std::abs(exact), static_cast<double>(std::numeric_limits<float>::min()));
  const double ulp = std::ldexp(1.0, std::ilogb(magnitude) - 23);
  return std::abs(static_cast<double>(got) - exact) / ulp;
}

class MathTest : public testing::TestWithParam<Function> {};

TEST_P(MathTest, StaysWithinItsStatedError) {
  const Function& f = GetParam();
  constexpr std::uint32_t kStep = 211;  // odd, so that every low bit pattern occurs
  std::vector<float> x;
  double worst = 0;
  float where = 0;
  const auto flush = [&] {
    std::vector<float> y(x.size());
    elementwise_run(f.code, 0)(x.data(), nullptr, nullptr, y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = ulp_error(y[i], f.exact(x[i]));
      if (error > worst) {
        worst = error;
        where = x[i];
      }
    }
    x.clear();
  };
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += kStep) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (!(value >= f.low && value <= f.high)) continue;
    x.push_back(value);
    if (x.size() == 4096) flush();
  }
  flush();
  RecordProperty("worst_ulp", std::to_string(worst));
  EXPECT_LE(worst, f.most_ulp) << f.name << "(" << where << ")";
  EXPECT_GT(worst, 0.0) << "nothing was compared";
}

constexpr float kMost = std::numeric_limits<float>::max();

INSTANTIATE_TEST_SUITE_P(
    Functions, MathTest,
    testing::Values(
        Function{"exp", ElementwiseCode::exp, [](double x) { return std::exp(x); }, 2, -104.0F, 88.72F},
        Function{"expm1", ElementwiseCode::expm1, [](double x) { return std::expm1(x); }, 3, -kMost, 88.72F},
        Function{"log", ElementwiseCode::log, [](double x) { return std::log(x); }, 2, 1e-45F, kMost},
        Function{"log1p", ElementwiseCode::log1p, [](double x) { return std::log1p(x); }, 4, -0.99999994F,
                 kMost},
        Function{"tanh", ElementwiseCode::tanh, [](double x) { return std::tanh(x); }, 3, -kMost, kMost},
        Function{"sigmoid", ElementwiseCode::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, 3,
                 -87.0F, kMost},
        Function{"erf", ElementwiseCode::erf, [](double x) { return std::erf(x); }, 5, -kMost, kMost}),
    [](const auto& test) { return test.param.name; });

TEST(Math, SpecialValues) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto at = [](ElementwiseCode code, float x) {
    float y = 0;
    elementwise_run(code, 0)(&x, nullptr, nullptr, &y, 1);
    return y;
  };
  EXPECT_EQ(at(ElementwiseCode::exp, kInf), kInf);
  EXPECT_EQ(at(ElementwiseCode::exp, -kInf), 0.0F);
  EXPECT_EQ(at(ElementwiseCode::exp, 0.0F), 1.0F);
  EXPECT_EQ(at(ElementwiseCode::log, 0.0F), -kInf);
  EXPECT_EQ(at(ElementwiseCode::log, kInf), kInf);
  EXPECT_EQ(at(ElementwiseCode::log, 1.0F), 0.0F);
  EXPECT_TRUE(std::isnan(at(ElementwiseCode::log, -1.0F)));
  EXPECT_EQ(at(ElementwiseCode::log1p, -1.0F), -kInf);
  EXPECT_EQ(at(ElementwiseCode::log1p, kInf), kInf);
  EXPECT_EQ(at(ElementwiseCode::tanh, kInf), 1.0F);
  EXPECT_EQ(at(ElementwiseCode::tanh, -kInf), -1.0F);
  EXPECT_EQ(at(ElementwiseCode::sigmoid, -kInf), 0.0F);
  EXPECT_EQ(at(ElementwiseCode::erf, kInf), 1.0F);
  for (const auto code :
       {ElementwiseCode::exp, ElementwiseCode::expm1, ElementwiseCode::log, ElementwiseCode::log1p,
        ElementwiseCode::tanh, ElementwiseCode::sigmoid, ElementwiseCode::erf}) {
    EXPECT_TRUE(std::isnan(at(code, nan))) << static_cast<int>(code);
  }
}

TEST(Elementwise, EveryFormOfOperandsAndEveryTail) {
  std::vector<float> a(70), b(70), c(70);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = 0.25F * static_cast<float>(i) - 3;
    b[i] = 2.0F - 0.125F * static_cast<float>(i);
    c[i] = static_cast<float>(i % 3) - 1;
  }
  for (std::size_t count = 0; count < 66; ++count) {
    for (unsigned bits = 0; bits < 8; ++bits) {
      std::vector<float> y(70, 9.0F);
      elementwise_run(ElementwiseCode::fma, bits)(a.data(), b.data(), c.data(), y.data(), count);
      for (std::size_t i = 0; i < y.size(); ++i) {
        const float exact =
            i >= count ? 9.0F
                       : a[(bits & 1) != 0 ? 0 : i] * b[(bits & 2) != 0 ? 0 : i] + c[(bits & 4) != 0 ? 0 : i];
        ASSERT_FLOAT_EQ(y[i], exact) << count << " " << bits << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace hebb
