#include <algorithm>

#include "core/parallel.hpp"
#include "kernels/bf16.hpp"
#include "kernels/convolution_pass.hpp"
#include "kernels/convolution_winograd.hpp"
#include "kernels/depthwise.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kMostChunks = 8;  // of a batch that is summed by images

/// The gradient with respect to a filter as products of tiles: rows are elements of the filter's inputs,
/// columns a panel of outputs, and the sums run over the pixels of the output.
struct FilterGradient {
  const ConvolutionShape& shape;
  Precision precision;
  bool by_channels;  // whether each channel has a filter of its own, and there are no tiles
  bool pairs;        // whether tiles are of pairs of pixels that follow each other in a row of the output
  Margin margin;
  std::int64_t depth, outputs, width, panels;
  std::int64_t band;  // rows of the output in which one image is gone through

  FilterGradient(const ConvolutionShape& s, Precision wanted)
      : shape(s),
        precision(wanted),
        by_channels(is_depthwise(s.groups, s.channels, s.outputs)),
        pairs(in_pairs(wanted) && !by_channels),
        margin(margin_of(s)),
        depth(s.channels / s.groups),
        outputs(s.outputs / s.groups),
        width(outputs <= gemm_tiles().lanes ? gemm_tiles().lanes : 2 * gemm_tiles().lanes),
        panels(ceil_div(outputs, width)) {
    // What a band reads of the image stays in the first-level cache while all tiles of the gradient go over
    // it; with fewer pixels, reading and writing the sums takes longer than the products.
    constexpr std::int64_t kCachedFloats = 4096;
    constexpr std::int64_t kLeastPixels = 128;
    const std::int64_t cached = kCachedFloats / (s.output_width * s.stride_x * s.channels);
    band = std::clamp<std::int64_t>(std::max(cached, ceil_div(kLeastPixels, s.output_width)), 1,
                                    s.output_height);
  }
  bool copies_images() const { return margin.is_needed() || precision == Precision::bf16; }
  std::int64_t columns_of(std::int64_t panel) const { return std::min(width, outputs - panel * width); }
  std::int64_t first_output(std::int64_t group, std::int64_t panel) const {
    return group * outputs + panel * width;
  }

  /// The image with its margin, where it has one or numbers are to be rounded.
  const float* prepared(const float* image, float* copy) const {
    if (!copies_images()) return image;
    margin.copy(image, copy, 0, margin.height);
    if (pairs) {
      // Whatever element of the filter it meets: each number with that of the next output's pixel.
      const std::int64_t next = std::min(shape.stride_x * shape.channels, margin.size());
      const std::int64_t paired = margin.size() - next;
      pair_rows(copy, copy + next, paired, copy);
      pair_rows(copy + paired, nullptr, next, copy + paired);
    } else if (precision == Precision::bf16) {
      round_to_bf16(copy, margin.size());
    }
    return copy;
  }

  /// Elements of a row of the output's gradient, of one output, as tiles read them.
  std::int64_t row_depth() const { return tile_depth(shape.output_width, pairs); }

  /// A panel of the output's gradient: so many rows of pixels, each with the panel's outputs. Writes a vector
  /// more.
  void pack(const float* slope, std::int64_t rows, std::int64_t columns, float* to) const {
    const std::int64_t pixels = shape.output_width;
    gemm_tiles().pack_rows(slope, shape.outputs, to, width, columns, rows * pixels);
    if (pairs) {
      for (std::int64_t y = 0; y < rows; ++y)
        pair_matrix_rows(to + y * pixels * width, pixels, width, to + y * row_depth() * width);
    } else if (precision == Precision::bf16) {
      round_to_bf16(to, rows * pixels * width);
    }
  }

  /// Some images' rows of output that one panel is summed over.
  struct Part {
    const float* images;  // of the first image, what the first of the rows reads
    const float* slopes;  // packed
    std::int64_t count;   // images
    std::int64_t rows;
    bool accumulate;
    const float* bias;
  };

