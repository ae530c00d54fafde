/// The micro-kernel of the matrix product: one tile of C in registers.
#pragma once

#include <cstdint>

namespace hebb {

/// C [rows, columns] = start + sum over blocks of A_block [rows, k] B_block [k, columns].
struct GemmTile {
  std::int64_t k = 0;       ///< depth of one block
  std::int64_t blocks = 1;  ///< number of blocks that are summed
  const float* a = nullptr;
  std::int64_t a_row = 0;    ///< elements between rows of A
  std::int64_t a_step = 0;   ///< elements between neighbours along k
  std::int64_t a_block = 0;  ///< elements between blocks
  const float* b = nullptr;
  std::int64_t b_step = 0;  ///< elements between rows of B; a row's columns are contiguous
  std::int64_t b_block = 0;
  float* c = nullptr;
  std::int64_t c_row = 0;
  const float* bias = nullptr;  ///< when not null, each row starts from it
  bool accumulate = false;      ///< else whether each element starts from C; if neither, from zero
  std::int64_t columns = 0;     ///< at most the kernel's width
};

using GemmTileRun = void (*)(const GemmTile&);

/// The micro-kernels of the instruction set in use.
struct GemmTiles {
  std::int64_t lanes = 1;         ///< floats in a vector
  std::int64_t most_rows = 1;     ///< rows of the tile that uses all registers
  std::int64_t width = 1;         ///< columns of that tile: two vectors
  std::int64_t most_vectors = 2;  ///< widest tile, for few rows
  /// The kernel for `rows` rows and `vectors` vectors of columns; null where there is none.
  GemmTileRun (*find)(std::int64_t rows, std::int64_t vectors) = nullptr;
};

const GemmTiles& gemm_tiles();

}  // namespace hebb
