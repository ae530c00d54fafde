#include "kernels/gemm.hpp"

#include <algorithm>

#include "core/parallel.hpp"
#include "kernels/bf16.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"
#include "kernels/transpose.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kDeepest = 320;        // k of one block: a panel of B stays in the first-level cache
constexpr std::int64_t kPackedA = 56 * 1024;  // floats of A that stay in the second-level cache
constexpr std::int64_t kSerialWork = 40'000;  // multiply-adds below which splitting does not pay (about 2 us)
constexpr std::int64_t kSharedWork = 250'000;   // multiply-adds that are shared out even in narrower tiles
constexpr std::int64_t kTilesShared = 2;        // tiles beside each other that these have at least
constexpr std::int64_t kWorkOfPart = 20'000;    // multiply-adds that are worth a thread
constexpr std::int64_t kPackingCost = 8;        // multiply-adds that take as long as packing an element
constexpr std::int64_t kFewTiles = 3;           // tiles above each other for which packing B pays
constexpr std::int64_t kManyPanels = 12;        // panels of B for which packing A pays that is not transposed
constexpr std::int64_t kPackedB = 256 * 1024;   // floats of B packed at once, to be read in several passes
constexpr std::int64_t kRowsPacked = 8;         // rows of them between which their lines stay in the cache
constexpr std::int64_t kWidest = 128;           // columns of the widest tile
constexpr std::int64_t kNumbersPaired = 32;     // rows of A of which pairs are made at once
constexpr std::int64_t kPairsPacked = 64;       // pairs of a row that are transposed at once
constexpr std::int64_t kCachedElements = 2048;  // B up to here is in the first-level cache wherever it lies

/// Cuts a tile wider than any kernel for its rows into pieces for which there are kernels.
template <class Emit>
void cut_tile(const GemmTile& whole, std::int64_t rows, bool pairs, const Emit& emit) {
  const std::int64_t lanes = gemm_tiles().lanes;
  const auto find = tile_kernels(pairs).find;
  std::int64_t width = 1;
  while (find(rows, 2 * width) != nullptr) width *= 2;
  GemmTile piece = whole;
  for (std::int64_t column = 0; column < whole.columns; column += piece.columns) {
    while (width > ceil_div(whole.columns - column, lanes)) width /= 2;
    piece.columns = std::min(width * lanes, whole.columns - column);
    piece.b = whole.b + column;
    piece.c = whole.c + column;
    piece.bias = whole.bias == nullptr ? nullptr : whole.bias + column;
    emit(find(rows, width), piece);
  }
}

}  // namespace

Gemm::Gemm(const GemmProblem& problem) : problem_(problem), pairs_(in_pairs(problem.precision)) {
  const std::int64_t lanes = gemm_tiles().lanes;
  const TileKernels& kernels = tile_kernels(pairs_);
  const auto& [m, n, k, transpose_a, transpose_b, a_stride, b_stride, c_stride, precision, constant_b] =
      problem_;
  tile_rows_ = kernels.most_rows;
  // Widths: one vector for narrow matrices, more than two for few rows.
  std::int64_t vectors = n <= lanes ? 1 : 2;
  for (std::int64_t wider = 4; wider <= kernels.most_vectors; wider *= 2) {
    // Matrices worth sharing leave a tile to each of several threads.
    const std::int64_t columns = m * n * k < kSharedWork ? n : n / kTilesShared;
    if (kernels.find(m, wider) != nullptr && columns >= wider * lanes) vectors = wider;
  }
  tile_columns_ = vectors * lanes;
  while (kernels.find(std::clamp<std::int64_t>(m, 1, tile_rows_), vectors) == nullptr) --tile_rows_;

  // Blocks are as deep in pairs as in numbers; no pair lies in two.
  const std::int64_t elements = tile_depth(k, pairs_);
  const std::int64_t element_block =
      elements <= kDeepest ? elements
                           : round_up(ceil_div(elements, ceil_div(elements, kDeepest)), kernels.depth);
  k_block_ = pairs_ ? std::min(2 * element_block, k) : element_block;
  const std::int64_t most_rows =
      kPackedA / std::max<std::int64_t>(depth_of_a(element_block), 1) / tile_rows_ * tile_rows_;
  rows_of_pass_ = std::max(most_rows, tile_rows_);
  pack_b_ = transpose_b ? n > 1 && k > 1
                        : (constant_b || m >= kFewTiles * tile_rows_) && b_stride > tile_columns_ &&
                              n * k > kCachedElements;
  pack_a_ = m > tile_rows_ && (transpose_a ? n > 2 * tile_columns_ : n > kManyPanels * tile_columns_);
  // Numbers are rounded as they are packed.
  if (precision == Precision::bf16) pack_a_ = pack_b_ = true;
  columns_packed_ =
      std::max<std::int64_t>(kPackedB / std::max<std::int64_t>(element_block, 1) / tile_columns_, 1) *
      tile_columns_;
}

