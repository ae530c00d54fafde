#include "kernels/convolution_pass.hpp"

#include <algorithm>

#include "core/parallel.hpp"
#include "kernels/bf16.hpp"
#include "kernels/convolution_winograd.hpp"
#include "kernels/depthwise.hpp"
#include "kernels/filter_panels.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"
#include "kernels/transpose.hpp"

namespace hebb {

namespace {

/// Rows [row, row_end) of images with the margin `m`, whose pixels are `size` elements in `to`:
/// put(source, pixels, to) writes some that are neighbours.
template <class Put>
void copy_rows(const Margin& m, const float* from, float* to, std::int64_t size, std::int64_t row,
               std::int64_t row_end, const Put& put) {
  for (std::int64_t y = row; y < row_end; ++y, to += m.width * size) {
    const std::int64_t at_y = y - m.top;
    if (at_y < 0 || at_y % m.stride_y != 0 || at_y / m.stride_y >= m.source_height) {
      std::fill_n(to, m.width * size, 0.0F);
      continue;
    }
    const float* source = from + at_y / m.stride_y * m.source_width * m.channels;
    if (m.stride_x != 1) {
      std::fill_n(to, m.width * size, 0.0F);
      for (std::int64_t x = 0; x < m.source_width; ++x) {
        const std::int64_t at = m.left + x * m.stride_x;
        if (at >= 0 && at < m.width) put(source + x * m.channels, 1, to + at * size);
      }
      continue;
    }
    const std::int64_t begin = std::clamp<std::int64_t>(m.left, 0, m.width);
    const std::int64_t end = std::clamp<std::int64_t>(m.left + m.source_width, begin, m.width);
    std::fill_n(to, begin * size, 0.0F);
    if (end > begin) put(source + (begin - m.left) * m.channels, end - begin, to + begin * size);
    std::fill_n(to + end * size, (m.width - end) * size, 0.0F);
  }
}

}  // namespace

void Margin::copy(const float* from, float* to, std::int64_t row, std::int64_t row_end) const {
  copy_rows(*this, from, to, channels, row, row_end,
            [this](const float* source, std::int64_t pixels, float* at) {
              std::copy_n(source, pixels * channels, at);
            });
}

void Margin::copy_pairs(const float* from, float* to, std::int64_t row, std::int64_t row_end) const {
  const std::int64_t size = tile_depth(channels, true);
  copy_rows(*this, from, to, size, row, row_end,
            [this, size](const float* source, std::int64_t pixels, float* at) {
              if (channels % 2 == 0) return pair_neighbours(source, pixels * channels, at);
              if (channels == 1) return pair_rows(source, nullptr, pixels, at);
              for (std::int64_t i = 0; i < pixels; ++i)
                pair_neighbours(source + i * channels, channels, at + i * size);
            });
}

void Margin::copy_distant_pairs(const float* from, float* to, std::int64_t distance) const {
  distance = std::min(distance, size());
  std::int64_t paired = 0;
  if (!is_needed()) {
    paired = size() - distance;
    pair_rows(from, from + distance, paired, to);
    pair_rows(from + paired, nullptr, distance, to + paired);
    return;
  }
  // Row by row, and what has its partner then.
  const std::int64_t row = width * channels;
  for (std::int64_t y = 0; y < height; ++y) {
    copy(from, to + y * row, y, y + 1);
    const std::int64_t count = (y + 1) * row - distance - paired;
    if (count <= 0) continue;
    pair_rows(to + paired, to + paired + distance, count, to + paired);
    paired += count;
  }
  pair_rows(to + paired, nullptr, size() - paired, to + paired);
}

Margin margin_of(const ConvolutionShape& s) {
  const std::int64_t height = (s.output_height - 1) * s.stride_y + (s.filter_height - 1) * s.dilation_y + 1;
  const std::int64_t width = (s.output_width - 1) * s.stride_x + (s.filter_width - 1) * s.dilation_x + 1;
  // What is not read at the end stays, if nothing has to be added elsewhere: then there is nothing to copy.
  const bool inside = s.top == 0 && s.left == 0 && height <= s.height && width <= s.width;
  return {.height = inside ? s.height : height,
          .width = inside ? s.width : width,
          .top = s.top,
          .left = s.left,
          .source_height = s.height,
          .source_width = s.width,
          .channels = s.channels};
}

namespace {

/// Rows of the output of one image, by tiles whose rows are pixels and whose columns are outputs.
struct PixelsByOutputs {
  const PassesOverImages& of;
  const FilterPass& pass;
  FilterPanels panels;
  const float* packed;
  const float* bias;

