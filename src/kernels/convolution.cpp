#include "kernels/convolution.hpp"

#include <algorithm>
#include <cstring>

#include "core/parallel.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"

namespace hebb {

namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// A filter as the tiles read it: for each group, for each panel of columns as wide as a tile, for each of
/// its rows and columns, for each channel, the values for the panel's outputs, zeros where it has fewer.
struct PackedFilter {
  std::int64_t depth = 0;    // channels of a group
  std::int64_t outputs = 0;  // of a group
  std::int64_t width = 0;    // of a panel
  std::int64_t taps = 0;     // rows times columns of the filter
  const float* data = nullptr;

  std::int64_t panels() const { return ceil_div(outputs, width); }
  std::int64_t panel_size() const { return taps * depth * width; }
  const float* panel(std::int64_t group, std::int64_t panel) const {
    return data + (group * panels() + panel) * panel_size();
  }
};

std::int64_t panel_width(std::int64_t outputs_of_group) {
  const std::int64_t lanes = gemm_tiles().lanes;
  return outputs_of_group <= lanes ? lanes : 2 * lanes;
}

/// Images as a pass sees them: element (y, x) of an image with its margin is the source's ((y - top) /
/// stride_y, ...) where that is a whole number and inside, else zero.
struct Margin {
  std::int64_t height, width;  // with the margin
  std::int64_t top, left;      // may be negative: then rows and columns are left out
  std::int64_t stride_y, stride_x;
  std::int64_t source_height, source_width, channels;

  bool is_needed() const {
    return top != 0 || left != 0 || stride_y != 1 || stride_x != 1 || height > source_height ||
           width > source_width;
  }
  std::int64_t size() const { return height * width * channels; }

  void copy(const float* from, float* to) const {
    const bool sparse = stride_x != 1;
    for (std::int64_t y = 0; y < height; ++y, to += width * channels) {
      const std::int64_t row = y - top;
      if (row < 0 || row % stride_y != 0 || row / stride_y >= source_height) {
        std::fill_n(to, width * channels, 0.0F);
        continue;
      }
      const float* source = from + row / stride_y * source_width * channels;
      if (sparse) {
        std::fill_n(to, width * channels, 0.0F);
        for (std::int64_t x = 0; x < source_width; ++x) {
          const std::int64_t at = left + x * stride_x;
          if (at >= 0 && at < width) std::copy_n(source + x * channels, channels, to + at * channels);
        }
        continue;
      }
      const std::int64_t begin = std::clamp<std::int64_t>(left, 0, width);
      const std::int64_t end = std::clamp<std::int64_t>(left + source_width, begin, width);
      std::fill_n(to, begin * channels, 0.0F);
      if (end > begin)
        std::copy_n(source + (begin - left) * channels, (end - begin) * channels, to + begin * channels);
      std::fill_n(to + end * channels, (width - end) * channels, 0.0F);
    }
  }
};

/// Rows [row, row_end) of the output of one image, for the filter's strides and dilations.
struct RowsOfOutput {
  const ConvolutionShape& shape;  // of the pass: its margin is in the image already
  const Margin& margin;
  const PackedFilter& filter;
  const float* image;
  float* output;

  void run(std::int64_t row, std::int64_t row_end) const {
    for (std::int64_t group = 0; group < shape.groups; ++group) {
      for (std::int64_t panel = 0; panel < filter.panels(); ++panel) {
        for (std::int64_t y = row; y < row_end; ++y) run_row(group, panel, y);
      }
    }
  }

