#include "kernels/gemm_tile_avx512_bf16.hpp"

#if defined(__x86_64__)

#include <hwy/base.h>
#include <immintrin.h>

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

HWY_POP_ATTRIBUTES

}  // namespace

decltype(GemmTiles::find_pairs) avx512_bf16_tiles() {
  __builtin_cpu_init();
  using Table = GemmTileTable<Kernel, 14, 6, 3>;  // the sizes of AVX-512's tiles (gemm_tile.cpp)
  return __builtin_cpu_supports("avx512bf16") != 0 ? Table::find : nullptr;
}

}  // namespace hebb

#else

namespace hebb {

decltype(GemmTiles::find_pairs) avx512_bf16_tiles() { return nullptr; }

}  // namespace hebb

#endif