  /// sum = or += the products of a part, for the outputs of one panel of a group, to which the pointers
  /// point.
  void add(const Part& part, std::int64_t columns, float* sum) const {
    const GemmTiles& tiles = gemm_tiles();
    GemmTile tile;
    tile.k = row_depth();
    tile.blocks = part.rows;
    tile.a_row = 1;
    tile.a_step = shape.stride_x * shape.channels * (pairs ? 2 : 1);
    tile.a_block = shape.stride_y * margin.width * shape.channels;
    tile.b_step = width;
    tile.b_block = row_depth() * width;
    tile.c_row = shape.outputs;
    tile.columns = columns;
    const std::int64_t image_size = copies_images() ? margin.size() : shape.image_size();
    // Where a row of the filter covers neighbours in memory its elements are rows of one matrix.
    const bool whole_rows = shape.groups == 1 && shape.dilation_x == 1;
    const std::int64_t runs = whole_rows ? 1 : shape.filter_width;
    const TiledRows rows(whole_rows ? shape.filter_width * depth : depth, tiles.most_rows);
    for (std::int64_t n = 0; n < part.count; ++n) {
      tile.accumulate = part.accumulate || n > 0;
      tile.bias = tile.accumulate ? nullptr : part.bias;
      tile.b = part.slopes + n * part.rows * tile.b_block;
      for (std::int64_t i = 0; i < shape.filter_height * runs; ++i) {
        const std::int64_t y = i / runs;
        const std::int64_t run = i % runs;
        const float* pixels = part.images + n * image_size +
                              (y * shape.dilation_y * margin.width + run * shape.dilation_x) * shape.channels;
        float* to = sum + (y * shape.filter_width + run) * depth * shape.outputs;
        for (std::int64_t t = 0; t < rows.count; ++t) {
          tile.a = pixels + rows.begin(t);
          tile.c = to + rows.begin(t) * shape.outputs;
          tile_finder(pairs)(rows.height(t), ceil_div(columns, tiles.lanes))(tile);
        }
      }
    }
  }

  /// Where each channel has a filter of its own.
  void add_channels(const float* image, const float* slope, float* sum, bool accumulate,
                    float* scratch) const {
    const std::int64_t row = shape.output_width * shape.outputs;
    for (std::int64_t y = 0; y < shape.output_height; ++y, slope += row) {
      if (precision == Precision::bf16) {
        std::copy_n(slope, row, scratch);
        round_to_bf16(scratch, row);
      }
      depthwise_gradient_row({.image = image + y * shape.stride_y * margin.width * shape.channels,
                              .pixel_step = shape.stride_x * shape.channels,
                              .row_step = shape.dilation_y * margin.width * shape.channels,
                              .column_step = shape.dilation_x * shape.channels,
                              .slope = precision == Precision::bf16 ? scratch : slope,
                              .rows = shape.filter_height,
                              .columns = shape.filter_width,
                              .channels = shape.channels,
                              .accumulate = accumulate || y > 0,
                              .filter = sum,
                              .pixels = shape.output_width});
    }
  }

  /// Adds one image to the gradient of all outputs, band by band.
  void add_image(const float* image, const float* slope, float* sum, bool accumulate, float* scratch) const {
    if (by_channels) return add_channels(image, slope, sum, accumulate, scratch);
    for (std::int64_t y = 0; y < shape.output_height; y += band) {
      const std::int64_t rows = std::min(band, shape.output_height - y);
      for (std::int64_t group = 0; group < shape.groups; ++group) {
        for (std::int64_t panel = 0; panel < panels; ++panel) {
          const std::int64_t first = first_output(group, panel);
          pack(slope + y * shape.output_width * shape.outputs + first, rows, columns_of(panel), scratch);
          add({.images = image + y * shape.stride_y * margin.width * shape.channels + group * depth,
               .slopes = scratch,
               .count = 1,
               .rows = rows,
               .accumulate = accumulate || y > 0,
               .bias = nullptr},
              columns_of(panel), sum + first);
        }
      }
    }
  }
};

/// Images in chunks, whose number depends on the shape alone, each with a gradient of its own, which
/// sum(chunk, first image, beyond the last, gradient) forms; then these in order.
template <class Sum>
void sum_chunks(const ConvolutionShape& s, const float* bias, float* filter, const Epilogue& epilogue,
                Scratch& scratch, const Sum& sum_chunk) {
  const std::int64_t chunks = std::min(s.batch, kMostChunks);
  float* sums = scratch.floats(static_cast<std::size_t>(chunks * s.filter_size()));
  parallel_for(chunks, [&](std::int64_t chunk) {
    sum_chunk(s.batch * chunk / chunks, s.batch * (chunk + 1) / chunks, sums + chunk * s.filter_size());
  });
  const std::int64_t rows = s.outputs == 0 ? 0 : s.filter_size() / s.outputs;
  constexpr std::int64_t kElementsOfPart = 4096;
  parallel_ranges(rows, ceil_div(kElementsOfPart, std::max<std::int64_t>(s.outputs, 1)),
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin * s.outputs; i < end * s.outputs; ++i) {
                      float sum = bias == nullptr ? 0.0F : bias[i % s.outputs];
                      for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
                        sum += sums[chunk * s.filter_size() + i];
                      filter[i] = sum;
                    }
                    epilogue(begin, end, 0, s.outputs);
                  });
}