/// Whether threads share rows rather than columns, by which of them takes less time: what the busiest thread
/// computes, and what every one packs for itself. An element is summed in the same order whatever the choice.
bool Gemm::shares_rows(int parts) const {
  const auto& [m, n, k, transpose_a, transpose_b, a_stride, b_stride, c_stride, precision, constant_b] =
      problem_;
  const std::int64_t rows = ceil_div(ceil_div(m, tile_rows_), parts) * tile_rows_;
  const std::int64_t columns = ceil_div(ceil_div(n, tile_columns_), parts) * tile_columns_;
  const std::int64_t by_rows = rows * n + kPackingCost * ((pack_a_ ? rows : 0) + (pack_b_ ? n : 0));
  const std::int64_t by_columns = m * columns + kPackingCost * ((pack_a_ ? m : 0) + (pack_b_ ? columns : 0));
  return by_rows <= by_columns;
}

std::int64_t Gemm::packed_columns() const { return round_up(problem_.n, tile_columns_); }

std::size_t Gemm::packed_floats() const {
  return pack_b_ ? static_cast<std::size_t>(packed_columns() * tile_depth(problem_.k, pairs_)) : 0;
}

/// Packs the panels of columns [column, column_end), one after the other.
void Gemm::pack_b(const float* b, const Block& block, std::int64_t column, std::int64_t column_end,
                  float* to) const {
  if (pairs_) return pair_b(b, block, column, column_end, to);
  copy_b(b, block, column, column_end, to);
  const std::int64_t panels = ceil_div(column_end - column, tile_columns_);
  if (problem_.precision == Precision::bf16)
    round_to_bf16(to, panels * tile_columns_ * (block.k_end - block.k));
}

void Gemm::copy_b(const float* b, const Block& block, std::int64_t column, std::int64_t column_end,
                  float* to) const {
  const std::int64_t depth = block.k_end - block.k;
  if (!problem_.transpose_b) {
    // A few rows at a time: neighbouring columns are neighbours in memory, rows may be pages apart.
    for (std::int64_t row = 0; row < depth; row += kRowsPacked) {
      const std::int64_t rows = std::min(kRowsPacked, depth - row);
      for (std::int64_t j = column; j < column_end; j += tile_columns_) {
        gemm_tiles().pack_rows(b + (block.k + row) * problem_.b_stride + j, problem_.b_stride,
                               to + (j - column) * depth + row * tile_columns_, tile_columns_,
                               std::min(tile_columns_, problem_.n - j), rows);
      }
    }
    return;
  }
  for (std::int64_t j = column; j < column_end; j += tile_columns_) {
    const std::int64_t columns = std::min(tile_columns_, problem_.n - j);
    float* panel = to + (j - column) * depth;
    transpose_plane(b + j * problem_.b_stride + block.k, problem_.b_stride, panel, tile_columns_, columns,
                    depth);
    for (std::int64_t i = 0; columns < tile_columns_ && i < depth; ++i) {
      std::fill(panel + i * tile_columns_ + columns, panel + (i + 1) * tile_columns_, 0.0F);
    }
  }
}

