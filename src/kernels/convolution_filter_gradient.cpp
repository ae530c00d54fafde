#include <algorithm>

#include "core/parallel.hpp"
#include "kernels/bf16.hpp"
#include "kernels/convolution_pass.hpp"
#include "kernels/convolution_windows.hpp"
#include "kernels/convolution_winograd.hpp"
#include "kernels/depthwise.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/scratch.hpp"
#include "kernels/transpose.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kMostChunks = 8;     // of a batch that is summed by images
constexpr std::int64_t kFloatsOfLine = 16;  // of the cache

/// The gradient with respect to a filter as products of tiles: rows are elements of the filter's inputs,
/// columns a panel of outputs, and the sums run over the pixels of the output. Kernels that take contiguous
/// rows of A find them in the output's gradient alone: there rows are a panel of outputs.
struct FilterGradient {
  const ConvolutionShape& shape;
  Precision precision;
  bool by_channels;  // whether each channel has a filter of its own, and there are no tiles
  bool pairs;        // whether tiles are of pairs of pixels that follow each other in a row of the output
  bool by_outputs;   // whether rows of tiles, and of the gradient, are outputs
  Margin margin;
  std::int64_t depth, outputs, width, panels;
  std::int64_t band;  // rows of the output in which one image is gone through

  FilterGradient(const ConvolutionShape& s, Precision wanted)
      : shape(s),
        precision(wanted),
        by_channels(is_depthwise(s.groups, s.channels, s.outputs)),
        pairs(in_pairs(wanted) && !by_channels),
        by_outputs(pairs && tile_kernels(true).takes_rows()),
        margin(margin_of(s)),
        depth(s.channels / s.groups),
        outputs(s.outputs / s.groups),
        width(outputs <= gemm_tiles().lanes ? gemm_tiles().lanes : 2 * gemm_tiles().lanes),
        panels(ceil_div(outputs, width)) {
    // What a band reads of the image stays in the first-level cache while all tiles of the gradient go over
    // it; with fewer pixels, reading and writing the sums takes longer than the products.
    constexpr std::int64_t kCachedFloats = 4096;
    constexpr std::int64_t kLeastPixels = 128;
    // Registers of AMX take so little time that sums are better written seldom, and panels read from the
    // second-level cache.
    constexpr std::int64_t kPixelsOfRegisters = 640;
    const std::int64_t cached = by_outputs
                                    ? kPixelsOfRegisters / s.output_width
                                    : std::max(kCachedFloats / (s.output_width * s.stride_x * s.channels),
                                               ceil_div(kLeastPixels, s.output_width));
    band = std::clamp<std::int64_t>(cached, 1, s.output_height);
  }
  /// Elements of the filter for one output.
  std::int64_t inputs() const { return shape.filter_size() / shape.outputs; }
  bool copies_images() const { return margin.is_needed() || precision == Precision::bf16; }
  std::int64_t columns_of(std::int64_t panel) const { return std::min(width, outputs - panel * width); }
  std::int64_t first_output(std::int64_t group, std::int64_t panel) const {
    return group * outputs + panel * width;
  }

  /// Floats of a prepared image: blocks that fill registers go on beyond it.
  std::int64_t copied_floats() const {
    const std::int64_t beyond = by_outputs ? 2 * tile_kernels(true).depth * shape.channels : 0;
    return copies_images() ? round_up(margin.size() + beyond, kFloatsOfLine) : 0;
  }

  /// The image with its margin, where it has one or numbers are to be rounded.
  const float* prepared(const float* image, float* copy) const {
    if (!copies_images()) return image;
    if (pairs) {
      pair_pixels(image, copy);
    } else {
      margin.copy(image, copy, 0, margin.height);
      if (precision == Precision::bf16) round_to_bf16(copy, margin.size());
    }
    return copy;
  }