void sum_by_images(const FilterGradient& gradient, const float* images, const float* output,
                   const float* bias, float* filter, const Epilogue& epilogue, Scratch& scratch) {
  const ConvolutionShape& s = gradient.shape;
  const std::int64_t slopes =
      std::max(gradient.band * s.output_width * gradient.width, s.output_width * s.outputs) +
      gemm_tiles().lanes;
  sum_chunks(s, bias, filter, epilogue, scratch, [&](std::int64_t begin, std::int64_t end, float* sum) {
    float* slopes_and_image = thread_scratch(
        static_cast<std::size_t>(slopes + (gradient.copies_images() ? gradient.margin.size() : 0)));
    for (std::int64_t n = begin; n < end; ++n) {
      gradient.add_image(gradient.prepared(images + n * s.image_size(), slopes_and_image + slopes),
                         output + n * s.output_size(), sum, n > begin, slopes_and_image);
    }
  });
}

void sum_by_tiles(const WinogradGradient& gradient, const float* images, const float* output,
                  const float* bias, float* filter, const Epilogue& epilogue, Scratch& scratch) {
  const ConvolutionShape& s = gradient.shape;
  sum_chunks(s, bias, filter, epilogue, scratch, [&](std::int64_t begin, std::int64_t end, float* sum) {
    const std::int64_t floats = gradient.sums_floats() + gradient.image_floats() + gradient.block_floats();
    float* sums = thread_scratch(static_cast<std::size_t>(floats));
    for (std::int64_t n = begin; n < end; ++n) {
      gradient.add_image(images + n * s.image_size(), output + n * s.output_size(), sums, n > begin,
                         sums + gradient.sums_floats());
    }
    gradient.finish(sums, sum);
  });
}

/// Panel by panel, each over all images: a large filter is written once, not once for every image.
void sum_by_panels(const FilterGradient& gradient, const float* images, const float* output,
                   const float* bias, float* filter, const Epilogue& epilogue, Scratch& scratch) {
  const ConvolutionShape& s = gradient.shape;
  const std::int64_t pixels = s.batch * s.output_height * s.output_width;
  if (gradient.copies_images()) {
    float* copies = scratch.floats(static_cast<std::size_t>(s.batch * gradient.margin.size()));
    parallel_for(s.batch, [&](std::int64_t n) {
      gradient.prepared(images + n * s.image_size(), copies + n * gradient.margin.size());
    });
    images = copies;
  }
  parallel_for(s.groups * gradient.panels, [&](std::int64_t task) {
    const std::int64_t group = task / gradient.panels;
    const std::int64_t panel = task % gradient.panels;
    const std::int64_t first = gradient.first_output(group, panel);
    const std::int64_t columns = gradient.columns_of(panel);
    float* slopes = thread_scratch(static_cast<std::size_t>(pixels * gradient.width + gemm_tiles().lanes));
    gradient.pack(output + first, s.batch * s.output_height, columns, slopes);
    gradient.add({.images = images + group * gradient.depth,
                  .slopes = slopes,
                  .count = s.batch,
                  .rows = s.output_height,
                  .accumulate = false,
                  .bias = bias == nullptr ? nullptr : bias + first},
                 columns, filter + first);
    epilogue(0, s.filter_size() / s.outputs, first, first + columns);
  });
}

}  // namespace

void Convolution::filter_gradient(const float* images, const float* output, const float* bias, float* filter,
                                  const Epilogue& epilogue) {
  if (filter_gradient_) return filter_gradient_->run({images, output, bias, filter}, epilogue);
  constexpr std::int64_t kLargeFilter = 256 * 1024;  // floats beyond the second-level cache
  const bool large = shape_.filter_size() > kLargeFilter;
  // Panels of a large filter serve more threads than few images do.
  if (WinogradGradient::suits(shape_, precision_) && !(large && shape_.batch < kMostChunks))
    return sum_by_tiles(WinogradGradient(shape_), images, output, bias, filter, epilogue, scratch_);
  const FilterGradient gradient(shape_, precision_);
  const bool by_panels = shape_.batch > 0 && large && !gradient.by_channels;
  (by_panels ? sum_by_panels : sum_by_images)(gradient, images, output, bias, filter, epilogue, scratch_);
}

}  // namespace hebb
