/// Tiles of pairs of bf16 numbers on AVX512_BF16, for which Highway 1.0 has no names: plain intrinsics.
#pragma once

#include "kernels/gemm_tile.hpp"

namespace hebb {

/// Adds what there is for pairs, if this processor has the instructions.
void add_avx512_bf16_tiles(GemmTiles& tiles);

}  // namespace hebb