  /// Output rows [row, row_end); `image` begins with the margin's row `image_row`.
  void run(const float* image, std::int64_t image_row, float* result, std::int64_t row,
           std::int64_t row_end) const {
    for (std::int64_t group = 0; group < of.groups; ++group) {
      for (std::int64_t panel = 0; panel < panels.panels; ++panel) {
        for (std::int64_t y = row; y < row_end; ++y) run_row(image, image_row, result, {group, panel, y});
      }
    }
  }

 private:
  struct Place {
    std::int64_t group, panel, y;
  };

  void run_row(const float* image, std::int64_t image_row, float* result, const Place& at) const {
    const GemmTiles& tiles = gemm_tiles();
    const FilterView& f = pass.filter;
    const std::int64_t channels = of.tile_channels();
    const std::int64_t row_size = of.margin.width * channels;
    // Where a row of the filter covers neighbours in memory it is one block, else one for each of its
    // columns.
    const bool whole_rows = of.groups == 1 && pass.dilation_x == 1;
    const std::int64_t rounds = whole_rows ? 1 : f.columns;
    const std::int64_t first = at.group * f.outputs + at.panel * panels.width;
    GemmTile tile;
    tile.k = whole_rows ? f.columns * panels.depth : panels.depth;
    tile.blocks = f.rows;
    tile.a_row = pass.stride_x * channels;
    tile.a_step = 1;
    tile.a_block = pass.dilation_y * row_size;
    tile.b_step = panels.width;
    tile.b_block = f.columns * panels.depth * panels.width;
    tile.c_row = pass.column_step * of.outputs;
    tile.columns = panels.columns_of(f, at.panel);
    const std::int64_t vectors = ceil_div(tile.columns, tiles.lanes);
    const float* pixels = image + (pass.row + at.y * pass.stride_y - image_row) * row_size +
                          pass.column * channels + at.group * panels.depth;
    const float* panel = packed + (at.group * panels.panels + at.panel) * panels.size;
    float* to = result +
                ((pass.first_row + at.y * pass.row_step) * of.width + pass.first_column) * of.outputs + first;
    const TiledRows rows(pass.width, tile_kernels(of.pairs).most_rows);
    for (std::int64_t t = 0; t < rows.count; ++t) {
      const std::int64_t x = rows.begin(t);
      const GemmTileRun kernel = tile_kernels(of.pairs).find(rows.height(t), vectors);
      tile.c = to + x * tile.c_row;
      for (std::int64_t round = 0; round < rounds; ++round) {
        tile.accumulate = round > 0;
        tile.bias = bias != nullptr && round == 0 ? bias + first : nullptr;
        tile.a = pixels + x * tile.a_row + round * pass.dilation_x * channels;
        tile.b = panel + round * panels.depth * panels.width;
        kernel(tile);
      }
    }
  }
};

/// The same by tiles whose rows are outputs, which are too few to fill vectors, and whose columns are pixels:
/// rows of the image lie there as [channels, pixels].
struct OutputsByPixels {
  const PassesOverImages& of;
  const FilterPass& pass;
  const float* packed;
  const float* bias;

  static bool suits(const PassesOverImages& of, const FilterPass& pass) {
    const GemmTiles& tiles = gemm_tiles();
    const TileKernels& kernels = tile_kernels(of.pairs);
    // Rows of the image that do not fill a vector may still fill more of it than outputs do.
    const bool wide = pass.width > tiles.lanes || 4 * pass.width > 5 * pass.filter.outputs;
    return of.groups == 1 && !kernels.takes_rows() &&
           pass.filter.outputs <= std::min(kernels.most_rows, tiles.lanes) && pass.stride_x == 1 &&
           pass.column_step == 1 && pass.dilation_x == 1 && pass.dilation_y == 1 && wide;
  }

