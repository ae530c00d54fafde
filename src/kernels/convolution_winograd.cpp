#include "kernels/convolution_winograd.hpp"

#include "core/parallel.hpp"
#include "kernels/bf16.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"
#include "kernels/winograd.hpp"

namespace hebb {

namespace {

/// Whether results of so many rows and columns are better made from tiles of 2 x 2.
bool pays(std::int64_t batch, const TilesOfTwo& tiles, std::int64_t channels, std::int64_t outputs) {
  constexpr std::int64_t kLeastChannels = 8;         // fewer cost more to transform than they save
  constexpr std::int64_t kMostProducts = 256 * 256;  // more at all positions fill no cache
  constexpr std::int64_t kLeastTiles = 32;           // for which filters are transformed
  return std::min(channels, outputs) >= kLeastChannels && channels * outputs <= kMostProducts &&
         batch * tiles.count() >= kLeastTiles && 16 * tiles.count() < 6 * tiles.height * tiles.width;
}

/// Tiles [begin, begin + count) of an image, whose pixels of tile (0, 0) begin at `pixels`, as [position,
/// tile, channel].
void transform_pixels(const TilesOfTwo& tiles, std::int64_t begin, std::int64_t count, const float* pixels,
                      const Margin& margin, float* to) {
  const std::int64_t row_size = margin.width * margin.channels;
  tiles.for_each_run(begin, count, [&](const TilesOfTwo::Run& run) {
    winograd_pixels({.pixels = pixels + run.row * row_size + run.column * margin.channels,
                     .row_step = row_size,
                     .channels = margin.channels,
                     .tiles = run.tiles,
                     .to = to + run.first * margin.channels,
                     .position_step = count * margin.channels});
  });
}

/// One channel's filters of a panel's outputs as [position][output]; `rows` is for 9 rows of the panel's
/// width.
void transform_filters(const FilterView& f, const FilterPanels& panels, std::int64_t panel,
                       const float* filter, float* rows, float* to, std::int64_t position_step) {
  const std::int64_t outputs = panels.columns_of(f, panel);
  const bool in_place = f.output == 1 && outputs == panels.width;
  WinogradFilter w = {.outputs = panels.width, .to = to, .position_step = position_step};
  if (outputs < panels.width) std::fill_n(rows, 9 * panels.width, 0.0F);
  for (std::int64_t tap = 0; tap < 9; ++tap) {
    const float* from = filter + tap / 3 * f.row + tap % 3 * f.column + panel * panels.width * f.output;
    float* row = rows + tap * panels.width;
    for (std::int64_t o = 0; !in_place && o < outputs; ++o) row[o] = from[o * f.output];
    w.taps[static_cast<std::size_t>(tap)] = in_place ? from : row;
  }
  winograd_filter(w);
}

/// Row `row` of all panels and positions: a channel, or a pair of them.
void pack_row(const FilterView& f, const FilterPanels& panels, std::int64_t row, const float* filter,
              float* to) {
  const std::int64_t width = panels.width;
  const std::int64_t position_step = panels.depth * width;
  const std::int64_t size = kWinogradPositions * width;
  float* rows = thread_scratch(static_cast<std::size_t>(9 * width + 2 * size));
  float* first = rows + 9 * width;
  const auto channel = [&](std::int64_t c) { return filter + f.first + c * f.channel; };
  for (std::int64_t panel = 0; panel < panels.panels; ++panel) {
    float* at = to + panel * kWinogradPositions * position_step + row * width;
    if (!panels.pairs) {
      transform_filters(f, panels, panel, channel(row), rows, at, position_step);
      continue;
    }
    transform_filters(f, panels, panel, channel(2 * row), rows, first, width);
    transform_filters(f, panels, panel, channel(2 * row + 1), rows, first + size, width);
    for (std::int64_t p = 0; p < kWinogradPositions; ++p)
      pair_rows(first + p * width, first + size + p * width, width, at + p * position_step);
  }
}

}  // namespace

void extend(Margin& margin, const TilesOfTwo& tiles, std::int64_t row, std::int64_t column) {
  margin.height = std::max(margin.height, row + 2 * ceil_div(tiles.height, 2) + 2);
  margin.width = std::max(margin.width, column + 2 * tiles.in_row() + 2);
}

bool WinogradPass::suits(const PassesOverImages& of, const FilterPass& pass) {
  const FilterView& f = pass.filter;
  return !tile_kernels(of.pairs).takes_rows() && !(of.pairs && f.channels % 2 != 0) && of.groups == 1 &&
         of.passes.size() == 1 && of.fills && f.rows == 3 && f.columns == 3 && pass.stride_y == 1 &&
         pass.stride_x == 1 && pass.dilation_y == 1 && pass.dilation_x == 1 && pass.row_step == 1 &&
         pass.column_step == 1 && pays(of.batch, {pass.height, pass.width}, f.channels, f.outputs);
}

void WinogradPass::pack(const FilterView& f, bool pairs, const float* filter, float* to) {
  const FilterPanels panels(f, pairs);
  constexpr std::int64_t kRowsOfPart = 16;
  parallel_ranges(panels.depth, kRowsOfPart, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) pack_row(f, panels, row, filter, to);
  });
}

