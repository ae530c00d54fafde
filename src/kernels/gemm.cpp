#include "kernels/gemm.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/parallel.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/transpose.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kDeepest = 320;          // k of one block: a panel of B stays in the first-level cache
constexpr std::int64_t kMostRowsOfBlock = 144;  // rows of A packed at once: 225 KB at the deepest
constexpr std::int64_t kSerialWork = 40'000;  // multiply-adds below which splitting does not pay (about 2 us)
constexpr std::int64_t kWorkOfTask = 400'000;        // multiply-adds worth a task of their own
constexpr std::int64_t kMostTasks = 16;              // for products that are not blocked by cache size
constexpr std::int64_t kUnpackedElements = 160'000;  // B up to here is read where it lies
constexpr std::int64_t kLongStride = 1024;           // rows this far apart collide in the cache's sets

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// The begin of part `i` of `total` things cut into `parts` runs of nearly equal numbers of units of `unit`.
std::int64_t cut(std::int64_t total, std::int64_t parts, std::int64_t i, std::int64_t unit) {
  return std::min(total, ceil_div(total, unit) * i / parts * unit);
}

/// Scratch of the calling thread, grown as needed and kept.
float* thread_scratch(std::size_t floats) {
  struct Buffer {
    std::unique_ptr<float, void (*)(void*)> data{nullptr, std::free};
    std::size_t size = 0;
  };
  thread_local Buffer buffer;
  if (buffer.size < floats) {
    const std::size_t bytes = (floats * sizeof(float) + 63) / 64 * 64;
    buffer.data.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (!buffer.data) throw std::bad_alloc();
    buffer.size = floats;
  }
  return buffer.data.get();
}

/// Cuts a tile of any number of columns into pieces for which there are kernels.
template <class Emit>
void cut_tile(const GemmTiles& tiles, const GemmTile& whole, std::int64_t rows, const Emit& emit) {
  std::int64_t vectors = ceil_div(whole.columns, tiles.lanes);
  std::int64_t width = 1;
  while (2 * width <= vectors && tiles.find(rows, 2 * width) != nullptr) width *= 2;
  if (width == vectors) {
    emit(tiles.find(rows, width), whole);
    return;
  }
  GemmTile piece = whole;
  for (std::int64_t column = 0; column < whole.columns; column += piece.columns) {
    while (width > ceil_div(whole.columns - column, tiles.lanes)) width /= 2;
    piece.columns = std::min(width * tiles.lanes, whole.columns - column);
    piece.b = whole.b + column;
    piece.c = whole.c + column;
    piece.bias = whole.bias == nullptr ? nullptr : whole.bias + column;
    emit(tiles.find(rows, width), piece);
  }
}

}  // namespace

Gemm::Gemm(const GemmProblem& problem) : problem_(problem) {
  const GemmTiles& tiles = gemm_tiles();
  tile_rows_ = tiles.most_rows;
  // Widths: one vector for narrow matrices, more than two for few rows.
  std::int64_t vectors = problem_.n <= tiles.lanes ? 1 : 2;
  for (std::int64_t wider = 4; wider <= tiles.most_vectors; wider *= 2) {
    if (tiles.find(problem_.m, wider) != nullptr && problem_.n >= wider * tiles.lanes) vectors = wider;
  }
  tile_columns_ = vectors * tiles.lanes;
  while (tiles.find(std::clamp<std::int64_t>(problem_.m, 1, tile_rows_), vectors) == nullptr) --tile_rows_;
  choose_blocks();
}

