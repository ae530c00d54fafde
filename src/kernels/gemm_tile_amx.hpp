/// Tiles of pairs of bf16 numbers on AMX, whose registers hold tiles of 16 rows of 16 pairs: plain
/// intrinsics.
#pragma once

#include "kernels/gemm_tile.hpp"

namespace hebb {

/// Makes these the tiles of pairs, if this processor has the instructions and the system lets us use them.
void add_amx_tiles(GemmTiles& tiles);

}  // namespace hebb