  /// Whatever element of the filter it meets: each number with that which the other output of a pair meets.
  void pair_pixels(const float* image, float* copy) const {
    const std::int64_t outputs_between = by_outputs ? Sequence(*this, 1).depth : 1;
    margin.copy_distant_pairs(image, copy, outputs_between * shape.stride_x * shape.channels);
    std::fill_n(copy + margin.size(), copied_floats() - margin.size(), 0.0F);
  }

  /// Elements of a row of the output's gradient, of one output, as tiles read them.
  std::int64_t row_depth() const { return tile_depth(shape.output_width, pairs); }

  /// How the pixels of so many rows follow each other where rows of tiles are outputs: as blocks of pairs,
  /// each packed as [outputs, pairs]. Without strides the pixels are those of the image with its margin,
  /// where the output's gradient is zero between rows, and blocks fill registers; with strides each row is a
  /// block. A pair is of pixels that are half a block apart: so pairs that follow each other are neighbours
  /// in the image.
  struct Sequence {
    std::int64_t row;     // pixels from row to row
    std::int64_t depth;   // pairs of a block
    std::int64_t blocks;  // of all rows
    std::int64_t step;    // from block to block, in the image's elements
    std::int64_t stride;  // from output to output, in pairs

    Sequence(const FilterGradient& of, std::int64_t rows) {
      const ConvolutionShape& s = of.shape;
      const std::int64_t whole = tile_kernels(true).depth;
      const bool dense = s.stride_x == 1 && s.stride_y == 1;
      depth = dense ? whole : ceil_div(s.output_width, 2);
      row = dense ? of.margin.width : 2 * depth;
      blocks = dense ? ceil_div((rows - 1) * row + s.output_width, 2 * depth) : rows;
      step = dense ? 2 * depth * s.channels : s.stride_y * of.margin.width * s.channels;
      stride = round_up(depth, whole);
    }
  };

  /// Floats of a packed panel of so many rows.
  std::int64_t packed_floats(std::int64_t rows) const {
    if (!by_outputs) return rows * row_depth() * width;
    const Sequence sequence(*this, rows);
    return sequence.blocks * width * sequence.stride;
  }

  /// And of the memory to pack it in.
  std::int64_t packing_floats(std::int64_t rows) const {
    return std::max(packed_floats(rows), rows * shape.output_width * width) + gemm_tiles().lanes;
  }

  void pack_outputs(const float* slope, std::int64_t rows, std::int64_t columns, float* to) const {
    constexpr std::int64_t kWidest = 32;
    constexpr std::int64_t kPairs = 16;  // transposed at once
    const float zeros[kWidest] = {};
    float part[kPairs * kWidest];
    const Sequence sequence(*this, rows);
    // The pixel at a place of the sequence, and how many follow in its row.
    struct Pixels {
      const float* first;
      std::int64_t count;
    };
    const auto pixels_at = [&](std::int64_t place) -> Pixels {
      const std::int64_t y = place / sequence.row;
      const std::int64_t x = place % sequence.row;
      if (y >= rows || x >= shape.output_width) return {zeros, 1};
      return {slope + (y * shape.output_width + x) * shape.outputs, shape.output_width - x};
    };
    const bool contiguous = shape.outputs == width;
    for (std::int64_t block = 0; block < sequence.blocks; ++block, to += width * sequence.stride) {
      for (std::int64_t pair = 0; pair < sequence.depth; pair += kPairs) {
        const std::int64_t count = std::min(kPairs, sequence.depth - pair);
        for (std::int64_t i = 0; i < count;) {
          const std::int64_t place = 2 * block * sequence.depth + pair + i;
          const Pixels first = pixels_at(place);
          const Pixels second = pixels_at(place + sequence.depth);
          const std::int64_t run = contiguous ? std::min({count - i, first.count, second.count}) : 1;
          pair_rows(first.first, second.first, run > 1 ? run * width : columns, part + i * width);
          i += run;
        }
        transpose_plane(part, width, to + pair, sequence.stride, count, columns);
      }
    }
  }

