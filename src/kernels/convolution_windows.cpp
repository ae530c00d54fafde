#include "kernels/convolution_windows.hpp"

#include <algorithm>

#include "core/parallel.hpp"
#include "kernels/bf16.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"
#include "kernels/window_sums.hpp"

namespace hebb {

namespace {

/// The share of vectors that so many elements fill.
double filled(std::int64_t elements) {
  const std::int64_t lanes = gemm_tiles().lanes;
  return static_cast<double>(elements) / static_cast<double>(round_up(elements, lanes));
}

/// Whether windows of a row are worth their sums, or the zeros that they multiply.
bool pays(double share_by_windows, double share_otherwise) {
  return share_by_windows > 1.35 * share_otherwise;
}

bool has_windows(const ConvolutionShape& s, Precision precision) {
  return s.groups == 1 && s.dilation_x == 1 && s.filter_width > 1 &&
         !tile_kernels(in_pairs(precision)).takes_rows();
}

/// The filter with the outputs summed over, and a window's elements as the results.
FilterView window_view(const ConvolutionShape& s) {
  const std::int64_t window = s.filter_width * s.channels;
  return {.rows = s.filter_height,
          .columns = 1,
          .channels = s.outputs,
          .outputs = window,
          .row = window * s.outputs,
          .channel = 1,
          .output = s.outputs};
}

}  // namespace

ImageGradientByWindows::ImageGradientByWindows(const ConvolutionShape& shape, Precision precision)
    : shape_(shape),
      precision_(precision),
      pairs_(in_pairs(precision)),
      filter_(window_view(shape)),
      panels_(filter_, pairs_),
      width_(panels_.panels * panels_.width) {
  packed_floats = panels_.panels * panels_.size;
}

bool ImageGradientByWindows::suits(const ConvolutionShape& s, Precision precision) {
  if (!has_windows(s, precision) || s.channels >= gemm_tiles().lanes) return false;
  if ((s.dilation_y > 1 && s.stride_y > 1) || s.top < 0 || s.left < 0) return false;
  // Otherwise every pixel of the image multiplies, or, with strides, a class of them. Tiles whose rows are
  // channels load as many vectors for few rows as for many.
  constexpr double kLoads = 4;
  double otherwise = filled(s.channels);
  if (s.stride_x == 1 && s.stride_y == 1) {
    const auto rows = static_cast<double>(s.channels);
    otherwise = std::max(otherwise, filled(s.width) * rows / (rows + kLoads)) *
                static_cast<double>(s.output_height * s.output_width) /
                static_cast<double>(s.height * s.width);
  }
  return pays(filled(s.filter_width * s.channels), otherwise);
}

void ImageGradientByWindows::pack(const float* filter, float* packed) const {
  panels_.pack(filter_, 1, filter, packed);
  if (precision_ == Precision::bf16 && !pairs_) round_to_bf16(packed, packed_floats);
}

/// The windows of one row of an image.
void ImageGradientByWindows::run_row(const float* output, const float* packed, std::int64_t row,
                                     float* windows) const {
  const std::int64_t depth = panels_.depth;
  // Rows u of the filter that meet the row: from output row (row + top - u * dilation) / stride.
  const std::int64_t at = row + shape_.top;
  std::int64_t first = -1;
  std::int64_t taps = 0;
  const std::int64_t step = shape_.stride_y;  // from tap to tap; where there is dilation it is 1
  for (std::int64_t u = at % step; u < shape_.filter_height; u += step) {
    const std::int64_t y = (at - u * shape_.dilation_y) / step;
    if (at < u * shape_.dilation_y || y >= shape_.output_height) continue;
    if (taps == 0) first = u;
    ++taps;
  }
  if (taps == 0) {
    std::fill_n(windows, shape_.output_width * width_, 0.0F);
    return;
  }
  const GemmTiles& tiles = gemm_tiles();
  const std::int64_t row_size = shape_.output_width * depth;
  GemmTile tile;
  tile.k = depth;
  tile.blocks = taps;
  tile.a_row = depth;
  tile.a_step = 1;
  tile.a_block = -shape_.dilation_y * row_size;
  tile.b_step = panels_.width;
  tile.b_block = step * depth * panels_.width;
  tile.c_row = width_;
  const TiledRows rows(shape_.output_width, tile_kernels(pairs_).most_rows);
  const float* pixels = output + (at - first * shape_.dilation_y) / step * row_size;
  for (std::int64_t panel = 0; panel < panels_.panels; ++panel) {
    const std::int64_t vectors = ceil_div(panels_.columns_of(filter_, panel), tiles.lanes);
    tile.columns = vectors * tiles.lanes;
    tile.b = packed + panel * panels_.size + first * depth * panels_.width;
    for (std::int64_t t = 0; t < rows.count; ++t) {
      tile.a = pixels + rows.begin(t) * depth;
      tile.c = windows + rows.begin(t) * width_ + panel * panels_.width;
      tile_kernels(pairs_).find(rows.height(t), vectors)(tile);
    }
  }
}

void ImageGradientByWindows::run(const float* output, const float* packed, const float* bias, float* images,
                                 const Epilogue& epilogue) const {
  constexpr std::int64_t kLeastTasks = 4;  // few images are cut into bands of rows, for the threads
  const ConvolutionShape& s = shape_;
  const std::int64_t bands = std::clamp<std::int64_t>(kLeastTasks / std::max<std::int64_t>(s.batch, 1), 1,
                                                      std::max<std::int64_t>(s.height, 1));
  const Margin pixels = {.height = s.output_height,
                         .width = s.output_width,
                         .source_height = s.output_height,
                         .source_width = s.output_width,
                         .channels = s.outputs};
  const std::int64_t copied =
      precision_ == Precision::bf16 ? s.output_height * s.output_width * panels_.depth : 0;
  const std::int64_t size =
      round_up(copied, gemm_tiles().lanes) + s.output_width * width_ + gemm_tiles().lanes;
  parallel_for(s.batch * bands, [&](std::int64_t task) {
    const std::int64_t n = task / bands;
    const std::int64_t row = s.height * (task % bands) / bands;
    const std::int64_t row_end = s.height * (task % bands + 1) / bands;
    const float* from = output + n * s.output_size();
    float* windows = thread_scratch(static_cast<std::size_t>(size));
    if (copied > 0) {
      float* copy = windows + s.output_width * width_ + gemm_tiles().lanes;
      if (pairs_) {
        pixels.copy_pairs(from, copy, 0, s.output_height);
      } else {
        std::copy_n(from, s.output_size(), copy);
        round_to_bf16(copy, s.output_size());
      }
      from = copy;
    }
    for (std::int64_t y = row; y < row_end; ++y) {
      run_row(from, packed, y, windows);
      window_sums({.windows = windows,
                   .window_step = width_,
                   .count = s.output_width,
                   .taps = s.filter_width,
                   .stride = s.stride_x,
                   .before = s.left,
                   .channels = s.channels,
                   .bias = bias,
                   .row = images + (n * s.height + y) * s.width * s.channels,
                   .pixels = s.width});
    }
    epilogue((n * s.height + row) * s.width, (n * s.height + row_end) * s.width, 0, s.channels);
  });
}

FilterGradientByWindows::FilterGradientByWindows(const ConvolutionShape& s, Precision wanted)
    : shape(s),
      precision(wanted),
      pairs(in_pairs(wanted)),
      margin(margin_of(s)),
      outputs{.height = s.output_height,
              .width = s.output_width + 2 * (s.filter_width - 1),
              .left = s.filter_width - 1,
              .source_height = s.output_height,
              .source_width = s.output_width,
              .channels = s.outputs},
      window(s.filter_width * s.outputs),
      width(round_up(window, gemm_tiles().lanes)) {}

bool FilterGradientByWindows::suits(const ConvolutionShape& s, Precision precision) {
  if (!has_windows(s, precision) || s.stride_x != 1 || s.outputs >= gemm_tiles().lanes) return false;
  const double read =
      static_cast<double>(s.output_width) / static_cast<double>(s.output_width + s.filter_width - 1);
  return pays(filled(s.filter_width * s.outputs) * read, filled(s.outputs));
}

std::int64_t FilterGradientByWindows::image_floats() const {
  const bool copies = margin.is_needed() || precision == Precision::bf16;
  return copies ? round_up(margin.size() + shape.channels, gemm_tiles().lanes) : 0;
}

/// With room for what the last windows of a pair read.
std::int64_t FilterGradientByWindows::slope_floats() const {
  return round_up(outputs.size() + shape.outputs, gemm_tiles().lanes);
}

void FilterGradientByWindows::add_image(const float* image, const float* slope, float* sums, bool accumulate,
                                        float* scratch) const {
  float* slopes = scratch + image_floats();
  const auto prepare = [&](const Margin& m, const float* from, std::int64_t floats, float* to) {
    if (pairs) {
      m.copy_distant_pairs(from, to, m.channels);
    } else {
      m.copy(from, to, 0, m.height);
      if (precision == Precision::bf16) round_to_bf16(to, m.size());
    }
    std::fill_n(to + m.size(), floats - m.size(), 0.0F);
  };
  prepare(outputs, slope, slope_floats(), slopes);
  if (image_floats() > 0) {
    prepare(margin, image, image_floats(), scratch);
    image = scratch;
  }
  // Rows of tiles are rows of the filter or channels, whichever are more.
  const std::int64_t row_size = margin.width * shape.channels;
  const bool by_rows = shape.filter_height > shape.channels;
  const std::int64_t row_step = shape.dilation_y * row_size;
  const std::int64_t lanes = gemm_tiles().lanes;
  const TileKernels& kernels = tile_kernels(pairs);
  GemmTile tile;
  tile.k = tile_depth(shape.output_width + shape.filter_width - 1, pairs);
  tile.blocks = shape.output_height;
  tile.a_row = by_rows ? row_step : 1;
  tile.a_step = shape.channels * (pairs ? 2 : 1);
  tile.a_block = shape.stride_y * row_size;
  tile.b_step = shape.outputs * (pairs ? 2 : 1);
  tile.b_block = outputs.width * shape.outputs;
  tile.c_row = by_rows ? shape.channels * width : width;
  tile.accumulate = accumulate;
  const TiledRows rows(by_rows ? shape.filter_height : shape.channels, kernels.most_rows);
  for (std::int64_t i = 0; i < (by_rows ? shape.channels : shape.filter_height); ++i) {
    for (std::int64_t column = 0; column < window; column += 2 * lanes) {
      tile.columns = std::min(2 * lanes, window - column);
      tile.b = slopes + column;
      for (std::int64_t t = 0; t < rows.count; ++t) {
        tile.a = image + (by_rows ? i : i * row_step) + rows.begin(t) * tile.a_row;
        tile.c = sums + i * (by_rows ? width : shape.channels * width) + rows.begin(t) * tile.c_row + column;
        kernels.find(rows.height(t), ceil_div(tile.columns, lanes))(tile);
      }
    }
  }
}

void FilterGradientByWindows::finish(const float* sums, float* filter) const {
  for (std::int64_t u = 0; u < shape.filter_height; ++u) {
    for (std::int64_t v = 0; v < shape.filter_width; ++v) {
      for (std::int64_t c = 0; c < shape.channels; ++c, filter += shape.outputs) {
        const float* from =
            sums + (u * shape.channels + c) * width + (shape.filter_width - 1 - v) * shape.outputs;
        std::copy_n(from, shape.outputs, filter);
      }
    }
  }
}

}  // namespace hebb
