#include "kernels/gemm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "hebb/random.hpp"
#include "hebb/threads.hpp"
#include "kernels/gemm_tile.hpp"

namespace hebb {
namespace {

std::vector<float> random_floats(std::size_t count, std::uint64_t stream) {
  Random random(7, stream);
  std::vector<float> values(count);
  for (float& value : values) value = random.normal();
  return values;
}

struct Case {
  GemmProblem problem;
  bool bias = false;
};

struct Product {
  std::vector<float> a, b, bias, c;
};

Product multiply(const Case& test) {
  const GemmProblem& p = test.problem;
  Product run;
  run.a = random_floats(static_cast<std::size_t>((p.transpose_a ? p.k : p.m) * p.a_stride), 1);
  run.b = random_floats(static_cast<std::size_t>((p.transpose_b ? p.n : p.k) * p.b_stride), 2);
  run.bias = random_floats(static_cast<std::size_t>(p.n), 3);
  run.c.assign(static_cast<std::size_t>(p.m * p.c_stride), -77.0F);
  const Gemm gemm(p);
  gemm.run({run.a.data(), run.b.data(), test.bias ? run.bias.data() : nullptr, run.c.data()});
  return run;
}

/// |computed - exact| <= (k + 1) u sum |a||b|: Higham, Accuracy and Stability of Numerical Algorithms,
/// (3.13).
void expect_close(const Case& test, const Product& run) {
  const GemmProblem& p = test.problem;
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t j = 0; j < p.c_stride; ++j) {
      const float got = run.c[static_cast<std::size_t>(i * p.c_stride + j)];
      if (j >= p.n) {
        ASSERT_EQ(got, -77.0F) << "wrote outside C at " << i << ", " << j;
        continue;
      }
      double sum = test.bias ? run.bias[static_cast<std::size_t>(j)] : 0.0;
      double magnitude = std::abs(sum);
      for (std::int64_t k = 0; k < p.k; ++k) {
        const double a =
            run.a[static_cast<std::size_t>(p.transpose_a ? k * p.a_stride + i : i * p.a_stride + k)];
        const double b =
            run.b[static_cast<std::size_t>(p.transpose_b ? j * p.b_stride + k : k * p.b_stride + j)];
        sum += a * b;
        magnitude += std::abs(a * b);
      }
      ASSERT_NEAR(got, sum, static_cast<double>(p.k + 2) * 0x1p-24 * magnitude + 1e-30)
          << p.m << "x" << p.n << "x" << p.k << (p.transpose_a ? " aT" : "") << (p.transpose_b ? " bT" : "")
          << " at " << i << ", " << j;
    }
  }
}

Case make_case(std::int64_t m, std::int64_t n, std::int64_t k, unsigned flags) {
  GemmProblem p{m, n, k, (flags & 1) != 0, (flags & 2) != 0, 0, 0, 0};
  p.a_stride = p.transpose_a ? m : k;
  p.b_stride = p.transpose_b ? k : n;
  p.c_stride = n + ((flags & 8) != 0 ? 3 : 0);
  return {p, (flags & 4) != 0};
}

TEST(Gemm, MatchesNaiveOnRandomShapes) {
  Random random(11);
  for (int trial = 0; trial < 400; ++trial) {
    const std::int64_t most = trial % 4 == 0 ? 150 : 40;
    const auto draw = [&] {
      return static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(most)));
    };
    const Case test = make_case(draw(), draw(), draw(), random.bits() & 15U);
    expect_close(test, multiply(test));
    if (HasFatalFailure()) return;
  }
}

TEST(Gemm, MatchesNaiveWherePackingAndBlockingStart) {
  for (const unsigned flags : {0U, 1U, 2U, 3U, 4U, 7U}) {
    for (const auto& [m, n, k] : std::vector<std::array<std::int64_t, 3>>{{128, 128, 784},
                                                                          {97, 1040, 401},
                                                                          {300, 515, 410},
                                                                          {1, 700, 900},
                                                                          {3, 1030, 65},
                                                                          {257, 10, 128}}) {
      const Case test = make_case(m, n, k, flags);
      expect_close(test, multiply(test));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Gemm, SameBitsWithAnyNumberOfThreads) {
  const int before = threads();
  for (const auto& [m, n, k] : std::vector<std::array<std::int64_t, 3>>{
           {128, 128, 784}, {784, 128, 128}, {1, 512, 700}, {640, 600, 500}}) {
    const Case test = make_case(m, n, k, 4);
    set_threads(1);
    const Product one = multiply(test);
    for (const int count : {2, 3, 5}) {
      set_threads(count);
      EXPECT_EQ(one.c, multiply(test).c);
    }
  }
  set_threads(before);
}

TEST(Gemm, SumsBlocksOfOperands) {
  // The batch-reduce form: three blocks of depth 5, the second operand's blocks in reverse order.
  const auto a = random_floats(3 * 2 * 5, 1);
  const auto b = random_floats(3 * 5 * 4, 2);
  std::vector<float> c(8);
  GemmTile tile;
  tile.k = 5;
  tile.blocks = 3;
  tile.a = a.data();
  tile.a_row = 5;
  tile.a_step = 1;
  tile.a_block = 10;
  tile.b = b.data() + 40;
  tile.b_step = 4;
  tile.b_block = -20;
  tile.c = c.data();
  tile.c_row = 4;
  // At most two vectors, for which every instruction set has a kernel of two rows.
  const std::int64_t lanes = gemm_tiles().lanes;
  tile.columns = std::min<std::int64_t>(4, 2 * lanes);
  gemm_tiles().numbers.find(2, (tile.columns + lanes - 1) / lanes)(tile);
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < static_cast<std::size_t>(tile.columns); ++j) {
      double sum = 0;
      for (std::size_t block = 0; block < 3; ++block) {
        for (std::size_t k = 0; k < 5; ++k)
          sum += double{a[block * 10 + i * 5 + k]} * b[(2 - block) * 20 + k * 4 + j];
      }
      EXPECT_NEAR(c[i * 4 + j], sum, 1e-5);
    }
  }
}

}  // namespace
}  // namespace hebb
