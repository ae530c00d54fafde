#include "kernels/convolution.hpp"

#include <algorithm>
#include <cstring>

#include "core/parallel.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"

namespace hebb {

namespace {

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

/// The images as the forward pass and the filter's gradient see them.
Margin margin_of(const ConvolutionShape& s) {
  const std::int64_t height = (s.output_height - 1) * s.stride_y + (s.filter_height - 1) * s.dilation_y + 1;
  const std::int64_t width = (s.output_width - 1) * s.stride_x + (s.filter_width - 1) * s.dilation_x + 1;
  // What is not read at the end stays, if nothing has to be added elsewhere: then there is nothing to copy.
  const bool inside = s.top == 0 && s.left == 0 && height <= s.height && width <= s.width;
  return {.height = inside ? s.height : height,
          .width = inside ? s.width : width,
          .top = s.top,
          .left = s.left,
          .stride_y = 1,
          .stride_x = 1,
          .source_height = s.height,
          .source_width = s.width,
          .channels = s.channels};
}

/// Rows [row, row_end) of the output of one image, for the filter's strides and dilations.
struct RowsOfOutput {
  const ConvolutionShape& shape;  // of the pass: its margin is in the image already
  const Margin& margin;
  const PackedFilter& filter;
  const float* image;
  const float* bias;
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
    const std::int64_t first = group * filter.outputs + panel * filter.width;
    float* to = output + y * shape.output_width * shape.outputs + first;
    const TiledRows rows(shape.output_width, tiles.most_rows);
    for (std::int64_t t = 0; t < rows.count; ++t) {
      const std::int64_t x = rows.begin(t);
      const GemmTileRun kernel = tiles.find(rows.height(t), ceil_div(columns, tiles.lanes));
      tile.c = to + x * shape.outputs;
      for (std::int64_t round = 0; round < rounds; ++round) {
        tile.accumulate = round > 0;
        tile.bias = bias != nullptr && round == 0 ? bias + first : nullptr;
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
              const float* images, const float* bias, float* output, const Epilogue& epilogue) {
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
    const std::int64_t pixels = shape.output_height * shape.output_width;
    const RowsOfOutput rows{shape, margin, filter, image, bias, output + n * pixels * shape.outputs};
    const std::int64_t row = shape.output_height * band / bands;
    const std::int64_t row_end = shape.output_height * (band + 1) / bands;
    rows.run(row, row_end);
    epilogue(n * pixels + row * shape.output_width, n * pixels + row_end * shape.output_width, 0,
             shape.outputs);
  });
}

/// Packs the filter of a pass panel by panel: `fill` writes the values of one, given the group, the panel's
/// first output in it, the number of its outputs, and where to.
template <class Fill>
PackedFilter packed_filter(const ConvolutionShape& s, std::int64_t depth, std::int64_t outputs,
                           std::vector<float>& memory, const Fill& fill) {
  PackedFilter packed = {.depth = depth,
                         .outputs = outputs,
                         .width = panel_width(outputs),
                         .taps = s.filter_height * s.filter_width};
  memory.resize(static_cast<std::size_t>(s.groups * packed.panels() * packed.panel_size()));
  packed.data = memory.data();
  for (std::int64_t group = 0; group < s.groups; ++group) {
    for (std::int64_t panel = 0; panel < packed.panels(); ++panel) {
      const std::int64_t first = panel * packed.width;
      fill(group, first, std::min(packed.width, outputs - first),
           memory.data() + (packed.panel(group, panel) - packed.data));
    }
  }
  return packed;
}

}  // namespace

void Convolution::forward(const float* images, const float* filter, const float* bias, float* output,
                          const Epilogue& epilogue) {
  const ConvolutionShape& s = shape_;
  const std::int64_t depth = s.channels / s.groups;
  const std::int64_t outputs = s.outputs / s.groups;
  const std::int64_t width = panel_width(outputs);
  const PackedFilter packed = packed_filter(
      s, depth, outputs, scratch_,
      [&](std::int64_t group, std::int64_t first, std::int64_t columns, float* to) {
        const float* from = filter + group * outputs + first;
        for (std::int64_t row = 0; row < s.filter_height * s.filter_width * depth; ++row, to += width) {
          std::copy_n(from + row * s.outputs, columns, to);
          std::fill_n(to + columns, width - columns, 0.0F);
        }
      });
  convolve(s, margin_of(s), packed, images, bias, output, epilogue);
}

/// The gradient with respect to the images is a convolution too: of the output's gradient, spread apart by
/// the strides, with the filter turned around and its inputs and outputs exchanged.
void Convolution::image_gradient(const float* output, const float* filter, const float* bias, float* images,
                                 const Epilogue& epilogue) {
  const ConvolutionShape& s = shape_;
  const std::int64_t depth = s.outputs / s.groups;
  const std::int64_t outputs = s.channels / s.groups;
  const std::int64_t width = panel_width(outputs);
  const PackedFilter packed =
      packed_filter(s, depth, outputs, scratch_,
                    [&](std::int64_t group, std::int64_t first, std::int64_t columns, float* to) {
                      for (std::int64_t tap = s.filter_height * s.filter_width; tap-- > 0;) {
                        const float* from = filter + (tap * outputs + first) * s.outputs + group * depth;
                        for (std::int64_t o = 0; o < depth; ++o, to += width) {
                          for (std::int64_t c = 0; c < width; ++c)
                            to[c] = c < columns ? from[c * s.outputs + o] : 0.0F;
                        }
                      }
                    });
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
  convolve(turned, margin, packed, output, bias, images, epilogue);
}

namespace {

/// What adds the filter's gradient over one image, band by band of rows of the output: so few that what a
/// band reads of the image stays in the first-level cache while all tiles of the gradient go over it.
struct FilterGradient {
  const ConvolutionShape& shape;
  std::int64_t row_size;  // floats from row to row of the image
  std::int64_t depth, outputs, width, panels;
  std::int64_t band;  // rows of the output

