/// Tiles of pairs of bf16 numbers on AVX512_BF16, for which Highway 1.0 has no names: plain intrinsics.
#pragma once

#include "kernels/gemm_tile.hpp"

namespace hebb {

/// What GemmTiles::find_pairs is on this processor: null unless it has the instructions.
decltype(GemmTiles::find_pairs) avx512_bf16_tiles();

}  // namespace hebb