/// The same as pairs: a few rows, or a part of each column, are copied and paired at a time.
void Gemm::pair_b(const float* b, const Block& block, std::int64_t column, std::int64_t column_end,
                  float* to) const {
  const GemmTiles& tiles = gemm_tiles();
  const std::int64_t depth = block.k_end - block.k;
  const std::int64_t pairs = tile_depth(depth, pairs_);
  // A vector more: see GemmTiles::pack_rows.
  float part[kWidest * std::max(kRowsPacked, kPairsPacked) + kWidest];
  if (!problem_.transpose_b) {
    for (std::int64_t row = 0; row < depth; row += kRowsPacked) {
      const std::int64_t rows = std::min(kRowsPacked, depth - row);
      for (std::int64_t j = column; j < column_end; j += tile_columns_) {
        const std::int64_t columns = std::min(tile_columns_, problem_.n - j);
        if (columns < tile_columns_) std::fill_n(part, rows * tile_columns_, 0.0F);
        tiles.pack_rows(b + (block.k + row) * problem_.b_stride + j, problem_.b_stride, part, tile_columns_,
                        columns, rows);
        pair_matrix_rows(part, rows, tile_columns_, to + (j - column) * pairs + row / 2 * tile_columns_);
      }
    }
    return;
  }
  for (std::int64_t j = column; j < column_end; j += tile_columns_) {
    const std::int64_t columns = std::min(tile_columns_, problem_.n - j);
    float* panel = to + (j - column) * pairs;
    if (columns < tile_columns_) std::fill_n(panel, pairs * tile_columns_, 0.0F);
    for (std::int64_t pair = 0; pair < pairs; pair += kPairsPacked, panel += kPairsPacked * tile_columns_) {
      const std::int64_t count = std::min(kPairsPacked, pairs - pair);
      for (std::int64_t i = 0; i < columns; ++i) {
        pair_neighbours(b + (j + i) * problem_.b_stride + block.k + 2 * pair,
                        std::min(2 * count, depth - 2 * pair), part + i * kPairsPacked);
      }
      transpose_plane(part, kPairsPacked, panel, tile_columns_, columns, count);
    }
  }
}

/// Elements that a packed row of A takes, or a packed column.
std::int64_t Gemm::depth_of_a(std::int64_t depth) const {
  return round_up(depth, tile_kernels(pairs_).depth);
}

/// Tiles of A as pairs; rows that are contiguous stay so.
void Gemm::pair_a(const GemmOperands& operands, const Block& block, float* to) const {
  const TiledRows rows(block.row_end - block.row, tile_rows_);
  const std::int64_t depth = block.k_end - block.k;
  const std::int64_t pairs = depth_of_a(tile_depth(depth, pairs_));
  for (std::int64_t t = 0; t < rows.count; ++t) {
    const std::int64_t row = block.row + rows.begin(t);
    const std::int64_t height = rows.height(t);
    float* tile = to + t * tile_rows_ * pairs;
    if (problem_.transpose_a) {
      pair_columns(operands.a + block.k * problem_.a_stride + row, height, depth, tile);
      continue;
    }
    for (std::int64_t i = 0; i < height; ++i)
      pair_neighbours(operands.a + (row + i) * problem_.a_stride + block.k, depth, tile + i * pairs);
  }
}

/// A tile of A of `height` rows, which lie as columns in memory; they become rows where kernels want them.
void Gemm::pair_columns(const float* from, std::int64_t height, std::int64_t depth, float* tile) const {
  const bool rows = tile_kernels(pairs_).takes_rows();
  const std::int64_t stride = depth_of_a(tile_depth(depth, pairs_));
  float part[kNumbersPaired * kWidest + kWidest];
  for (std::int64_t k = 0; k < depth; k += kNumbersPaired) {
    const std::int64_t count = std::min(kNumbersPaired, depth - k);
    gemm_tiles().pack_rows(from + k * problem_.a_stride, problem_.a_stride, part, tile_rows_, height, count);
    if (rows) {
      pair_matrix_rows(part, count, tile_rows_, part);
      transpose_plane(part, tile_rows_, tile + k / 2, stride, tile_depth(count, pairs_), height);
    } else {
      pair_matrix_rows(part, count, tile_rows_, tile + k / 2 * tile_rows_);
    }
  }
}

void Gemm::pack_a(const GemmOperands& operands, const Block& block, float* to) const {
  if (pairs_) return pair_a(operands, block, to);
  const TiledRows rows(block.row_end - block.row, tile_rows_);
  const std::int64_t depth = block.k_end - block.k;
  for (std::int64_t t = 0; t < rows.count; ++t) {
    const std::int64_t row = block.row + rows.begin(t);
    const std::int64_t height = rows.height(t);
    float* tile = to + t * tile_rows_ * depth;
    if (problem_.transpose_a) {
      gemm_tiles().pack_rows(operands.a + block.k * problem_.a_stride + row, problem_.a_stride, tile,
                             tile_rows_, height, depth);
    } else {
      gemm_tiles().pack_columns(operands.a + row * problem_.a_stride + block.k, problem_.a_stride, tile,
                                tile_rows_, height, depth);
    }
  }
  if (problem_.precision == Precision::bf16) round_to_bf16(to, rows.count * tile_rows_ * depth);
}