std::int64_t WinogradPass::packed_floats(const FilterView& f, bool pairs) {
  const FilterPanels panels(f, pairs);
  return panels.panels * kWinogradPositions * panels.depth * panels.width;
}

/// Of a block, whose pixels and products stay in the cache.
std::int64_t WinogradPass::most_tiles() const {
  constexpr std::int64_t kFloats = 32768;
  const std::int64_t rows = tile_kernels(panels.pairs).most_rows;
  const std::int64_t fit = kFloats / (kWinogradPositions * (pass.filter.channels + width()));
  return std::clamp<std::int64_t>(fit / rows, 1, 4) * rows;
}

std::int64_t WinogradPass::scratch_floats() const {
  return kWinogradPositions * most_tiles() * (pass.filter.channels + width());
}

void WinogradPass::run(const float* image, std::int64_t image_row, float* result, std::int64_t row,
                       std::int64_t row_end, float* scratch) const {
  const float* first =
      image + ((pass.row + row - image_row) * of.margin.width + pass.column) * of.margin.channels;
  const TilesOfTwo tiles = {row_end - row, pass.width};
  const TiledRows blocks(tiles.count(), most_tiles());
  float* products = scratch + kWinogradPositions * most_tiles() * pass.filter.channels;
  for (std::int64_t b = 0; b < blocks.count; ++b) {
    const std::int64_t count = blocks.height(b);
    transform_pixels(tiles, blocks.begin(b), count, first, of.margin, scratch);
    const std::int64_t numbers = kWinogradPositions * count * pass.filter.channels;
    if (panels.pairs) {
      pair_neighbours(scratch, numbers, scratch);
    } else if (of.precision == Precision::bf16) {
      round_to_bf16(scratch, numbers);
    }
    multiply(count, scratch, products);
    tiles.for_each_run(blocks.begin(b), count, [&](const TilesOfTwo::Run& run) {
      winograd_outputs({.products = products + run.first * width(),
                        .position_step = count * width(),
                        .tile_step = width(),
                        .outputs = of.outputs,
                        .bias = bias,
                        .tiles = run.tiles,
                        .rows = run.rows,
                        .columns = run.columns,
                        .to = result + ((row + run.row) * of.width + run.column) * of.outputs,
                        .row_step = of.width * of.outputs});
    });
  }
}

void WinogradPass::multiply(std::int64_t count, const float* pixels, float* products) const {
  const GemmTiles& kernels = gemm_tiles();
  const TiledRows rows(count, tile_kernels(panels.pairs).most_rows);
  GemmTile tile;
  const std::int64_t depth = panels.depth;
  tile.k = depth;
  tile.a_row = depth;
  tile.a_step = 1;
  tile.b_step = panels.width;
  tile.c_row = width();
  for (std::int64_t panel = 0; panel < panels.panels; ++panel) {
    const std::int64_t vectors = ceil_div(panels.columns_of(pass.filter, panel), kernels.lanes);
    tile.columns = vectors * kernels.lanes;
    for (std::int64_t p = 0; p < kWinogradPositions; ++p) {
      tile.b = packed + (panel * kWinogradPositions + p) * depth * panels.width;
      for (std::int64_t t = 0; t < rows.count; ++t) {
        tile.a = pixels + (p * count + rows.begin(t)) * depth;
        tile.c = products + (p * count + rows.begin(t)) * width() + panel * panels.width;
        tile_kernels(panels.pairs).find(rows.height(t), vectors)(tile);
      }
    }
  }
}

WinogradGradient::WinogradGradient(const ConvolutionShape& s, Precision wanted)
    : shape(s),
      precision(wanted),
      margin(margin_of(s)),
      tiles{s.output_height, s.output_width},
      width(ceil_div(s.outputs, gemm_tiles().lanes) * gemm_tiles().lanes) {
  extend(margin, tiles, 0, 0);
}

