/// The matrix product of single-precision matrices, the building block of dense layers.
///
/// One batch-reduce micro-kernel (Georganas et al. 2019, arXiv:1906.06440) computes a tile of C held in
/// registers as the sum of products of blocks of A and B; everything around it decides which tiles, and
/// whether the operands are packed first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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
};

/// What to do with a block of C, rows [row, row_end) and columns [column, column_end), while it is in the
/// cache.
struct GemmEpilogue {
  void (*run)(const void* context, std::int64_t row, std::int64_t row_end, std::int64_t column,
              std::int64_t column_end) = nullptr;
  const void* context = nullptr;
};

/// The operands of one product. `bias`, when not null, is [n] and is added to every row.
struct GemmOperands {
  const float* a = nullptr;
  const float* b = nullptr;
  const float* bias = nullptr;
  float* c = nullptr;
  float* scratch = nullptr;  ///< Gemm::scratch_floats() of them, 64-byte aligned
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

  std::size_t scratch_floats() const { return scratch_floats_; }
  /// Computes C, in parallel where the shape is large enough. Each element is summed in an order that depends
  /// on the shape and the instruction set alone.
  void run(const GemmOperands& operands, const GemmEpilogue& epilogue = {}) const;

  /// For products so small that deciding how to compute them costs as much as computing them: `run` is the
  /// same as `pack`, then these calls. Empty for a larger product.
  std::vector<GemmCall> calls(const GemmOperands& operands) const;
  bool packs() const { return pack_b_; }
  void pack(const GemmOperands& operands) const;

 private:
  struct Block {
    std::int64_t row, row_end, column, column_end;
  };
  Block block(std::int64_t task) const;
  void choose_blocks();
  void run_block(const GemmOperands& operands, const GemmEpilogue& epilogue, std::int64_t task) const;
  template <class Emit>
  void for_each_tile(const GemmOperands& operands, std::int64_t task, const Emit& emit) const;

  GemmProblem problem_;
  bool pack_a_ = false;
  bool pack_b_ = false;
  std::int64_t tile_rows_ = 0;
  std::int64_t tile_columns_ = 0;
  std::int64_t k_block_ = 0;
  std::int64_t row_blocks_ = 1;
  std::int64_t column_blocks_ = 1;
  std::size_t scratch_floats_ = 0;
};

}  // namespace hebb