  /// A panel of the output's gradient: so many rows of pixels, each with the panel's outputs, or of so many
  /// outputs, each with the pixels of a sequence. May write a vector more.
  void pack(const float* slope, std::int64_t rows, std::int64_t columns, float* to) const {
    if (by_outputs) return pack_outputs(slope, rows, columns, to);
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
    if (by_outputs) return add_outputs(part, columns, sum);
    const std::int64_t lanes = gemm_tiles().lanes;
    const TileKernels& kernels = tile_kernels(pairs);
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
    const TiledRows rows(run_inputs(), kernels.most_rows);
    for_each_run(part, [&](std::int64_t n, const float* pixels, std::int64_t first) {
      tile.accumulate = part.accumulate || n > 0;
      tile.bias = tile.accumulate ? nullptr : part.bias;
      tile.b = part.slopes + n * packed_floats(part.rows);
      for (std::int64_t t = 0; t < rows.count; ++t) {
        tile.a = pixels + rows.begin(t);
        tile.c = sum + (first + rows.begin(t)) * shape.outputs;
        kernels.find(rows.height(t), ceil_div(columns, lanes))(tile);
      }
    });
  }

  /// The same of a gradient whose rows are outputs.
  void add_outputs(const Part& part, std::int64_t rows, float* sum) const {
    const std::int64_t lanes = gemm_tiles().lanes;
    const Sequence sequence(*this, part.rows);
    GemmTile tile;
    tile.k = sequence.depth;
    tile.blocks = sequence.blocks;
    tile.a_row = sequence.stride;
    tile.a_step = 1;
    tile.a_block = width * sequence.stride;
    tile.b_step = shape.stride_x * shape.channels;
    tile.b_block = sequence.step;
    tile.c_row = inputs();
    // Tiles of one shape follow each other.
    for (std::int64_t column = 0; column < run_inputs(); column += tile.columns) {
      tile.columns = std::min(2 * lanes, run_inputs() - column);
      const GemmTileRun kernel = tile_kernels(pairs).find(rows, ceil_div(tile.columns, lanes));
      for_each_run(part, [&](std::int64_t n, const float* pixels, std::int64_t first) {
        tile.accumulate = part.accumulate || n > 0;
        tile.a = part.slopes + n * packed_floats(part.rows);
        tile.b = pixels + column;
        tile.c = sum + first + column;
        kernel(tile);
      });
    }
  }

  /// Whether a row of the filter covers neighbours in memory, as it does but for groups and dilation; and how
  /// many elements of the filter's inputs are neighbours.
  bool whole_rows() const { return shape.groups == 1 && shape.dilation_x == 1; }
  std::int64_t run_inputs() const { return whole_rows() ? shape.filter_width * depth : depth; }

