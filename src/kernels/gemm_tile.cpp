#include "kernels/gemm_tile.hpp"

#include <algorithm>

#include "kernels/gemm_tile_amx.hpp"
#include "kernels/gemm_tile_avx512_bf16.hpp"
#include "kernels/gemm_tile_table.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_tile.cpp"  // NOLINT
#include <hwy/foreach_target.h>                     // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Registers: AVX-512 has 32 (14 x 2 accumulators), AVX2 16 (6 x 2).
#if HWY_TARGET <= HWY_AVX3
constexpr int kMostRows = 14;
constexpr int kRowsOfFour = 6;
constexpr int kRowsOfEight = 3;
#elif HWY_TARGET == HWY_AVX2
constexpr int kMostRows = 6;
constexpr int kRowsOfFour = 3;
constexpr int kRowsOfEight = 1;
#else
constexpr int kMostRows = 4;
constexpr int kRowsOfFour = 1;
constexpr int kRowsOfEight = 0;
#endif

template <int kRows, int kVectors, bool kWhole>
void Tile(const GemmTile& tile) {
  const D d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto last =
      static_cast<std::size_t>(tile.columns - (kVectors - 1) * lanes);  // columns of the last vector
  const auto mask = hn::FirstN(d, last);
  const auto load = [&](const float* p, int v) HWY_ATTR {
    return kWhole || v + 1 < kVectors ? hn::LoadU(d, p + v * lanes) : hn::MaskedLoad(mask, d, p + v * lanes);
  };

  V sum[kRows][kVectors];
  HEBB_UNROLL
  for (int i = 0; i < kRows; ++i) {
    HEBB_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[i][v] = tile.bias != nullptr ? load(tile.bias, v)
                  : tile.accumulate    ? load(tile.c + i * tile.c_row, v)
                                       : hn::Zero(d);
    }
  }
  for (std::int64_t block = 0; block < tile.blocks; ++block) {
    const float* a = tile.a + block * tile.a_block;
    const float* b = tile.b + block * tile.b_block;
    for (std::int64_t k = 0; k < tile.k; ++k) {
      V row[kVectors];
      HEBB_UNROLL
      for (int v = 0; v < kVectors; ++v) row[v] = load(b, v);
      HEBB_UNROLL
      for (int i = 0; i < kRows; ++i) {
        const V x = hn::Set(d, a[i * tile.a_row]);
        HEBB_UNROLL
        for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(x, row[v], sum[i][v]);
      }
      a += tile.a_step;
      b += tile.b_step;
    }
  }
  HEBB_UNROLL
  for (int i = 0; i < kRows; ++i) {
    HEBB_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      float* to = tile.c + i * tile.c_row + v * lanes;
      if (kWhole || v + 1 < kVectors) {
        hn::StoreU(sum[i][v], d, to);
      } else {
        StoreFirst(sum[i][v], d, to, last);
      }
    }
  }
}

template <int kRows, int kVectors>
struct Kernel {
  // Full and partial last vector in one entry: the test costs nothing beside a tile.
  static void run(const GemmTile& tile) {
    if (tile.columns == kVectors * static_cast<std::int64_t>(hn::Lanes(D()))) {
      Tile<kRows, kVectors, true>(tile);
    } else {
      Tile<kRows, kVectors, false>(tile);
    }
  }
};

void PackRows(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
              std::int64_t columns, std::int64_t rows) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t whole = columns / lanes * lanes;
  const auto mask = hn::FirstN(d, static_cast<std::size_t>(columns - whole));
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < whole; j += lanes) hn::StoreU(hn::LoadU(d, from + j), d, to + j);
    if (whole < columns) hn::StoreU(hn::MaskedLoad(mask, d, from + whole), d, to + whole);
    from += from_stride;
    to += to_stride;
  }
}

#if HWY_TARGET == HWY_SCALAR
void PackColumns(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                 std::int64_t rows, std::int64_t columns) {
  for (std::int64_t j = 0; j < columns; ++j) {
    for (std::int64_t i = 0; i < rows; ++i) to[j * to_stride + i] = from[i * from_stride + j];
  }
}
#else
/// Rows in `kGroups` groups of four.
template <int kGroups>
void PackGroups(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                std::int64_t rows, std::int64_t columns) {
  using D4 = hn::FixedTag<float, 4>;
  using V4 = hn::Vec<D4>;
  const D4 d;
  const hn::RepartitionToWide<D4> wide;
  // Rows that a last group of four lacks repeat the last one: what is read there is not used.
  const float* row[4 * kGroups];
  for (std::int64_t i = 0; i < 4 * kGroups; ++i) row[i] = from + std::min(i, rows - 1) * from_stride;
  std::int64_t j = 0;
  for (; j + 4 <= columns; j += 4) {
    V4 columns_of[kGroups][4];
    HEBB_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      const V4 a = hn::LoadU(d, row[4 * g] + j);
      const V4 b = hn::LoadU(d, row[4 * g + 1] + j);
      const V4 c = hn::LoadU(d, row[4 * g + 2] + j);
      const V4 e = hn::LoadU(d, row[4 * g + 3] + j);
      const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b));
      const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
      const auto ce_low = hn::BitCast(wide, hn::InterleaveLower(d, c, e));
      const auto ce_high = hn::BitCast(wide, hn::InterleaveUpper(d, c, e));
      columns_of[g][0] = hn::BitCast(d, hn::InterleaveLower(wide, ab_low, ce_low));
      columns_of[g][1] = hn::BitCast(d, hn::InterleaveUpper(wide, ab_low, ce_low));
      columns_of[g][2] = hn::BitCast(d, hn::InterleaveLower(wide, ab_high, ce_high));
      columns_of[g][3] = hn::BitCast(d, hn::InterleaveUpper(wide, ab_high, ce_high));
    }
    HEBB_UNROLL
    for (int c = 0; c < 4; ++c) {
      HEBB_UNROLL
      for (int g = 0; g < kGroups; ++g) hn::StoreU(columns_of[g][c], d, to + (j + c) * to_stride + 4 * g);
    }
  }
  for (; j < columns; ++j) {
    for (std::int64_t i = 0; i < rows; ++i) to[j * to_stride + i] = row[i][j];
  }
}

void PackColumns(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                 std::int64_t rows, std::int64_t columns) {
  static_assert(kMostRows <= 16);
  if (rows > 12) return PackGroups<4>(from, from_stride, to, to_stride, rows, columns);
  if (rows > 8) return PackGroups<3>(from, from_stride, to, to_stride, rows, columns);
  if (rows > 4) return PackGroups<2>(from, from_stride, to, to_stride, rows, columns);
  PackGroups<1>(from, from_stride, to, to_stride, rows, columns);
}
#endif

GemmTiles Tiles() {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  using Table = GemmTileTable<Kernel, kMostRows, kRowsOfFour, kRowsOfEight>;
  GemmTiles tiles;
  tiles.lanes = lanes;
  tiles.numbers.find = Table::find;
  tiles.numbers.most_rows = kMostRows;
  tiles.numbers.most_vectors = kRowsOfEight > 0 ? 8 : 4;
  tiles.pack_rows = PackRows;
  tiles.pack_columns = PackColumns;
  return tiles;
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Tiles);

const GemmTiles& gemm_tiles() {
  static const GemmTiles tiles = [] {
    GemmTiles result = HWY_DYNAMIC_DISPATCH(Tiles)();
    if (result.lanes == 16) {  // AVX-512
      add_avx512_bf16_tiles(result);
      add_amx_tiles(result);
    }
    return result;
  }();
  return tiles;
}

}  // namespace hebb
#endif