void Gemm::choose_blocks() {
  const auto& [m, n, k, transpose_a, transpose_b, a_stride, b_stride, c_stride] = problem_;
  const bool many_rows = m > 2 * tile_rows_;
  pack_b_ = (transpose_b && n > 1 && k > 1) ||
            (many_rows && (n * k > kUnpackedElements || b_stride >= kLongStride));
  pack_a_ = m > tile_rows_ && n > 4 * tile_columns_ && a_stride >= kLongStride / 2 && pack_b_;
  k_block_ = k <= kDeepest ? k : ceil_div(k, ceil_div(k, kDeepest));
  if (pack_b_) scratch_floats_ = static_cast<std::size_t>(ceil_div(n, tile_columns_) * tile_columns_ * k);

  const std::int64_t work = m * n * std::max<std::int64_t>(k, 1);
  if (work < kSerialWork) return;
  const std::int64_t row_tiles = ceil_div(m, tile_rows_);
  const std::int64_t column_tiles = ceil_div(n, tile_columns_);
  // An even number of tasks, so that two, or four, threads finish together.
  std::int64_t tasks = std::clamp<std::int64_t>(work / kWorkOfTask / 2 * 2, 2, kMostTasks);
  if (row_tiles >= tasks) {
    row_blocks_ = std::max(tasks, ceil_div(m, kMostRowsOfBlock));
    if (row_blocks_ > 1) row_blocks_ += row_blocks_ % 2;
    row_blocks_ = std::min(row_blocks_, row_tiles);
  } else if (column_tiles >= tasks) {
    column_blocks_ = tasks;
  } else {
    row_blocks_ = row_tiles >= column_tiles ? row_tiles : 1;
    column_blocks_ = row_tiles >= column_tiles ? 1 : column_tiles;
    if (row_tiles > 1 && column_tiles > 1) {
      row_blocks_ = row_tiles;
      column_blocks_ = std::min(column_tiles, ceil_div(tasks, row_tiles));
    }
  }
}

void Gemm::pack(const GemmOperands& operands) const {
  // By name, not by structured binding: clang 14 does not let lambdas capture those.
  const std::int64_t n = problem_.n;
  const std::int64_t k = problem_.k;
  const std::int64_t b_stride = problem_.b_stride;
  const bool transpose_b = problem_.transpose_b;
  const std::int64_t width = tile_columns_;
  const std::int64_t panels = ceil_div(n, width);
  // Layout: for each block of k, for each panel of `width` columns, k rows of `width` floats.
  const auto pack_panel = [&](std::int64_t panel) {
    const std::int64_t column = panel * width;
    const std::int64_t columns = std::min(width, n - column);
    for (std::int64_t k0 = 0; k0 < k; k0 += k_block_) {
      const std::int64_t depth = std::min(k_block_, k - k0);
      float* to = operands.scratch + k0 * panels * width + panel * depth * width;
      if (transpose_b) {
        transpose_plane(operands.b + column * b_stride + k0, b_stride, to, width, columns, depth);
      } else {
        for (std::int64_t i = 0; i < depth; ++i) {
          std::memcpy(to + i * width, operands.b + (k0 + i) * b_stride + column,
                      static_cast<std::size_t>(columns) * sizeof(float));
        }
      }
      for (std::int64_t i = 0; columns < width && i < depth; ++i) {
        std::fill(to + i * width + columns, to + (i + 1) * width, 0.0F);
      }
    }
  };
  if (row_blocks_ * column_blocks_ == 1) {
    for (std::int64_t panel = 0; panel < panels; ++panel) pack_panel(panel);
  } else {
    parallel_for(panels, pack_panel);
  }
}