Gemm::Panel Gemm::unpacked(const GemmOperands& operands, const Block& block, std::int64_t column) const {
  const auto& [m, n, k, transpose_a, transpose_b, a_stride, b_stride, c_stride, precision, constant_b] =
      problem_;
  Panel panel = {};
  panel.a = operands.a + (transpose_a ? block.k * a_stride + block.row : block.row * a_stride + block.k);
  panel.a_row = transpose_a ? 1 : a_stride;
  panel.a_step = transpose_a ? a_stride : 1;
  // B is read transposed where it lies only when it is a single column or row.
  panel.b = operands.b + (transpose_b ? column * b_stride + block.k : block.k * b_stride + column);
  panel.b_step = transpose_b ? 1 : b_stride;
  return panel;
}

template <class Emit>
void Gemm::for_each_tile(const GemmOperands& operands, const Block& block, std::int64_t column,
                         const Panel& panel, const Emit& emit) const {
  const GemmTiles& tiles = gemm_tiles();
  const TiledRows rows(block.row_end - block.row, tile_rows_);
  GemmTile tile;
  tile.k = tile_depth(block.k_end - block.k, pairs_);
  tile.accumulate = block.k > 0;
  tile.columns = std::min(tile_columns_, block.column_end - column);
  tile.a_row = panel.a_row;
  tile.a_step = panel.a_step;
  tile.b = panel.b;
  tile.b_step = panel.b_step;
  tile.bias = operands.bias != nullptr && block.k == 0 ? operands.bias + column : nullptr;
  tile.c_row = problem_.c_stride;
  // Kernels for the two heights, where one is as wide as the panel.
  const std::int64_t vectors = ceil_div(tile.columns, tiles.lanes);
  const auto find = tile_kernels(pairs_).find;
  const GemmTileRun kernels[] = {find(rows.low, vectors), find(rows.low + 1, vectors)};
  for (std::int64_t t = 0; t < rows.count; ++t) {
    tile.a = panel.a + (panel.a_tile != 0 ? t * panel.a_tile : rows.begin(t) * panel.a_row);
    tile.c = operands.c + (block.row + rows.begin(t)) * problem_.c_stride + column;
    if (const GemmTileRun kernel = kernels[t < rows.tall ? 1 : 0]) {
      emit(kernel, tile);
    } else {
      cut_tile(tile, rows.height(t), pairs_, emit);
    }
  }
}

/// One pass over rows of A that stay in the second-level cache, panel by panel of B, which stays in the
/// first. The panels are packed one at a time where they are not packed already.
void Gemm::run_pass(const GemmOperands& operands, const Block& block, const float* packed_b,
                    float* scratch) const {
  const std::int64_t depth = tile_depth(block.k_end - block.k, pairs_);
  float* packed_a = scratch + (packed_b == nullptr ? depth * tile_columns_ : 0);
  if (pack_a_) pack_a(operands, block, packed_a);
  for (std::int64_t column = block.column; column < block.column_end; column += tile_columns_) {
    Panel panel = unpacked(operands, block, column);
    if (pack_a_) {
      panel.a = packed_a;
      const bool contiguous = pairs_ && (!problem_.transpose_a || tile_kernels(pairs_).takes_rows());
      panel.a_row = contiguous ? depth_of_a(depth) : 1;
      panel.a_step = contiguous ? 1 : tile_rows_;
      panel.a_tile = tile_rows_ * depth_of_a(depth);
    }
    if (pack_b_) {
      panel.b_step = tile_columns_;
      if (packed_b != nullptr) {
        panel.b = packed_b + (column - block.column) * depth;
      } else {
        pack_b(operands.b, block, column, std::min(column + tile_columns_, block.column_end), scratch);
        panel.b = scratch;
      }
    }
    for_each_tile(operands, block, column, panel,
                  [](GemmTileRun kernel, const GemmTile& tile) { kernel(tile); });
  }
}

