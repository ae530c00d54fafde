#include "kernels/gemm_tile.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "hebb/random.hpp"
#include "kernels/bf16.hpp"

namespace hebb {
namespace {

/// Numbers for tiles, as these read them: [rows, numbers along k] paired along k, or as they are.
std::vector<float> elements(const std::vector<float>& rows, std::int64_t k, bool pairs) {
  if (!pairs) return rows;
  const std::int64_t depth = tile_depth(k, true);
  const std::int64_t count = std::ssize(rows) / k;
  std::vector<float> result(static_cast<std::size_t>(count * depth));
  for (std::int64_t i = 0; i < count; ++i) pair_neighbours(rows.data() + i * k, k, result.data() + i * depth);
  return result;
}

/// One tile, of which nothing but its sizes is round: blocks of A are [rows, k], those of B [k, columns], C
/// has a margin that must stay as it is.
void expect_tile(const TileKernels& kernels, bool pairs, std::int64_t rows, std::int64_t columns,
                 std::int64_t k, std::int64_t blocks, int start, Random& random) {
  SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) + ", " + std::to_string(blocks) +
               " blocks of " + std::to_string(k) + ", start " + std::to_string(start));
  constexpr float kMargin = 12345.0F;
  const auto draw = [&](std::int64_t count) {
    std::vector<float> numbers(static_cast<std::size_t>(count));
    for (float& x : numbers) {
      x = random.normal();
      round_to_bf16(&x, 1);
    }
    return numbers;
  };
  const std::int64_t depth = tile_depth(k, pairs);
  const std::vector<float> a = draw(blocks * rows * k);
  const std::vector<float> columns_of_b = draw(blocks * columns * k);  // each block's columns as rows
  const std::vector<float> bias = draw(columns);
  const std::vector<float> a_elements = elements(a, k, pairs);
  const std::vector<float> b_turned = elements(columns_of_b, k, pairs);
  const std::int64_t b_step = columns + 3;
  std::vector<float> b(static_cast<std::size_t>(blocks * depth * b_step));
  for (std::int64_t block = 0; block < blocks; ++block) {
    for (std::int64_t j = 0; j < columns; ++j) {
      for (std::int64_t i = 0; i < depth; ++i)
        b[static_cast<std::size_t>((block * depth + i) * b_step + j)] =
            b_turned[static_cast<std::size_t>((block * columns + j) * depth + i)];
    }
  }
  const std::int64_t c_row = columns + 5;
  std::vector<float> c(static_cast<std::size_t>((rows + 1) * c_row), kMargin);
  std::vector<float> before = draw(rows * columns);
  for (std::int64_t i = 0; i < rows; ++i)
    std::copy_n(before.begin() + i * columns, columns, c.begin() + i * c_row);

  GemmTile tile;
  tile.k = depth;
  tile.blocks = blocks;
  tile.a = a_elements.data();
  tile.a_row = depth;
  tile.a_step = 1;
  tile.a_block = rows * depth;
  tile.b = b.data();
  tile.b_step = b_step;
  tile.b_block = depth * b_step;
  tile.c = c.data();
  tile.c_row = c_row;
  tile.columns = columns;
  tile.accumulate = start == 1;
  tile.bias = start == 2 ? bias.data() : nullptr;
  kernels.find(rows, ceil_div(columns, gemm_tiles().lanes))(tile);

  for (std::int64_t i = 0; i <= rows; ++i) {
    for (std::int64_t j = 0; j < c_row; ++j) {
      const float got = c[static_cast<std::size_t>(i * c_row + j)];
      if (i == rows || j >= columns) {
        ASSERT_EQ(got, kMargin) << i << ", " << j;
        continue;
      }
      double want = 0;
      if (start == 1) want = before[static_cast<std::size_t>(i * columns + j)];
      if (start == 2) want = bias[static_cast<std::size_t>(j)];
      double scale = std::abs(want);
      for (std::int64_t block = 0; block < blocks; ++block) {
        for (std::int64_t n = 0; n < k; ++n) {
          const double product = double{a[static_cast<std::size_t>((block * rows + i) * k + n)]} *
                                 columns_of_b[static_cast<std::size_t>((block * columns + j) * k + n)];
          want += product;
          scale += std::abs(product);
        }
      }
      ASSERT_NEAR(got, want, 0x1p-24 * static_cast<double>(blocks * k + 1) * scale) << i << ", " << j;
    }
  }
}

void expect_tiles(bool pairs) {
  const TileKernels& kernels = tile_kernels(pairs);
  Random random(5, pairs ? 1 : 0);
  const auto below = [&](std::int64_t count) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(count)));
  };
  for (std::int64_t rows = 1; rows <= kernels.most_rows; ++rows) {
    for (std::int64_t vectors = 1; vectors <= kernels.most_vectors; vectors *= 2) {
      if (kernels.find(rows, vectors) == nullptr) continue;
      for (int trial = 0; trial < 6; ++trial) {
        const std::int64_t columns = vectors * gemm_tiles().lanes - below(gemm_tiles().lanes);
        expect_tile(kernels, pairs, rows, columns, 1 + below(150), 1 + below(3), trial % 3, random);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(GemmTile, OfNumbersInEverySize) { expect_tiles(false); }

TEST(GemmTile, OfPairsInEverySize) {
  if (!in_pairs(Precision::bf16)) GTEST_SKIP() << "SKIPPED: no instructions for pairs of bf16";
  expect_tiles(true);
  const SharedTileShape shape;  // no tile may take another's shape for its own
  expect_tiles(true);
}

}  // namespace
}  // namespace hebb
