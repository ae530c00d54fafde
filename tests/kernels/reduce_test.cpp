// Reductions against a float64 reference, over every kind of axis pattern.

#include "kernels/reduce.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "hebb/random.hpp"
#include "hebb/threads.hpp"

namespace hebb {
namespace {

using Extents = std::vector<std::int64_t>;

constexpr ReduceCode kCodes[] = {ReduceCode::sum, ReduceCode::mean, ReduceCode::max,
                                 ReduceCode::min, ReduceCode::var,  ReduceCode::logsumexp};

std::int64_t product(const Extents& extents) {
  std::int64_t result = 1;
  for (const std::int64_t extent : extents) result *= extent;
  return result;
}

/// The elements of each output, in double.
std::vector<std::vector<double>> groups_of(const std::vector<float>& x, const Extents& extents,
                                           const Extents& reduced) {
  std::int64_t outputs = 1;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) outputs *= reduced[axis] != 0 ? 1 : extents[axis];
  std::vector<std::vector<double>> groups(static_cast<std::size_t>(outputs));
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto rest = static_cast<std::int64_t>(i);
    std::int64_t target = 0;
    std::int64_t stride = 1;
    for (std::size_t axis = extents.size(); axis-- > 0;) {
      if (reduced[axis] == 0) {
        target += rest % extents[axis] * stride;
        stride *= extents[axis];
      }
      rest /= extents[axis];
    }
    groups[static_cast<std::size_t>(target)].push_back(x[i]);
  }
  return groups;
}

double exact(ReduceCode code, const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double v : values) sum += v;
  switch (code) {
    case ReduceCode::sum: return sum;
    case ReduceCode::mean: return sum / n;
    case ReduceCode::max: return *std::max_element(values.begin(), values.end());
    case ReduceCode::min: return *std::min_element(values.begin(), values.end());
    case ReduceCode::var: {
      double squares = 0;
      for (const double v : values) squares += (v - sum / n) * (v - sum / n);
      return squares / n;
    }
    case ReduceCode::logsumexp: {
      double exponentials = 0;
      for (const double v : values) exponentials += std::exp(v);
      return std::log(exponentials);
    }
  }
  return 0;
}

/// Blocked sums stay far below one rounding error a term: blocks of 64 or 256 steps, then one addition a
/// block.
double bound(ReduceCode code, const std::vector<double>& values) {
  if (code == ReduceCode::max || code == ReduceCode::min) return 0;
  const auto n = static_cast<double>(values.size());
  double magnitude = 0;
  double square = 0;
  for (const double v : values) {
    magnitude += std::abs(v);
    square += v * v;
  }
  const double rounding = std::ldexp(1.0, -24);
  const double steps = std::min(n, 300.0) + n / 4096 + 70;
  switch (code) {
    case ReduceCode::sum: return steps * rounding * magnitude;
    case ReduceCode::mean: return (steps + 2) * rounding * magnitude / n;
    case ReduceCode::var: return (steps + 8) * rounding * square / n;
    default: return (steps + 32) * rounding * std::max(1.0, std::abs(exact(code, values)));
  }
}

std::vector<float> reduce(ReduceCode code, const std::vector<float>& x, const Extents& extents,
                          const Extents& reduced) {
  const Reduction reduction(code, extents, reduced);
  // A canary behind the result shows writes past its end.
  std::vector<float> result(static_cast<std::size_t>(reduction.outputs()) + 1, 12345.0F);
  reduction.run(x.data(), result.data());
  EXPECT_EQ(result.back(), 12345.0F);
  result.pop_back();
  return result;
}

void check(const Extents& extents, const Extents& reduced, std::uint64_t seed) {
  std::string what = "extents";
  for (std::size_t k = 0; k < extents.size(); ++k) {
    what += ' ' + std::to_string(extents[k]) + (reduced[k] != 0 ? "r" : "");
  }
  SCOPED_TRACE(what);
  Random random(seed);
  std::vector<float> x(static_cast<std::size_t>(product(extents)));
  for (float& v : x) v = random.normal() + 0.5F;
  const auto groups = groups_of(x, extents, reduced);
  for (const ReduceCode code : kCodes) {
    set_threads(1);
    const std::vector<float> result = reduce(code, x, extents, reduced);
    ASSERT_EQ(result.size(), groups.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (groups[i].empty()) continue;
      ASSERT_NEAR(result[i], exact(code, groups[i]), bound(code, groups[i]))
          << "code " << static_cast<int>(code) << ", output " << i;
    }
    for (const int count : {2, 3}) {
      set_threads(count);
      ASSERT_EQ(reduce(code, x, extents, reduced), result) << count << " threads";
    }
  }
  set_threads(1);
}

