// Sums of whole numbers against plain loops; the tests of lesser instruction sets run these too.
#include "kernels/whole_sums.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "hebb/random.hpp"

namespace hebb {
namespace {

struct Operands {
  std::vector<std::int32_t> tile;
  std::vector<double> x, y;
};

Operands draw(std::uint64_t seed) {
  Random random(seed);
  Operands o;
  for (std::int64_t i = 0; i < kTileSize; ++i) o.tile.push_back(static_cast<std::int32_t>(random.bits()));
  for (std::int64_t i = 0; i < kTileSide; ++i) {
    o.x.push_back(static_cast<double>(random.below(5)) - 2);
    o.y.push_back(static_cast<double>(random.below(1000)));
  }
  return o;
}

TEST(WholeSums, ScaledRowsAreExact) {
  const Operands o = draw(1);
  for (const std::int64_t count : {0, 1, 3, 7, 16, 33, 64}) {
    for (const std::int64_t stride : {1, 3, 64}) {
      std::vector<double> got = o.y;
      std::vector<double> want = o.y;
      add_scaled_strided(o.tile.data(), stride, count, -2, got.data());
      for (std::int64_t i = 0; i < count; ++i)
        want[static_cast<std::size_t>(i)] -= 2.0 * o.tile[static_cast<std::size_t>(i * stride)];
      EXPECT_EQ(got, want);
      if (stride > 1) continue;
      got = o.y;
      add_scaled(o.tile.data(), count, -2, got.data());
      EXPECT_EQ(got, want);
    }
  }
}

TEST(WholeSums, TileProductsAreExact) {
  const Operands o = draw(2);
  const Operands transposed = draw(3);
  std::vector<double> want = o.y;
  std::vector<double> want_transposed = transposed.y;
  for (std::size_t at = 0; at < o.tile.size(); ++at) {
    want[at % 64] += o.x[at / 64] * o.tile[at];
    want_transposed[at / 64] += transposed.x[at % 64] * o.tile[at];
  }
  std::vector<double> y = o.y;
  add_tile_product(o.tile.data(), o.x.data(), y.data());
  EXPECT_EQ(y, want);
  y = o.y;
  std::vector<double> transposed_y = transposed.y;
  add_tile_products(o.tile.data(), o.x.data(), y.data(), transposed.x.data(), transposed_y.data());
  EXPECT_EQ(y, want);
  EXPECT_EQ(transposed_y, want_transposed);
}

TEST(WholeSums, OuterChangesRoundAndStayWithinBounds) {
  Operands o = draw(4);
  std::vector<std::int32_t> values(o.tile.begin(), o.tile.begin() + kTileSide);
  for (std::size_t k = 0; k < 32; ++k) values[k] %= 100;
  for (double& value : o.y) value += 0.3;
  const OuterChange change{.growth = 1.25, .a_i = -1, .b_i = 40.6, .bound = 100000};
  std::vector<std::int32_t> want;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double sum = std::nearbyint(1.25 * values[k] + (-1 * o.y[k] + 40.6 * o.x[k]));
    want.push_back(static_cast<std::int32_t>(std::max(-100000.0, std::min(100000.0, sum))));
  }
  add_outer(values.data(), change, o.x.data(), o.y.data());
  EXPECT_EQ(values, want);
  // Half to even, and the largest of all.
  std::vector<std::int32_t> edge(kTileSide, 1);
  edge[1] = 3;
  edge[2] = INT32_MAX;
  edge[3] = INT32_MIN;
  const std::vector<double> half(kTileSide, 0.5);
  const std::vector<double> ones(kTileSide, 1.0);
  add_outer(edge.data(), {.a_i = 0, .b_i = 1}, half.data(), ones.data());
  EXPECT_EQ(edge[0], 2);
  EXPECT_EQ(edge[1], 4);
  EXPECT_EQ(edge[2], INT32_MAX);
  EXPECT_EQ(edge[3], -INT32_MAX);
}

TEST(WholeSums, FirstOfTheLeastIsFound) {
  Random random(6);
  for (const std::size_t count : {1, 2, 3, 5, 8, 31, 64}) {
    for (int draw = 0; draw < 20; ++draw) {
      std::vector<double> sign, sum, part;
      for (std::size_t i = 0; i < count; ++i) {
        sign.push_back(random.bits() & 1 ? 1 : -1);
        sum.push_back(static_cast<double>(random.below(6)));  // so few that the least comes several times
        part.push_back(random.bits() & 1 ? 1 : -1);
      }
      std::size_t want = 0;
      const auto value = [&](std::size_t i) { return sign[i] * (sum[i] - 2 * part[i] + 0.25); };
      for (std::size_t i = 1; i < count; ++i) want = value(i) < value(want) ? i : want;
      EXPECT_EQ(
          least_product({sign.data(), sum.data(), part.data(), 2, 0.25}, static_cast<std::int64_t>(count)),
          static_cast<std::int64_t>(want));
    }
  }
  EXPECT_EQ(least_product({}, 0), 0);
}

TEST(WholeSums, CommonBitsAreCounted) {
  Random random(5);
  for (const std::int64_t words : {1, 2, 3, 8, 11}) {
    std::vector<std::uint64_t> rows;
    for (std::int64_t i = 0; i < 7 * words; ++i)
      rows.push_back(std::uint64_t{random.bits()} << 32 | random.bits());
    const std::vector<std::uint64_t> bits(rows.begin() + words, rows.begin() + 2 * words);
    std::vector<std::int32_t> counts(7, 10);
    std::vector<std::int32_t> want = counts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto w = static_cast<std::size_t>(words);
      want[i / w] += std::popcount(rows[i] & bits[i % w]);
    }
    add_common_bits(bits.data(), rows.data(), words, 7, counts.data());
    EXPECT_EQ(counts, want) << words << " words";
  }
}

}  // namespace
}  // namespace hebb