  /// The filter as [outputs, its rows, channels or pairs of them, its columns].
  static void pack(const FilterView& f, bool pairs, const float* filter, float* to) {
    float* numbers = pairs ? thread_scratch(static_cast<std::size_t>(f.channels * f.columns)) : nullptr;
    for (std::int64_t o = 0; o < f.outputs; ++o) {
      for (std::int64_t u = 0; u < f.rows; ++u, to += tile_depth(f.channels, pairs) * f.columns) {
        float* plane = pairs ? numbers : to;
        for (std::int64_t c = 0; c < f.channels; ++c) {
          for (std::int64_t v = 0; v < f.columns; ++v)
            *plane++ = filter[f.first + u * f.row + v * f.column + c * f.channel + o * f.output];
        }
        if (pairs) pair_matrix_rows(numbers, f.channels, f.columns, to);
      }
    }
  }

  /// Pixels of an output row in whole tiles, and rows of an image with what the last tile reads beyond.
  std::int64_t padded_width() const {
    const std::int64_t lanes = gemm_tiles().lanes;
    return ceil_div(pass.width, lanes) * lanes;
  }
  std::int64_t plane_width() const {
    return std::max(of.margin.width, pass.column + padded_width() + pass.filter.columns - 1);
  }
  std::int64_t scratch_floats(std::int64_t image_rows) const {
    return (image_rows * of.tile_channels() * plane_width()) +
           pass.filter.outputs * (2 * padded_width() + pass.width) + 2 * gemm_tiles().lanes;
  }

  void run(const float* image, std::int64_t image_row, std::int64_t image_rows, float* result,
           std::int64_t row, std::int64_t row_end, float* scratch) const {
    const std::int64_t channels = of.tile_channels();
    const std::int64_t width = plane_width();
    for (std::int64_t y = 0; y < image_rows; ++y) {
      const float* from = image + y * of.margin.width * channels;
      float* to = scratch + y * channels * width;
      for (std::int64_t c = 0; c < channels; ++c)
        std::fill_n(to + c * width + of.margin.width, width - of.margin.width, 0.0F);
      if (channels == 1) {
        std::copy_n(from, of.margin.width, to);
      } else {
        transpose_plane(from, channels, to, width, of.margin.width, channels);
      }
    }
    const std::int64_t planes_size = pass.filter.outputs * padded_width();
    float* planes = scratch + image_rows * channels * width;
    float* biases = planes + planes_size;  // what the planes start from
    float* last = biases + planes_size + gemm_tiles().lanes;
    for (std::int64_t o = 0; bias != nullptr && o < pass.filter.outputs; ++o)
      std::fill_n(biases + o * padded_width(), padded_width(), bias[o]);
    for (std::int64_t y = row; y < row_end; ++y) {
      const std::int64_t at = pass.row + y * pass.stride_y - image_row;
      if (bias != nullptr) std::copy_n(biases, planes_size, planes);
      run_row(scratch + at * channels * width + pass.column, planes);
      float* to = result + ((pass.first_row + y * pass.row_step) * of.width + pass.first_column) * of.outputs;
      // Interleaving writes up to a vector beyond its end: into the next rows, or into memory of its own.
      const std::int64_t behind = (row_end - y - 1) * of.width * of.outputs;
      const bool is_last = behind < gemm_tiles().lanes || pass.row_step != 1 || pass.width != of.width;
      gemm_tiles().pack_columns(planes, padded_width(), is_last ? last : to, of.outputs, pass.filter.outputs,
                                pass.width);
      if (is_last) std::copy_n(last, pass.width * of.outputs, to);
    }
  }

 private:
  void run_row(const float* pixels, float* planes) const {
    const GemmTiles& tiles = gemm_tiles();
    const FilterView& f = pass.filter;
    GemmTile tile;
    tile.k = f.columns;
    tile.blocks = f.rows * of.tile_channels();
    tile.a = packed;
    tile.a_row = tile.blocks * f.columns;
    tile.a_step = 1;
    tile.a_block = f.columns;
    tile.b_step = 1;
    tile.b_block = plane_width();
    tile.c_row = padded_width();
    tile.accumulate = bias != nullptr;
    for (std::int64_t x = 0; x < padded_width(); x += tile.columns) {
      const std::int64_t vectors = padded_width() - x >= 2 * tiles.lanes ? 2 : 1;
      tile.columns = vectors * tiles.lanes;
      tile.b = pixels + x;
      tile.c = planes + x;
      tile_kernels(of.pairs).find(f.outputs, vectors)(tile);
    }
  }
};

/// The same where every group is one channel with one output.
struct ChannelByChannel {
  const PassesOverImages& of;
  const FilterPass& pass;
  const float* packed;
  const float* bias;