  /// Calls visit(image's number, pixels, first) for all runs of such elements, of which `first` is the number
  /// of the first: what it reads for the first output begins at `pixels`.
  template <class Visit>
  void for_each_run(const Part& part, const Visit& visit) const {
    const std::int64_t image_size = copies_images() ? copied_floats() : shape.image_size();
    const std::int64_t runs = whole_rows() ? 1 : shape.filter_width;
    for (std::int64_t n = 0; n < part.count; ++n) {
      for (std::int64_t i = 0; i < shape.filter_height * runs; ++i) {
        const std::int64_t at = i / runs * shape.dilation_y * margin.width + i % runs * shape.dilation_x;
        visit(n, part.images + n * image_size + at * shape.channels, i * run_inputs());
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

  /// Where an output's sums begin.
  float* sum_of(float* sums, std::int64_t output) const {
    return sums + (by_outputs ? output * inputs() : output);
  }
  /// The filter's gradient for some outputs from sums whose rows are outputs.
  void turn(const float* sums, std::int64_t outputs_turned, float* filter) const {
    transpose_plane(sums, inputs(), filter, shape.outputs, outputs_turned, inputs());
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
              columns_of(panel), sum_of(sum, first));
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
      round_up(std::max(gradient.packing_floats(gradient.band), s.output_width * s.outputs), kFloatsOfLine);
  const std::int64_t copied = gradient.copied_floats();
  const std::int64_t turned = gradient.by_outputs ? s.filter_size() : 0;
  sum_chunks(s, bias, filter, epilogue, scratch, [&](std::int64_t begin, std::int64_t end, float* sum) {
    const SharedTileShape tile_shape;
    float* memory = thread_scratch(static_cast<std::size_t>(slopes + copied + turned));
    float* sums = gradient.by_outputs ? memory + slopes + copied : sum;
    for (std::int64_t n = begin; n < end; ++n) {
      gradient.add_image(gradient.prepared(images + n * s.image_size(), memory + slopes),
                         output + n * s.output_size(), sums, n > begin, memory);
    }
    if (gradient.by_outputs) gradient.turn(sums, s.outputs, sum);
  });
}

/// Sums of a form of their own, which become the filter's gradient when they are complete.
template <class Gradient>
void sum_and_finish(const Gradient& gradient, const float* images, const float* output, const float* bias,
                    float* filter, const Epilogue& epilogue, Scratch& scratch) {
  const ConvolutionShape& s = gradient.shape;
  sum_chunks(s, bias, filter, epilogue, scratch, [&](std::int64_t begin, std::int64_t end, float* sum) {
    float* sums =
        thread_scratch(static_cast<std::size_t>(gradient.sums_floats() + gradient.scratch_floats()));
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
  if (gradient.copies_images()) {
    float* copies = scratch.floats(static_cast<std::size_t>(s.batch * gradient.copied_floats()));
    parallel_for(s.batch, [&](std::int64_t n) {
      gradient.prepared(images + n * s.image_size(), copies + n * gradient.copied_floats());
    });
    images = copies;
  }
  const std::int64_t packed = gradient.packed_floats(s.output_height);
  const std::int64_t slopes =
      round_up((s.batch - 1) * packed + gradient.packing_floats(s.output_height), kFloatsOfLine);
  parallel_for(s.groups * gradient.panels, [&](std::int64_t task) {
    const SharedTileShape tile_shape;
    const std::int64_t group = task / gradient.panels;
    const std::int64_t panel = task % gradient.panels;
    const std::int64_t first = gradient.first_output(group, panel);
    const std::int64_t columns = gradient.columns_of(panel);
    const std::int64_t turned = gradient.by_outputs ? columns * gradient.inputs() : 0;
    float* memory = thread_scratch(static_cast<std::size_t>(slopes + turned));
    for (std::int64_t n = 0; n < s.batch; ++n)
      gradient.pack(output + n * s.output_size() + first, s.output_height, columns, memory + n * packed);
    float* sums = gradient.by_outputs ? memory + slopes : filter + first;
    gradient.add({.images = images + group * gradient.depth,
                  .slopes = memory,
                  .count = s.batch,
                  .rows = s.output_height,
                  .accumulate = false,
                  .bias = bias == nullptr ? nullptr : bias + first},
                 columns, sums);
    if (gradient.by_outputs) gradient.turn(sums, columns, filter + first);
    for (std::int64_t i = 0; gradient.by_outputs && bias != nullptr && i < gradient.inputs(); ++i) {
      for (std::int64_t o = first; o < first + columns; ++o) filter[i * s.outputs + o] += bias[o];
    }
    epilogue(0, gradient.inputs(), first, first + columns);
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
    return sum_and_finish(WinogradGradient(shape_, precision_), images, output, bias, filter, epilogue,
                          scratch_);
  if (FilterGradientByWindows::suits(shape_, precision_))
    return sum_and_finish(FilterGradientByWindows(shape_, precision_), images, output, bias, filter, epilogue,
                          scratch_);
  const FilterGradient gradient(shape_, precision_);
  const bool by_panels = shape_.batch > 0 && large && !gradient.by_channels;
  (by_panels ? sum_by_panels : sum_by_images)(gradient, images, output, bias, filter, epilogue, scratch_);
}

}  // namespace hebb
