/// The micro-kernel of the matrix product: one tile of C in registers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "hebb/precision.hpp"

namespace hebb {

/// C [rows, columns] = start + sum over blocks of A_block [rows, k] B_block [k, columns]. In a tile of pairs
/// each element of A and B is a pair of bf16 numbers that follow each other along k (kernels/bf16.hpp), and
/// the depth `k` counts these.
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

/// The micro-kernels for one kind of elements.
struct TileKernels {
  const char* name = "";  ///< of the instructions, where Highway's does not tell
  /// The kernel for `rows` rows and `vectors` vectors of columns; null where there is none.
  GemmTileRun (*find)(std::int64_t rows, std::int64_t vectors) = nullptr;
  std::int64_t most_rows = 1;     ///< rows of the tile that uses all registers; it is two vectors wide
  std::int64_t most_vectors = 2;  ///< widest tile, for few rows
  /// Depth of one multiplication of whole registers, in elements. Where it is more than one, a row of A has
  /// to be contiguous (`a_step` is 1), and rows that begin with a line of the cache are much faster.
  std::int64_t depth = 1;

  bool takes_rows() const { return depth > 1; }
};

/// The micro-kernels of the instruction set in use.
struct GemmTiles {
  std::int64_t lanes = 1;  ///< floats in a vector
  TileKernels numbers;
  TileKernels pairs;  ///< without kernels where there are no instructions for them
  /// What makes pairs for these tiles (kernels/bf16.hpp); null where there are none.
  void (*pair_neighbours)(const float* from, std::int64_t count, float* to) = nullptr;
  void (*pair_rows)(const float* first, const float* second, std::int64_t count, float* to) = nullptr;
  /// Whether this thread's registers keep the shape that one tile gave them for the next; returns what was
  /// the case before. Null where registers have one shape alone.
  bool (*keep_shape)(bool keep) = nullptr;
  /// to[i * to_stride + j] = from[i * from_stride + j] for i < rows, j < columns. Each row is stored in whole
  /// vectors, zeros last, one row after the other: a row's rest is overwritten by the next, the last row's
  /// goes up to a vector beyond it.
  void (*pack_rows)(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                    std::int64_t columns, std::int64_t rows) = nullptr;
  /// to[j * to_stride + i] = from[i * from_stride + j] for j < columns and i < rows, of which there are at
  /// most numbers.most_rows; 1 <= rows. It too may write up to a vector beyond each row of `to`, in order.
  void (*pack_columns)(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                       std::int64_t rows, std::int64_t columns) = nullptr;
};

const GemmTiles& gemm_tiles();

/// Whether products of this precision are computed by tiles of pairs.
inline bool in_pairs(Precision precision) {
  return precision == Precision::bf16 && gemm_tiles().pairs.find != nullptr;
}
inline const TileKernels& tile_kernels(bool pairs) {
  return pairs ? gemm_tiles().pairs : gemm_tiles().numbers;
}

/// While it lives, the tiles that this thread computes may share the shape of registers, which takes as long
/// to set as a dozen multiplications of them. Nobody else may use such registers meanwhile.
class SharedTileShape {
 public:
  SharedTileShape() : before_(keep(true)) {}
  ~SharedTileShape() { keep(before_); }
  SharedTileShape(const SharedTileShape&) = delete;
  SharedTileShape& operator=(const SharedTileShape&) = delete;

 private:
  static bool keep(bool kept) {
    const auto set = gemm_tiles().keep_shape;
    return set != nullptr && set(kept);
  }
  bool before_;
};

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
inline std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

/// Elements of A and B, one after the other along k, that so many numbers take.
inline std::int64_t tile_depth(std::int64_t numbers, bool pairs) {
  return pairs ? ceil_div(numbers, 2) : numbers;
}

/// Rows in tiles of two heights that differ by one, the taller first.
struct TiledRows {
  TiledRows(std::int64_t rows, std::int64_t most)
      : count(ceil_div(rows, most)),
        low(count == 0 ? 0 : rows / count),
        tall(count == 0 ? 0 : rows % count) {}
  std::int64_t begin(std::int64_t tile) const { return tile * low + std::min(tile, tall); }
  std::int64_t height(std::int64_t tile) const { return low + (tile < tall ? 1 : 0); }

  std::int64_t count;
  std::int64_t low;   ///< height of the lower tiles
  std::int64_t tall;  ///< number of tiles that are a row higher
};

}  // namespace hebb