bool WinogradGradient::suits(const ConvolutionShape& s, Precision precision) {
  return !tile_kernels(in_pairs(precision)).takes_rows() && s.groups == 1 && s.filter_height == 3 &&
         s.filter_width == 3 && s.stride_y == 1 && s.stride_x == 1 && s.dilation_y == 1 &&
         s.dilation_x == 1 && pays(s.batch, {s.output_height, s.output_width}, s.channels, s.outputs);
}

/// Of a block, whose pixels and slopes stay in the cache while they go over the sums.
std::int64_t WinogradGradient::most_tiles() const {
  constexpr std::int64_t kFloats = 65536;
  return std::clamp<std::int64_t>(kFloats / (kWinogradPositions * (shape.channels + width)), 16, 128);
}

std::int64_t WinogradGradient::sums_floats() const { return kWinogradPositions * shape.channels * width; }

std::int64_t WinogradGradient::scratch_floats() const {
  const std::int64_t copied = margin.is_needed() ? margin.size() : 0;
  return copied + kWinogradPositions * most_tiles() * (shape.channels + width);
}

void WinogradGradient::add_image(const float* image, const float* slope, float* sums, bool accumulate,
                                 float* scratch) const {
  if (margin.is_needed()) {
    margin.copy(image, scratch, 0, margin.height);
    image = scratch;
    scratch += margin.size();
  }
  float* slopes = scratch + kWinogradPositions * most_tiles() * shape.channels;
  const TiledRows blocks(tiles.count(), most_tiles());
  for (std::int64_t b = 0; b < blocks.count; ++b) {
    const std::int64_t count = blocks.height(b);
    transform_pixels(tiles, blocks.begin(b), count, image, margin, scratch);
    tiles.for_each_run(blocks.begin(b), count, [&](const TilesOfTwo::Run& run) {
      winograd_slopes({.slopes = slope + (run.row * shape.output_width + run.column) * shape.outputs,
                       .row_step = shape.output_width * shape.outputs,
                       .outputs = shape.outputs,
                       .tiles = run.tiles,
                       .rows = run.rows,
                       .columns = run.columns,
                       .to = slopes + run.first * width,
                       .position_step = count * width,
                       .tile_step = width});
    });
    round(count, shape.channels, scratch);
    round(count, width, slopes);
    multiply(count, scratch, slopes, sums, accumulate || b > 0);
  }
}

void WinogradGradient::round(std::int64_t count, std::int64_t columns, float* numbers) const {
  if (in_pairs(precision)) {
    const std::int64_t depth = tile_depth(count, true);
    for (std::int64_t p = 0; p < kWinogradPositions; ++p)
      pair_matrix_rows(numbers + p * count * columns, count, columns, numbers + p * depth * columns);
  } else if (precision == Precision::bf16) {
    round_to_bf16(numbers, kWinogradPositions * count * columns);
  }
}

void WinogradGradient::finish(const float* sums, float* filter) const {
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    winograd_sums({.sums = sums + c * width,
                   .position_step = shape.channels * width,
                   .outputs = shape.outputs,
                   .to = filter + c * shape.outputs,
                   .tap_step = shape.channels * shape.outputs});
  }
}

void WinogradGradient::multiply(std::int64_t count, const float* pixels, const float* slopes, float* sums,
                                bool accumulate) const {
  const GemmTiles& kernels = gemm_tiles();
  const TiledRows rows(shape.channels, tile_kernels(in_pairs(precision)).most_rows);
  const std::int64_t panel = std::min(width, 2 * kernels.lanes);
  GemmTile tile;
  const bool pairs = in_pairs(precision);
  const std::int64_t depth = tile_depth(count, pairs);
  tile.k = depth;
  tile.a_row = 1;
  tile.a_step = shape.channels;
  tile.b_step = width;
  tile.c_row = width;
  tile.accumulate = accumulate;
  for (std::int64_t p = 0; p < kWinogradPositions; ++p) {
    for (std::int64_t column = 0; column < width; column += panel) {
      tile.columns = std::min(panel, width - column);
      tile.b = slopes + p * depth * width + column;
      for (std::int64_t t = 0; t < rows.count; ++t) {
        tile.a = pixels + p * depth * shape.channels + rows.begin(t);
        tile.c = sums + (p * shape.channels + rows.begin(t)) * width + column;
        tile_kernels(pairs).find(rows.height(t), tile.columns / kernels.lanes)(tile);
      }
    }
  }
}

}  // namespace hebb