template <class Emit>
void Gemm::for_each_tile(const GemmOperands& operands, std::int64_t task, const Emit& emit) const {
  const auto& [m, n, k, transpose_a, transpose_b, a_stride, b_stride, c_stride] = problem_;
  const GemmTiles& tiles = gemm_tiles();
  const auto [row, row_end, column, column_end] = block(task);
  const std::int64_t rows = row_end - row;

  const std::int64_t row_tiles = ceil_div(rows, tile_rows_);
  const std::int64_t panels = ceil_div(n, tile_columns_);
  float* packed_a =
      pack_a_ ? thread_scratch(static_cast<std::size_t>(row_tiles * tile_rows_ * k_block_)) : nullptr;
  GemmTile tile;
  tile.c_row = c_stride;
  for (std::int64_t k0 = 0; k0 < std::max<std::int64_t>(k, 1); k0 += std::max<std::int64_t>(k_block_, 1)) {
    tile.k = std::min(k_block_, k - k0);
    tile.accumulate = k0 > 0;
    if (pack_a_) {
      for (std::int64_t t = 0; t < row_tiles; ++t) {
        const std::int64_t begin = row + rows * t / row_tiles;
        const std::int64_t end = row + rows * (t + 1) / row_tiles;
        float* to = packed_a + t * tile_rows_ * tile.k;
        if (transpose_a) {
          for (std::int64_t x = 0; x < tile.k; ++x) {
            std::memcpy(to + x * tile_rows_, operands.a + (k0 + x) * a_stride + begin,
                        static_cast<std::size_t>(end - begin) * sizeof(float));
          }
        } else {
          transpose_plane(operands.a + begin * a_stride + k0, a_stride, to, tile_rows_, end - begin, tile.k);
        }
      }
    }
    for (std::int64_t j = column; j < column_end; j += tile_columns_) {
      tile.columns = std::min(tile_columns_, n - j);
      if (pack_b_) {
        tile.b = operands.scratch + k0 * panels * tile_columns_ + j / tile_columns_ * tile.k * tile_columns_;
        tile.b_step = tile_columns_;
      } else {
        tile.b = operands.b + (transpose_b ? (n == 1 ? k0 : j * b_stride) : k0 * b_stride + j);
        tile.b_step = transpose_b ? 1 : b_stride;
      }
      tile.bias = operands.bias != nullptr && k0 == 0 ? operands.bias + j : nullptr;
      for (std::int64_t t = 0; t < row_tiles; ++t) {
        const std::int64_t i = row + rows * t / row_tiles;
        const std::int64_t height = row + rows * (t + 1) / row_tiles - i;
        if (pack_a_) {
          tile.a = packed_a + t * tile_rows_ * tile.k;
          tile.a_row = 1;
          tile.a_step = tile_rows_;
        } else {
          tile.a = transpose_a ? operands.a + k0 * a_stride + i : operands.a + i * a_stride + k0;
          tile.a_row = transpose_a ? 1 : a_stride;
          tile.a_step = transpose_a ? a_stride : 1;
        }
        tile.c = operands.c + i * c_stride + j;
        cut_tile(tiles, tile, height, emit);
      }
    }
  }
}

Gemm::Block Gemm::block(std::int64_t task) const {
  const std::int64_t m = problem_.m;
  const std::int64_t n = problem_.n;
  const std::int64_t row_block = task / column_blocks_;
  const std::int64_t column_block = task % column_blocks_;
  return {cut(m, row_blocks_, row_block, row_blocks_ == 1 ? 1 : tile_rows_),
          row_block + 1 == row_blocks_ ? m : cut(m, row_blocks_, row_block + 1, tile_rows_),
          cut(n, column_blocks_, column_block, tile_columns_),
          column_block + 1 == column_blocks_ ? n : cut(n, column_blocks_, column_block + 1, tile_columns_)};
}

void Gemm::run_block(const GemmOperands& operands, const GemmEpilogue& epilogue, std::int64_t task) const {
  const auto [row, row_end, column, column_end] = block(task);
  if (row >= row_end || column >= column_end) return;
  for_each_tile(operands, task, [](GemmTileRun kernel, const GemmTile& tile) { kernel(tile); });
  if (epilogue.run != nullptr) epilogue.run(epilogue.context, row, row_end, column, column_end);
}

std::vector<GemmCall> Gemm::calls(const GemmOperands& operands) const {
  std::vector<GemmCall> result;
  const bool one_task = row_blocks_ * column_blocks_ == 1 && !pack_a_;
  if (!one_task || problem_.m == 0 || problem_.n == 0) return result;
  for_each_tile(operands, 0, [&](GemmTileRun kernel, const GemmTile& tile) {
    result.push_back({kernel, tile});
  });
  return result;
}

void Gemm::run(const GemmOperands& operands, const GemmEpilogue& epilogue) const {
  if (problem_.m == 0 || problem_.n == 0) return;
  if (pack_b_) pack(operands);
  parallel_for(row_blocks_ * column_blocks_, [&](std::int64_t task) { run_block(operands, epilogue, task); });
}

}  // namespace hebb