/// What one thread does: columns are few enough for their panels to stay in the last-level cache.
void Gemm::run_part(const GemmOperands& operands, const Epilogue& epilogue, Block part) const {
  const std::int64_t rows = part.row_end - part.row;
  const std::int64_t passes = ceil_div(rows, rows_of_pass_);
  const std::int64_t tallest = ceil_div(ceil_div(rows, passes), tile_rows_) + 1;
  const bool pack_all = pack_b_ && operands.packed_b == nullptr && passes > 1;
  const std::int64_t width = ceil_div(part.column_end - part.column, tile_columns_) * tile_columns_;
  const std::int64_t deepest = tile_depth(k_block_, pairs_);
  const std::int64_t floats_b = deepest * (pack_all ? width : tile_columns_);
  const std::int64_t floats_a = pack_a_ ? depth_of_a(deepest) * tallest * tile_rows_ : 0;
  const SharedTileShape shape;
  // A vector more: see GemmTiles::pack_rows.
  float* scratch = thread_scratch(static_cast<std::size_t>(floats_a + floats_b + gemm_tiles().lanes));
  const auto pass = [&](std::int64_t i) {
    Block block = part;
    block.row = part.row + rows * i / passes;
    block.row_end = part.row + rows * (i + 1) / passes;
    return block;
  };
  do {
    part.k_end = std::min(problem_.k, part.k + k_block_);
    const float* packed_b = pack_all ? scratch : nullptr;
    if (pack_all) pack_b(operands.b, part, part.column, part.column_end, scratch);
    if (operands.packed_b != nullptr) {
      packed_b = operands.packed_b + packed_columns() * tile_depth(part.k, pairs_) +
                 part.column * tile_depth(part.k_end - part.k, pairs_);
    }
    for (std::int64_t i = 0; i < passes; ++i)
      run_pass(operands, pass(i), packed_b, pack_all ? scratch + floats_b : scratch);
    part.k = part.k_end;
  } while (part.k < problem_.k);
  for (std::int64_t i = 0; i < passes; ++i) {
    const Block block = pass(i);
    epilogue(block.row, block.row_end, block.column, block.column_end);
  }
}

void Gemm::run(const GemmOperands& operands, const Epilogue& epilogue) const {
  if (problem_.m == 0 || problem_.n == 0) return;
  const auto& [m, n, k, transpose_a, transpose_b, a_stride, b_stride, c_stride, precision, constant_b] =
      problem_;
  const std::int64_t work = m * n * std::max<std::int64_t>(k, 1);
  const bool rows = work >= kSerialWork && shares_rows(threads());
  const std::int64_t extent = rows ? m : n;
  const std::int64_t unit = rows ? tile_rows_ : tile_columns_;
  const auto run_units = [&](std::int64_t begin, std::int64_t end) {
    Block part = {0, problem_.m, 0, problem_.n, 0, 0};
    (rows ? part.row : part.column) = begin * unit;
    (rows ? part.row_end : part.column_end) = std::min(end * unit, extent);
    for (const std::int64_t column_end = part.column_end; part.column < column_end;
         part.column += columns_packed_) {
      part.column_end = std::min(column_end, part.column + columns_packed_);
      run_part(operands, epilogue, part);
    }
  };
  const std::int64_t units = ceil_div(extent, unit);
  if (work < kSerialWork) {
    run_units(0, units);
  } else {
    parallel_ranges(units, ceil_div(units * kWorkOfPart, work), run_units);
  }
}

void Gemm::pack(const float* b, float* packed) const {
  if (!pack_b_) return;
  Block block = {0, problem_.m, 0, problem_.n, 0, 0};
  do {
    block.k_end = std::min(problem_.k, block.k + k_block_);
    pack_b(b, block, 0, problem_.n, packed + packed_columns() * tile_depth(block.k, pairs_));
    block.k = block.k_end;
  } while (block.k < problem_.k);
}

std::vector<GemmCall> Gemm::calls(const GemmOperands& operands, float* packed) const {
  std::vector<GemmCall> result;
  if (problem_.precision != Precision::f32) return result;
  const bool small = problem_.m * problem_.n * problem_.k < kSerialWork && problem_.m <= rows_of_pass_;
  if (!small || k_block_ < problem_.k || problem_.m == 0 || problem_.n == 0) return result;
  const Block whole = {0, problem_.m, 0, problem_.n, 0, problem_.k};
  for (std::int64_t column = 0; column < problem_.n; column += tile_columns_) {
    Panel panel = unpacked(operands, whole, column);
    if (pack_b_) {
      panel.b = packed + column * problem_.k;
      panel.b_step = tile_columns_;
    }
    for_each_tile(operands, whole, column, panel, [&](GemmTileRun kernel, const GemmTile& tile) {
      result.push_back({kernel, tile});
    });
  }
  return result;
}

}  // namespace hebb