 private:
  void run_row(std::int64_t group, std::int64_t panel, std::int64_t y) const {
    const GemmTiles& tiles = gemm_tiles();
    const std::int64_t depth = filter.depth;
    // Where a row of the filter covers neighbours in memory it is one block, else one for each of its
    // columns.
    const bool whole_rows = shape.groups == 1 && shape.dilation_x == 1;
    const std::int64_t rounds = whole_rows ? 1 : shape.filter_width;
    const std::int64_t columns = std::min(filter.width, filter.outputs - panel * filter.width);
    GemmTile tile;
    tile.k = whole_rows ? shape.filter_width * depth : depth;
    tile.blocks = shape.filter_height;
    tile.a_row = shape.stride_x * margin.channels;
    tile.a_step = 1;
    tile.a_block = shape.dilation_y * margin.width * margin.channels;
    tile.b_step = filter.width;
    tile.b_block = shape.filter_width * depth * filter.width;
    tile.c_row = shape.outputs;
    tile.columns = columns;
    const float* pixels = image + y * shape.stride_y * margin.width * margin.channels + group * depth;
    float* to =
        output + y * shape.output_width * shape.outputs + group * filter.outputs + panel * filter.width;
    const std::int64_t count = ceil_div(shape.output_width, tiles.most_rows);
    for (std::int64_t t = 0; t < count; ++t) {
      const std::int64_t x = shape.output_width * t / count;
      const std::int64_t height = shape.output_width * (t + 1) / count - x;
      const GemmTileRun kernel = tiles.find(height, ceil_div(columns, tiles.lanes));
      tile.c = to + x * shape.outputs;
      for (std::int64_t round = 0; round < rounds; ++round) {
        tile.accumulate = round > 0;
        tile.a = pixels + x * tile.a_row + round * shape.dilation_x * margin.channels;
        tile.b = filter.panel(group, panel) + round * depth * filter.width;
        kernel(tile);
      }
    }
  }
};

/// A convolution of images that are brought into their margins, shared out by images and, where these are
/// few, by rows.
void convolve(const ConvolutionShape& shape, const Margin& margin, const PackedFilter& filter,
              const float* images, float* output) {
  constexpr std::int64_t kImagesWorthSharing = 4;
  const std::int64_t bands =
      shape.batch >= kImagesWorthSharing ? 1 : std::min<std::int64_t>(shape.output_height, 4);
  const std::int64_t source = margin.source_height * margin.source_width * margin.channels;
  parallel_for(shape.batch * bands, [&](std::int64_t task) {
    const std::int64_t n = task / bands;
    const std::int64_t band = task % bands;
    const float* image = images + n * source;
    if (margin.is_needed()) {
      float* copy = thread_scratch(static_cast<std::size_t>(margin.size()));
      margin.copy(image, copy);
      image = copy;
    }
    const RowsOfOutput rows{shape, margin, filter, image,
                            output + n * shape.output_height * shape.output_width * shape.outputs};
    rows.run(shape.output_height * band / bands, shape.output_height * (band + 1) / bands);
  });
}

}  // namespace

void Convolution::forward(const float* images, const float* filter, float* output) {
  const ConvolutionShape& s = shape_;
  PackedFilter packed;
  packed.depth = s.channels / s.groups;
  packed.outputs = s.outputs / s.groups;
  packed.width = panel_width(packed.outputs);
  packed.taps = s.filter_height * s.filter_width;
  scratch_.resize(static_cast<std::size_t>(s.groups * packed.panels() * packed.panel_size()));
  packed.data = scratch_.data();
  float* to = scratch_.data();
  for (std::int64_t group = 0; group < s.groups; ++group) {
    for (std::int64_t first = 0; first < packed.outputs; first += packed.width) {
      const std::int64_t columns = std::min(packed.width, packed.outputs - first);
      const float* from = filter + group * packed.outputs + first;
      for (std::int64_t row = 0; row < packed.taps * packed.depth; ++row, to += packed.width) {
        std::copy_n(from + row * s.outputs, columns, to);
        std::fill_n(to + columns, packed.width - columns, 0.0F);
      }
    }
  }
  const Margin margin = {
      .height = std::max((s.output_height - 1) * s.stride_y + (s.filter_height - 1) * s.dilation_y + 1,
                         s.top == 0 ? s.height : 0),
      .width = std::max((s.output_width - 1) * s.stride_x + (s.filter_width - 1) * s.dilation_x + 1,
                        s.left == 0 ? s.width : 0),
      .top = s.top,
      .left = s.left,
      .stride_y = 1,
      .stride_x = 1,
      .source_height = s.height,
      .source_width = s.width,
      .channels = s.channels};
  convolve(s, margin, packed, images, output);
}

/// The gradient with respect to the images is a convolution too: of the output's gradient, spread apart by
/// the strides, with the filter turned around and its inputs and outputs exchanged.
void Convolution::image_gradient(const float* output, const float* filter, float* images) {
  const ConvolutionShape& s = shape_;
  PackedFilter packed;
  packed.depth = s.outputs / s.groups;
  packed.outputs = s.channels / s.groups;
  packed.width = panel_width(packed.outputs);
  packed.taps = s.filter_height * s.filter_width;
  scratch_.resize(static_cast<std::size_t>(s.groups * packed.panels() * packed.panel_size()));
  packed.data = scratch_.data();
  float* to = scratch_.data();
  for (std::int64_t group = 0; group < s.groups; ++group) {
    for (std::int64_t first = 0; first < packed.outputs; first += packed.width) {
      const std::int64_t columns = std::min(packed.width, packed.outputs - first);
      for (std::int64_t tap = packed.taps; tap-- > 0;) {
        const float* from = filter + (tap * packed.outputs + first) * s.outputs + group * packed.depth;
        for (std::int64_t o = 0; o < packed.depth; ++o, to += packed.width) {
          for (std::int64_t c = 0; c < packed.width; ++c)
            to[c] = c < columns ? from[c * s.outputs + o] : 0.0F;
        }
      }
    }
  }
  ConvolutionShape turned = s;
  turned.outputs = s.channels;
  turned.output_height = s.height;
  turned.output_width = s.width;
  turned.stride_y = turned.stride_x = 1;
  const Margin margin = {.height = s.height + (s.filter_height - 1) * s.dilation_y,
                         .width = s.width + (s.filter_width - 1) * s.dilation_x,
                         .top = (s.filter_height - 1) * s.dilation_y - s.top,
                         .left = (s.filter_width - 1) * s.dilation_x - s.left,
                         .stride_y = s.stride_y,
                         .stride_x = s.stride_x,
                         .source_height = s.output_height,
                         .source_width = s.output_width,
                         .channels = s.outputs};
  convolve(turned, margin, packed, output, images);
}