TEST(Reduce, EveryPatternOfAxes) {
  Random random(7);
  for (std::uint64_t round = 0; round < 300; ++round) {
    Extents extents;
    Extents reduced;
    for (std::uint32_t rank = random.below(6); rank > 0; --rank) {
      extents.push_back(1 + random.below(random.below(3) == 0 ? 20 : 5));
      reduced.push_back(random.below(2));
    }
    check(extents, reduced, round);
    if (HasFatalFailure()) return;
  }
}

TEST(Reduce, RunsAndColumnsOfEveryLength) {
  for (std::int64_t n = 1; n < 200; n += n < 70 ? 1 : 13) {
    check({n}, {1}, 1);
    check({3, n}, {0, 1}, 2);
    check({5, n}, {1, 0}, 3);
    check({n, 7}, {1, 0}, 4);
    check({2, n, 3}, {0, 1, 0}, 5);
    if (HasFatalFailure()) return;
  }
}

TEST(Reduce, LargeOnesThatAreSplit) {
  check({70001}, {1}, 1);
  check({3, 70001}, {0, 1}, 2);
  check({9001, 10}, {1, 0}, 3);
  check({9001, 10}, {0, 1}, 4);
  check({700, 128}, {1, 0}, 5);
  check({1400, 64}, {1, 0}, 6);
  check({64, 1000}, {1, 0}, 7);
  check({6, 5, 4000}, {1, 0, 1}, 8);
  check({5, 300, 70}, {0, 1, 0}, 9);
  check({7, 3, 90, 70}, {1, 0, 1, 0}, 10);
}

TEST(Reduce, NothingAtAll) {
  EXPECT_TRUE(reduce(ReduceCode::sum, {}, {0, 3}, {1, 0}) == std::vector<float>(3, 0.0F));
  EXPECT_TRUE(reduce(ReduceCode::sum, {}, {3, 0}, {1, 0}).empty());
  EXPECT_EQ(reduce(ReduceCode::logsumexp, {}, {0}, {1}).at(0), -std::numeric_limits<float>::infinity());
}

TEST(Reduce, NotANumberIsNeverLost) {
  for (const std::int64_t n : {1, 3, 4, 5, 16, 17, 33, 64, 65, 130, 300}) {
    for (std::int64_t at = 0; at < n; ++at) {
      std::vector<float> x(static_cast<std::size_t>(n), 1.0F);
      x[static_cast<std::size_t>(at)] = std::numeric_limits<float>::quiet_NaN();
      for (const ReduceCode code : kCodes) {
        ASSERT_TRUE(std::isnan(reduce(code, x, {n}, {1})[0]))
            << static_cast<int>(code) << " of " << n << " at " << at;
        ASSERT_TRUE(std::isnan(reduce(code, x, {n, 1}, {1, 0})[0]));
        const auto columns = reduce(code, x, {1, n}, {1, 0});
        ASSERT_TRUE(std::isnan(columns[static_cast<std::size_t>(at)]));
      }
      std::vector<float> twice = x;
      twice.insert(twice.end(), static_cast<std::size_t>(n), 2.0F);
      for (const ReduceCode code : kCodes) {
        ASSERT_TRUE(std::isnan(reduce(code, twice, {2, n}, {1, 0})[static_cast<std::size_t>(at)]));
      }
    }
  }
}

TEST(Reduce, LogSumExpOfExtremes) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto of = [](const std::vector<float>& x) {
    return reduce(ReduceCode::logsumexp, x, {static_cast<std::int64_t>(x.size())}, {1})[0];
  };
  EXPECT_FLOAT_EQ(of({1000, 1000}), 1000 + std::log(2.0F));
  EXPECT_FLOAT_EQ(of({-1000, -1000}), -1000 + std::log(2.0F));
  EXPECT_EQ(of({-kInfinity, -kInfinity}), -kInfinity);
  EXPECT_EQ(of({-kInfinity, 3}), 3);
  EXPECT_EQ(of({kInfinity, 3}), kInfinity);
}

TEST(Reduce, VarianceFarFromZero) {
  // One pass over squares would lose every digit.
  std::vector<float> x(1000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 4096.0F + (i % 2 == 0 ? 0.25F : -0.25F);
  EXPECT_NEAR(reduce(ReduceCode::var, x, {1000}, {1})[0], 0.0625, 1e-4);
}

}  // namespace
}  // namespace hebb
