/// Drawings made of characters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hebb::cli {

struct PlotOptions {
  int width = 80;   ///< all columns
  int height = 10;  ///< rows of the plot itself
  bool utf8 = false;
  std::string first = "1";  ///< what stands below the first value, and below the last: their number if empty
  std::string last = {};
};

/// A curve over 1, 2, ..., with an axis of values and one of numbers; dots of Braille patterns where UTF-8 is
/// allowed. Values that are not finite are left out.
std::string plot_curve(std::span<const double> values, const PlotOptions& options);

struct PixelSize {
  int height;
  int width;
};

/// Gray images of bytes, all of this size, ink high, side by side, each under its caption; no line of
/// captions where all are empty.
std::string draw_images(const std::vector<std::span<const std::uint8_t>>& images,
                        const std::vector<std::string>& captions, PixelSize size, bool utf8);

/// A closed way through points [count] of x and y, y upwards, as a map of at most options.width columns and
/// options.height rows; points are marked. Without `way`, the points alone.
std::string plot_way(std::span<const double> x, std::span<const double> y, std::span<const std::int64_t> way,
                     const PlotOptions& options);

}  // namespace hebb::cli