  FilterGradient(const ConvolutionShape& s, std::int64_t image_width)
      : shape(s),
        row_size(image_width * s.channels),
        depth(s.channels / s.groups),
        outputs(s.outputs / s.groups),
        width(panel_width(outputs)),
        panels(ceil_div(outputs, width)) {
    constexpr std::int64_t kCachedFloats = 4096;
    constexpr std::int64_t kLeastPixels =
        128;  // below, reading and writing the sums takes longer than the products
    const std::int64_t cached = kCachedFloats / (s.output_width * s.stride_x * s.channels);
    band = std::clamp<std::int64_t>(std::max(cached, ceil_div(kLeastPixels, s.output_width)), 1,
                                    s.output_height);
  }
  std::int64_t scratch_floats() const { return shape.groups * panels * band * shape.output_width * width; }

  void add(const float* image, const float* slope, float* sum, bool accumulate, float* scratch) const {
    for (std::int64_t y = 0; y < shape.output_height; y += band) {
      const std::int64_t rows = std::min(band, shape.output_height - y);
      const std::int64_t pixels = rows * shape.output_width;
      const float* from = slope + y * shape.output_width * shape.outputs;
      for (std::int64_t group = 0; group < shape.groups; ++group) {
        for (std::int64_t panel = 0; panel < panels; ++panel) {
          const std::int64_t first = group * outputs + panel * width;
          gemm_tiles().pack_rows(from + first, shape.outputs, scratch, width, columns_of(panel), pixels);
          add_panel(image + y * shape.stride_y * row_size + group * depth, scratch, rows, sum + first,
                    columns_of(panel), accumulate || y > 0);
        }
      }
    }
  }

 private:
  std::int64_t columns_of(std::int64_t panel) const { return std::min(width, outputs - panel * width); }

  void add_panel(const float* image, const float* slope, std::int64_t rows_of_output, float* sum,
                 std::int64_t columns, bool accumulate) const {
    const GemmTiles& tiles = gemm_tiles();
    GemmTile tile;
    tile.k = shape.output_width;
    tile.blocks = rows_of_output;
    tile.accumulate = accumulate;
    tile.a_row = 1;
    tile.a_step = shape.stride_x * shape.channels;
    tile.a_block = shape.stride_y * row_size;
    tile.b = slope;
    tile.b_step = width;
    tile.b_block = shape.output_width * width;
    tile.c_row = shape.outputs;
    tile.columns = columns;
    // Where a row of the filter covers neighbours in memory its elements are rows of one matrix.
    const bool whole_rows = shape.groups == 1 && shape.dilation_x == 1;
    const std::int64_t runs = whole_rows ? 1 : shape.filter_width;
    const TiledRows rows(whole_rows ? shape.filter_width * depth : depth, tiles.most_rows);
    for (std::int64_t ky = 0; ky < shape.filter_height; ++ky) {
      for (std::int64_t run = 0; run < runs; ++run) {
        const float* pixels =
            image + ky * shape.dilation_y * row_size + run * shape.dilation_x * shape.channels;
        float* to = sum + (ky * shape.filter_width + run) * depth * shape.outputs;
        for (std::int64_t t = 0; t < rows.count; ++t) {
          tile.a = pixels + rows.begin(t);
          tile.c = to + rows.begin(t) * shape.outputs;
          tiles.find(rows.height(t), ceil_div(columns, tiles.lanes))(tile);
        }
      }
    }
  }
};

}  // namespace

/// Images in chunks, whose number depends on the shape alone, each with a sum of its own; then the sums in
/// order.
void Convolution::filter_gradient(const float* images, const float* output, float* filter) {
  constexpr std::int64_t kMostChunks = 8;
  const ConvolutionShape& s = shape_;
  const std::int64_t chunks = std::min(s.batch, kMostChunks);
  const Margin margin = margin_of(s);
  const FilterGradient gradient(s, margin.width);
  scratch_.resize(static_cast<std::size_t>(chunks * s.filter_size()));
  parallel_for(chunks, [&](std::int64_t chunk) {
    float* sum = scratch_.data() + chunk * s.filter_size();
    const std::int64_t first = s.batch * chunk / chunks;
    float* packed = thread_scratch(static_cast<std::size_t>(gradient.scratch_floats() + gemm_tiles().lanes +
                                                            (margin.is_needed() ? margin.size() : 0)));
    float* copy = packed + gradient.scratch_floats() + gemm_tiles().lanes;
    for (std::int64_t n = first; n < s.batch * (chunk + 1) / chunks; ++n) {
      const float* image = images + n * s.image_size();
      if (margin.is_needed()) {
        margin.copy(image, copy);
        image = copy;
      }
      gradient.add(image, output + n * s.output_size(), sum, n > first, packed);
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