  /// The filter as [its rows, its columns, groups].
  static void pack(const FilterView& f, std::int64_t groups, const float* filter, float* to) {
    for (std::int64_t u = 0; u < f.rows; ++u) {
      for (std::int64_t v = 0; v < f.columns; ++v) {
        for (std::int64_t g = 0; g < groups; ++g)
          *to++ = filter[f.first + u * f.row + v * f.column + g * f.group];
      }
    }
  }

  void run(const float* image, std::int64_t image_row, float* result, std::int64_t row,
           std::int64_t row_end) const {
    const std::int64_t channels = of.margin.channels;
    const std::int64_t row_size = of.margin.width * channels;
    for (std::int64_t y = row; y < row_end; ++y) {
      const std::int64_t first = (pass.first_row + y * pass.row_step) * of.width + pass.first_column;
      depthwise_row(
          {.image = image + (pass.row + y * pass.stride_y - image_row) * row_size + pass.column * channels,
           .pixel_step = pass.stride_x * channels,
           .row_step = pass.dilation_y * row_size,
           .column_step = pass.dilation_x * channels,
           .filter = packed,
           .rows = pass.filter.rows,
           .columns = pass.filter.columns,
           .channels = channels,
           .bias = bias,
           .result = result + first * channels,
           .result_step = pass.column_step * channels,
           .pixels = pass.width});
    }
  }
};

/// Rows of an image with its margin that a pass reads for output rows [row, row_end).
struct RowsRead {
  std::int64_t begin, end;
};

RowsRead rows_read(const FilterPass& pass, std::int64_t row, std::int64_t row_end) {
  if (pass.way == FilterPass::Way::winograd) row_end += (row_end - row) % 2;
  return {pass.row + row * pass.stride_y,
          pass.row + (row_end - 1) * pass.stride_y + (pass.filter.rows - 1) * pass.dilation_y + 1};
}

FilterPass::Way way_of(const PassesOverImages& of, const FilterPass& pass) {
  if (is_depthwise(of.groups, of.margin.channels, of.outputs)) return FilterPass::Way::channels;
  if (WinogradPass::suits(of, pass)) return FilterPass::Way::winograd;
  return OutputsByPixels::suits(of, pass) ? FilterPass::Way::planes : FilterPass::Way::tiles;
}

std::int64_t packed_floats_of(const PassesOverImages& of, const FilterPass& pass) {
  const FilterView& f = pass.filter;
  const FilterPanels panels(f, of.pairs);
  switch (pass.way) {
    case FilterPass::Way::channels: return f.rows * f.columns * of.groups;
    case FilterPass::Way::planes: return f.rows * f.columns * panels.depth * f.outputs;
    case FilterPass::Way::winograd: return WinogradPass::packed_floats(f, of.pairs);
    default: return of.groups * panels.panels * panels.size;
  }
}

}  // namespace

void PassesOverImages::prepare() {
  constexpr std::int64_t kFloatsOfLine = 16;  // each filter begins with a line of the cache
  packed_floats = 0;
  // The channels of a group begin with a pair.
  pairs = in_pairs(precision) && (groups == 1 || margin.channels / groups % 2 == 0);
  for (FilterPass& pass : passes) {
    pass.way = way_of(*this, pass);
    if (pass.way == FilterPass::Way::winograd)
      extend(margin, {pass.height, pass.width}, pass.row, pass.column);
    pass.packed_at = packed_floats;
    pass.packed_floats = packed_floats_of(*this, pass);
    packed_floats += ceil_div(pass.packed_floats, kFloatsOfLine) * kFloatsOfLine;
  }
}

void PassesOverImages::pack(const float* filter, float* packed) const {
  for (const FilterPass& pass : passes) {
    float* to = packed + pass.packed_at;
    switch (pass.way) {
      case FilterPass::Way::channels: ChannelByChannel::pack(pass.filter, groups, filter, to); break;
      case FilterPass::Way::planes: OutputsByPixels::pack(pass.filter, pairs, filter, to); break;
      case FilterPass::Way::winograd: WinogradPass::pack(pass.filter, pairs, filter, to); break;
      default: FilterPanels(pass.filter, pairs).pack(pass.filter, groups, filter, to);
    }
    if (precision == Precision::bf16 && !pairs) round_to_bf16(to, pass.packed_floats);
  }
}

void PassesOverImages::run(const float* images, const float* packed, const float* bias, float* result,
                           const Epilogue& epilogue) const {
  // One pass is cut into bands of rows that stay in the second-level cache; few images in four at least, for
  // the threads.
  constexpr std::int64_t kFloatsOfBand = 65536;
  constexpr std::int64_t kImagesWorthSharing = 4;
  const bool one_pass = passes.size() == 1 && passes[0].height == height;
  const std::int64_t wanted = std::max(height * width * outputs / kFloatsOfBand,
                                       batch < kImagesWorthSharing ? kImagesWorthSharing : std::int64_t{1});
  // Tiles of two rows are not cut.
  const std::int64_t unit = one_pass && passes[0].way == FilterPass::Way::winograd ? 2 : 1;
  const std::int64_t units = ceil_div(height, unit);
  const std::int64_t bands = one_pass ? std::max<std::int64_t>(std::min(wanted, units), 1) : 1;
  const auto cut = [&](std::int64_t band) { return std::min(height, units * band / bands * unit); };
  parallel_for(batch * bands, [&](std::int64_t task) {
    const SharedTileShape shape;
    const std::int64_t n = task / bands;
    const std::int64_t row = cut(task % bands);
    const std::int64_t row_end = cut(task % bands + 1);
    const float* image = images + n * margin.source_size();
    float* to = result + n * height * width * outputs;
    if (!fills) {
      for (std::int64_t i = row * width; i < row_end * width; ++i) {
        for (std::int64_t o = 0; o < outputs; ++o) to[i * outputs + o] = bias == nullptr ? 0.0F : bias[o];
      }
    }
    RowsRead rows = {0, margin.height};
    if (one_pass && row_end > row) rows = rows_read(passes[0], row, row_end);
    // Tiles of 2 x 2 are rounded once they are transformed.
    const bool transforms = passes.size() == 1 && passes[0].way == FilterPass::Way::winograd;
    const bool rounds = precision == Precision::bf16 && !transforms;
    const bool copies = margin.is_needed() || rounds;
    const std::int64_t pixel = rounds ? tile_channels() : margin.channels;
    const std::int64_t copied = copies ? (rows.end - rows.begin) * margin.width * pixel : 0;
    std::int64_t floats = copied;
    for (const FilterPass& pass : passes) {
      const float* of_pass = packed + pass.packed_at;
      if (pass.way == FilterPass::Way::planes) {
        const OutputsByPixels planes{*this, pass, of_pass, bias};
        floats = std::max(floats, copied + planes.scratch_floats(rows.end - rows.begin));
      } else if (pass.way == FilterPass::Way::winograd) {
        floats = std::max(
            floats,
            copied +
                WinogradPass{*this, pass, FilterPanels(pass.filter, pairs), of_pass, bias}.scratch_floats());
      }
    }
    float* scratch = thread_scratch(static_cast<std::size_t>(floats));
    if (copies) {
      if (rounds && pairs) {
        margin.copy_pairs(image, scratch, rows.begin, rows.end);
      } else {
        margin.copy(image, scratch, rows.begin, rows.end);
        if (rounds) round_to_bf16(scratch, copied);
      }
      image = scratch;
    } else {
      image += rows.begin * margin.width * margin.channels;
    }
    for (const FilterPass& pass : passes) {
      const float* of_pass = packed + pass.packed_at;
      const std::int64_t begin = one_pass ? row : 0;
      const std::int64_t end = one_pass ? row_end : pass.height;
      switch (pass.way) {
        case FilterPass::Way::channels:
          ChannelByChannel{*this, pass, of_pass, bias}.run(image, rows.begin, to, begin, end);
          break;
        case FilterPass::Way::planes:
          OutputsByPixels{*this, pass, of_pass, bias}.run(image, rows.begin, rows.end - rows.begin, to, begin,
                                                          end, scratch + copied);
          break;
        case FilterPass::Way::winograd:
          WinogradPass{*this, pass, FilterPanels(pass.filter, pairs), of_pass, bias}.run(
              image, rows.begin, to, begin, end, scratch + copied);
          break;
        default:
          PixelsByOutputs{*this, pass, FilterPanels(pass.filter, pairs), of_pass, bias}.run(image, rows.begin,
                                                                                            to, begin, end);
      }
    }
    epilogue((n * height + row) * width, (n * height + row_end) * width, 0, outputs);
  });
}

}  // namespace hebb
