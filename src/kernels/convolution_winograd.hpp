/// The passes of filters of 3 x 3 that go pixel by pixel, by tiles of 2 x 2 outputs (kernels/winograd.hpp).
/// Where a result has an odd number of rows or columns, the last tiles have outputs that nobody wants, and
/// the margin what they read. Numbers are rounded to bf16, where that is asked for, after they are
/// transformed: the products multiply these.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/convolution_pass.hpp"
#include "kernels/filter_panels.hpp"

namespace hebb {

/// The tiles of a result, row by row of them.
struct TilesOfTwo {
  std::int64_t height = 0, width = 0;  // of the result

  std::int64_t in_row() const { return (width + 1) / 2; }
  std::int64_t count() const { return (height + 1) / 2 * in_row(); }
  /// Some that follow each other in a row: the first of them, counted from the first that is asked for, the
  /// result's element that it begins with, and how many rows and columns of the result they have.
  struct Run {
    std::int64_t first, row, column, tiles, rows, columns;
  };
  /// Calls visit(run) for tiles [begin, begin + count).
  template <class Visit>
  void for_each_run(std::int64_t begin, std::int64_t count, const Visit& visit) const {
    for (std::int64_t t = 0; t < count;) {
      const std::int64_t row = (begin + t) / in_row() * 2;
      const std::int64_t column = (begin + t) % in_row() * 2;
      const std::int64_t tiles = std::min(count - t, in_row() - column / 2);
      visit(Run{t, row, column, tiles, std::min<std::int64_t>(2, height - row),
                std::min(2 * tiles, width - column)});
      t += tiles;
    }
  }
};

/// Makes room for whole tiles of a result that begins at (row, column) of the images with their margin.
void extend(Margin& margin, const TilesOfTwo& tiles, std::int64_t row, std::int64_t column);

/// One pass over images.
struct WinogradPass {
  const PassesOverImages& of;
  const FilterPass& pass;
  FilterPanels panels;
  const float* packed;
  const float* bias;

  static bool suits(const PassesOverImages& of, const FilterPass& pass);

  /// The filter as [panels of outputs, positions, channels or pairs of them, a panel's outputs].
  static void pack(const FilterView& f, bool pairs, const float* filter, float* to);
  static std::int64_t packed_floats(const FilterView& f, bool pairs);

  std::int64_t scratch_floats() const;
  /// Output rows [row, row_end), of which the first is even; `image` begins with the margin's row
  /// `image_row`.
  void run(const float* image, std::int64_t image_row, float* result, std::int64_t row, std::int64_t row_end,
           float* scratch) const;

 private:
  /// Outputs in whole panels.
  std::int64_t width() const { return panels.panels * panels.width; }
  std::int64_t most_tiles() const;
  void multiply(std::int64_t count, const float* pixels, float* products) const;
};

/// The gradient with respect to the filter.
struct WinogradGradient {
  const ConvolutionShape& shape;
  Precision precision;
  Margin margin;
  TilesOfTwo tiles;
  std::int64_t width;  // outputs in whole vectors

  WinogradGradient(const ConvolutionShape& s, Precision wanted);
  static bool suits(const ConvolutionShape& s, Precision precision);

  /// Of the sums at all positions, and of what an image takes besides.
  std::int64_t sums_floats() const;
  std::int64_t scratch_floats() const;

  /// sums = or += an image's: [position][channel][output].
  void add_image(const float* image, const float* slope, float* sums, bool accumulate, float* scratch) const;
  /// The filter's gradient that sums at all positions stand for.
  void finish(const float* sums, float* filter) const;

 private:
  std::int64_t most_tiles() const;
  /// [position][tile][column] in bf16, where that is asked for; pairs are of neighbouring tiles.
  void round(std::int64_t count, std::int64_t columns, float* numbers) const;
  void multiply(std::int64_t count, const float* pixels, const float* slopes, float* sums,
                bool accumulate) const;
};

}  // namespace hebb
