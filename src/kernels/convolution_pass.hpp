/// What the forward pass of a convolution and its gradient with respect to the images have in common: both
/// lay filters over images.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/convolution.hpp"
#include "kernels/scratch.hpp"

namespace hebb {

/// Images as a pass sees them: element (y, x) of an image with its margin is the source's ((y - top) /
/// stride_y, ...) where that is a whole number and inside, else zero.
struct Margin {
  std::int64_t height = 0, width = 0;  // with the margin
  std::int64_t top = 0, left = 0;      // may be negative: then rows and columns are left out
  std::int64_t stride_y = 1, stride_x = 1;
  std::int64_t source_height = 0, source_width = 0, channels = 0;

  bool is_needed() const {
    return top != 0 || left != 0 || stride_y != 1 || stride_x != 1 || height > source_height ||
           width != source_width;
  }
  std::int64_t size() const { return height * width * channels; }
  std::int64_t source_size() const { return source_height * source_width * channels; }

  /// Rows [row, row_end) of an image with its margin, one after the other.
  void copy(const float* from, float* to, std::int64_t row, std::int64_t row_end) const;
  /// The same in bf16: the channels of each pixel in pairs, a zero added to an odd number of them.
  void copy_pairs(const float* from, float* to, std::int64_t row, std::int64_t row_end) const;
  /// The whole image in bf16: each element in a pair with that `distance` elements later, or with zero.
  void copy_distant_pairs(const float* from, float* to, std::int64_t distance) const;
};

/// The images as the forward pass and the filter's gradient see them.
Margin margin_of(const ConvolutionShape& shape);

/// A filter by its strides: element (y, x, channel, output) of a group is filter[first + y * row + x * column
/// + ...]. Strides may be negative, so that a filter can be seen turned around, or a part of it.
struct FilterView {
  std::int64_t first = 0;                                         // element, of the first group
  std::int64_t rows = 0, columns = 0, channels = 0, outputs = 0;  // the last two: of a group
  std::int64_t row = 0, column = 0, channel = 0, output = 0, group = 0;
};

/// Lays one filter over images with their margins: output (y, x) is the sum over the filter's elements (u, v)
/// of element (row + y * stride_y + u * dilation_y, ...) of the image, times the filter. Outputs may be apart
/// from each other in the result, which others fill in between.
struct FilterPass {
  /// How it is computed.
  enum class Way : std::uint8_t {
    tiles,     ///< by tiles whose rows are pixels and whose columns are outputs
    planes,    ///< by tiles whose rows are outputs and whose columns are pixels
    winograd,  ///< by fewer products (kernels/winograd.hpp)
    channels   ///< channel by channel
  };
  FilterView filter;
  std::int64_t row = 0, column = 0;
  std::int64_t stride_y = 1, stride_x = 1;
  std::int64_t dilation_y = 1, dilation_x = 1;
  std::int64_t height = 0, width = 0;            // of the output
  std::int64_t first_row = 0, first_column = 0;  // of the output in the result
  std::int64_t row_step = 1, column_step = 1;    // in the result
  // Found by PassesOverImages::prepare:
  Way way = Way::tiles;
  std::int64_t packed_at = 0, packed_floats = 0;  // where its packed filter lies among these, and its size
};

/// A pass that takes a filter and whose result is images. Immutable: it may run in several threads at once.
struct FilteredPass {
  FilteredPass() = default;
  virtual ~FilteredPass() = default;
  FilteredPass(const FilteredPass&) = delete;
  FilteredPass& operator=(const FilteredPass&) = delete;

  std::int64_t packed_floats = 0;  // of the filter
  /// The filter as the pass reads it; `packed` is 64-byte aligned and of `packed_floats`.
  virtual void pack(const float* filter, float* packed) const = 0;
  /// result = the pass of the packed filter over images + bias (null, or a number for each channel).
  virtual void run(const float* images, const float* packed, const float* bias, float* result,
                   const Epilogue& epilogue) const = 0;
};

/// Filters laid over images, which together fill the result.
struct PassesOverImages final : FilteredPass {
  Precision precision = Precision::f32;
  Margin margin;
  std::int64_t batch = 0, groups = 1;
  std::int64_t height = 0, width = 0, outputs = 0;  // of the result
  std::vector<FilterPass> passes;
  bool fills = true;   // whether each pixel of the result is in one of them
  bool pairs = false;  // whether tiles are of pairs of channels; found by `prepare`

  /// Chooses how each pass is computed.
  void prepare();
  /// Elements of a pixel as tiles read it.
  std::int64_t tile_channels() const { return tile_depth(margin.channels, pairs); }

  void pack(const float* filter, float* packed) const override;
  void run(const float* images, const float* packed, const float* bias, float* result,
           const Epilogue& epilogue) const override;
};

}  // namespace hebb
