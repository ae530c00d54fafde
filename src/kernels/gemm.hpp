/// The matrix product of single-precision matrices, the building block of dense layers.
///
/// One batch-reduce micro-kernel (Georganas et al. 2019, arXiv:1906.06440) computes a tile of C held in
/// registers as the sum of products of blocks of A and B; everything around it decides which tiles, and
/// whether the operands are packed first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hebb/precision.hpp"
#include "kernels/epilogue.hpp"
#include "kernels/gemm_tile.hpp"

namespace hebb {

/// C [m, n] = op(A) op(B), A being [m, k] or, transposed, [k, m]; B [k, n] or [n, k]. The strides are
/// elements between rows as they lie in memory.
struct GemmProblem {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  std::int64_t a_stride = 0;
  std::int64_t b_stride = 0;
  std::int64_t c_stride = 0;
  Precision precision = Precision::f32;
  bool constant_b = false;  ///< whether B is packed once, so that packing it costs nothing
};

/// The operands of one product. `bias`, when not null, is [n] and is added to every row; `packed_b`, when not
/// null, is B as Gemm::pack leaves it.
struct GemmOperands {
  const float* a = nullptr;
  const float* b = nullptr;
  const float* bias = nullptr;
  float* c = nullptr;
  const float* packed_b = nullptr;
};

/// One tile bound to addresses.
struct GemmCall {
  GemmTileRun run = nullptr;
  GemmTile tile = {};
};

/// How one shape of product is computed; immutable, so any number of threads may run it at once.
class Gemm {
 public:
  explicit Gemm(const GemmProblem& problem);

  /// Computes C, in parallel where the shape is large enough. Each element is summed in an order that depends
  /// on the shape and the instruction set alone.
  void run(const GemmOperands& operands, const Epilogue& epilogue = {}) const;

  /// For products so small that deciding how to compute them costs as much as computing them: `run` is the
  /// same as `pack`, then these calls. Empty for a larger product. `packed` has packed_floats() elements.
  std::vector<GemmCall> calls(const GemmOperands& operands, float* packed) const;

  /// B as tiles read it, which a B that does not change has to be made only once; 64-byte aligned.
  void pack(const float* b, float* packed) const;
  std::size_t packed_floats() const;  ///< zero where B is read where it lies

 private:
  /// Rows [row, row_end) and columns [column, column_end) of C, and the depth [k, k_end).
  struct Block {
    std::int64_t row, row_end, column, column_end, k, k_end;
  };
  /// Where the tiles of a block find their operands.
  struct Panel {
    const float* a;
    std::int64_t a_row, a_step, a_tile;  // a_tile: elements from tile to tile where A is packed
    const float* b;
    std::int64_t b_step;
  };
  bool shares_rows(int parts) const;
  void run_part(const GemmOperands& operands, const Epilogue& epilogue, Block part) const;
  std::int64_t packed_columns() const;
  void run_pass(const GemmOperands& operands, const Block& block, const float* packed_b,
                float* scratch) const;
  void pack_a(const GemmOperands& operands, const Block& block, float* to) const;
  void pack_b(const float* b, const Block& block, std::int64_t column, std::int64_t column_end,
              float* to) const;
  void copy_b(const float* b, const Block& block, std::int64_t column, std::int64_t column_end,
              float* to) const;
  void pair_a(const GemmOperands& operands, const Block& block, float* to) const;
  void pair_columns(const float* from, std::int64_t height, std::int64_t depth, float* tile) const;
  std::int64_t depth_of_a(std::int64_t depth) const;
  void pair_b(const float* b, const Block& block, std::int64_t column, std::int64_t column_end,
              float* to) const;
  Panel unpacked(const GemmOperands& operands, const Block& block, std::int64_t column) const;
  template <class Emit>
  void for_each_tile(const GemmOperands& operands, const Block& block, std::int64_t column,
                     const Panel& panel, const Emit& emit) const;

  GemmProblem problem_;
  bool pairs_ = false;  // whether tiles are of pairs
  bool pack_a_ = false;
  bool pack_b_ = false;
  std::int64_t tile_rows_ = 0;
  std::int64_t tile_columns_ = 0;
  std::int64_t k_block_ = 0;
  std::int64_t rows_of_pass_ = 0;
  std::int64_t columns_packed_ = 0;
};

}  // namespace hebb
