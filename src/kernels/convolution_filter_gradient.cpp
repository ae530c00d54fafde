#include <algorithm>

#include "core/parallel.hpp"
#include "kernels/convolution_pass.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"

namespace hebb {

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
        width(outputs <= gemm_tiles().lanes ? gemm_tiles().lanes : 2 * gemm_tiles().lanes),
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
  if (filter_gradient_) return filter_gradient_->run({images, output, nullptr, filter});
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
        margin.copy(image, copy, 0, margin.height);
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
