#include "kernels/gemm_tile_avx512_bf16.hpp"

#if defined(__x86_64__)

#include <hwy/base.h>
#include <immintrin.h>

#include <algorithm>
#include <array>

#include "kernels/gemm_tile_table.hpp"
#include "kernels/targets.hpp"

namespace hebb {
namespace {

constexpr int kLanes = 16;

HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512vl,avx512bf16")

// VDPBF16PS adds the product of the upper numbers and then that of the lower ones, each rounded to f32;
// subnormal numbers count as zero.
template <int kRows, int kVectors>
struct Kernel {
  static void run(const GemmTile& tile) {
    const auto last = static_cast<unsigned>(tile.columns - (kVectors - 1) * kLanes);
    __mmask16 mask[kVectors];
    HEBB_UNROLL
    for (int v = 0; v < kVectors; ++v)
      mask[v] = static_cast<__mmask16>(v + 1 < kVectors ? 0xFFFFU : (1U << last) - 1U);

    __m512 sum[kRows][kVectors];
    HEBB_UNROLL
    for (int i = 0; i < kRows; ++i) {
      HEBB_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const float* start = tile.bias != nullptr ? tile.bias : tile.c + i * tile.c_row;
        sum[i][v] = tile.bias != nullptr || tile.accumulate
                        ? _mm512_maskz_loadu_ps(mask[v], start + v * kLanes)
                        : _mm512_setzero_ps();
      }
    }
    for (std::int64_t block = 0; block < tile.blocks; ++block) {
      const float* a = tile.a + block * tile.a_block;
      const float* b = tile.b + block * tile.b_block;
      for (std::int64_t k = 0; k < tile.k; ++k) {
        __m512bh row[kVectors];
        HEBB_UNROLL
        for (int v = 0; v < kVectors; ++v)
          row[v] = reinterpret_cast<__m512bh>(_mm512_maskz_loadu_ps(mask[v], b + v * kLanes));
        HEBB_UNROLL
        for (int i = 0; i < kRows; ++i) {
          const auto x = reinterpret_cast<__m512bh>(_mm512_set1_ps(a[i * tile.a_row]));
          HEBB_UNROLL
          for (int v = 0; v < kVectors; ++v) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], x, row[v]);
        }
        a += tile.a_step;
        b += tile.b_step;
      }
    }
    HEBB_UNROLL
    for (int i = 0; i < kRows; ++i) {
      HEBB_UNROLL
      for (int v = 0; v < kVectors; ++v)
        _mm512_mask_storeu_ps(tile.c + i * tile.c_row + v * kLanes, mask[v], sum[i][v]);
    }
  }
};

__mmask16 first_lanes(std::int64_t count) {
  return static_cast<__mmask16>((1U << std::clamp<std::int64_t>(count, 0, kLanes)) - 1U);
}

// VCVTNE2PS2BF16 rounds two vectors to one of 32 numbers; subnormal ones become zero.
void PairNeighbours(const float* from, std::int64_t count, float* to) {
  for (; count >= 2 * kLanes; count -= 2 * kLanes, from += 2 * kLanes, to += kLanes) {
    const __m512bh pairs = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + kLanes), _mm512_loadu_ps(from));
    _mm512_storeu_ps(to, reinterpret_cast<__m512>(pairs));
  }
  if (count == 0) return;
  const __m512bh pairs =
      _mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(first_lanes(count - kLanes), from + kLanes),
                          _mm512_maskz_loadu_ps(first_lanes(count), from));
  _mm512_mask_storeu_ps(to, first_lanes((count + 1) / 2), reinterpret_cast<__m512>(pairs));
}

void PairRows(const float* first, const float* second, std::int64_t count, float* to) {
  // Of the 32 numbers, 16 of each row, number i of a row comes to place 2 i or 2 i + 1.
  alignas(64) static constexpr auto kPlaces = [] {
    std::array<std::uint16_t, 2 * kLanes> places{};
    for (std::size_t i = 0; i < kLanes; ++i) {
      places[2 * i] = static_cast<std::uint16_t>(i);
      places[2 * i + 1] = static_cast<std::uint16_t>(kLanes + i);
    }
    return places;
  }();
  const __m512i places = _mm512_load_si512(kPlaces.data());
  const auto pair = [&](std::int64_t i, __mmask16 mask) {
    const __m512 low = _mm512_maskz_loadu_ps(mask, first + i);
    const __m512 high = second == nullptr ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, second + i);
    const auto both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
    _mm512_mask_storeu_ps(to + i, mask, _mm512_castsi512_ps(_mm512_permutexvar_epi16(places, both)));
  };
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) pair(i, 0xFFFFU);
  if (i < count) pair(i, first_lanes(count - i));
}

HWY_POP_ATTRIBUTES

}  // namespace

void add_avx512_bf16_tiles(GemmTiles& tiles) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bf16") == 0) return;
  tiles.pairs.name = "AVX512_BF16";
  tiles.pairs.find = GemmTileTable<Kernel, 14, 6, 3>::find;  // of the sizes of AVX-512's (gemm_tile.cpp)
  tiles.pairs.most_rows = 14;
  tiles.pairs.most_vectors = 8;
  tiles.pair_neighbours = PairNeighbours;
  tiles.pair_rows = PairRows;
}

}  // namespace hebb

#else

namespace hebb {

void add_avx512_bf16_tiles(GemmTiles&) {}

}  // namespace hebb

#endif