/// Images in chunks, whose number depends on the shape alone, each with a sum of its own; then the sums in
/// order.
void Convolution::filter_gradient(const float* images, const float* output, float* filter) {
  constexpr std::int64_t kMostChunks = 8;
  const ConvolutionShape& s = shape_;
  const std::int64_t chunks = std::min(s.batch, kMostChunks);
  const std::int64_t depth = s.channels / s.groups;
  const std::int64_t outputs = s.outputs / s.groups;
  const std::int64_t width = panel_width(outputs);
  const bool whole_rows = s.groups == 1 && s.dilation_x == 1;
  const Margin margin = {
      .height = (s.output_height - 1) * s.stride_y + (s.filter_height - 1) * s.dilation_y + 1,
      .width = (s.output_width - 1) * s.stride_x + (s.filter_width - 1) * s.dilation_x + 1,
      .top = s.top,
      .left = s.left,
      .stride_y = 1,
      .stride_x = 1,
      .source_height = s.height,
      .source_width = s.width,
      .channels = s.channels};
  const bool in_place = s.top == 0 && s.left == 0 && margin.height <= s.height && margin.width <= s.width;
  const std::int64_t row_width = in_place ? s.width : margin.width;
  scratch_.resize(static_cast<std::size_t>(chunks * s.filter_size()));
  const GemmTiles& tiles = gemm_tiles();

  const auto add_image = [&](const float* image, const float* slope, float* sum, bool accumulate) {
    GemmTile tile;
    tile.k = s.output_width;
    tile.blocks = s.output_height;
    tile.accumulate = accumulate;
    tile.a_row = 1;
    tile.a_step = s.stride_x * s.channels;
    tile.a_block = s.stride_y * row_width * s.channels;
    tile.b_step = s.outputs;
    tile.b_block = s.output_width * s.outputs;
    tile.c_row = s.outputs;
    const std::int64_t runs = whole_rows ? 1 : s.filter_width;
    const std::int64_t rows = whole_rows ? s.filter_width * depth : depth;
    const std::int64_t count = ceil_div(rows, tiles.most_rows);
    for (std::int64_t group = 0; group < s.groups; ++group) {
      for (std::int64_t ky = 0; ky < s.filter_height; ++ky) {
        for (std::int64_t run = 0; run < runs; ++run) {
          const float* pixels =
              image + (ky * s.dilation_y * row_width + run * s.dilation_x) * s.channels + group * depth;
          float* to = sum + (ky * s.filter_width + run) * depth * s.outputs + group * outputs;
          for (std::int64_t first = 0; first < outputs; first += width) {
            tile.columns = std::min(width, outputs - first);
            tile.b = slope + group * outputs + first;
            for (std::int64_t t = 0; t < count; ++t) {
              const std::int64_t row = rows * t / count;
              tile.a = pixels + row;
              tile.c = to + row * s.outputs + first;
              tiles.find(rows * (t + 1) / count - row, ceil_div(tile.columns, tiles.lanes))(tile);
            }
          }
        }
      }
    }
  };
  parallel_for(chunks, [&](std::int64_t chunk) {
    float* sum = scratch_.data() + chunk * s.filter_size();
    for (std::int64_t n = s.batch * chunk / chunks; n < s.batch * (chunk + 1) / chunks; ++n) {
      const float* image = images + n * s.image_size();
      if (!in_place) {
        float* copy = thread_scratch(static_cast<std::size_t>(margin.size()));
        margin.copy(image, copy);
        image = copy;
      }
      add_image(image, output + n * s.output_size(), sum, n > s.batch * chunk / chunks);
    }
  });
  parallel_ranges(s.filter_size(), 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float sum = 0;
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
        sum += scratch_[static_cast<std::size_t>(chunk * s.filter_size() + i)];
      filter[i] = sum;
    }
  });
}

}  // namespace hebb
