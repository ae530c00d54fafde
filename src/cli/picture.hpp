/// Pictures made of pixels: parts are drawn, labelled, and put beside and above one another.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/io.hpp"
#include "hebb/shape.hpp"

namespace hebb::cli {

/// Every picture here is an Image of three channels.
struct Color {
  std::uint8_t red;
  std::uint8_t green;
  std::uint8_t blue;
};
inline constexpr Color kPaper = {255, 255, 255};
inline constexpr Color kInk = {32, 34, 38};
inline constexpr Color kPaleInk = {112, 116, 124};

/// A picture of one color. Throws DataError where it would have no pixels or more than kMostPixels.
Image blank(std::int64_t width, std::int64_t height, Color color = kPaper);
/// Lays a part over a picture, which must be large enough.
void paste(Image& onto, const Image& part, std::int64_t x, std::int64_t y);

/// Which side parts of different sizes keep to.
enum class Align : std::uint8_t { begin, center };

/// Parts side by side, their tops (or middles) in line, and one below the other; so many pixels between them.
Image beside(const std::vector<Image>& parts, std::int64_t gap, Align align = Align::begin);
Image stacked(const std::vector<Image>& parts, std::int64_t gap, Align align = Align::begin);
/// Parts in rows, cells as large as the largest part.
Image in_grid(const std::vector<Image>& parts, std::int64_t columns, std::int64_t gap);
Image with_margin(const Image& picture, std::int64_t pixels);
/// Each pixel as a square of so many.
Image enlarged(const Image& picture, std::int64_t factor);
/// Enlarged by the whole factor that brings its longer side nearest to `side`, at least 1; where it is
/// longer, squares of pixels become their mean.
Image resized_near(const Image& picture, std::int64_t side);

/// A line of text in a bitmap font of 7 pixels' height and 2 of descent, times `size`. Other characters than
/// ASCII are shown as '?'.
Image text_line(std::string_view text, Color color = kInk, std::int64_t size = 2);
std::int64_t text_width(std::string_view text, std::int64_t size = 2);
/// The text, its end replaced by ".." where it is wider than that many pixels.
std::string shortened(std::string_view text, std::int64_t width, std::int64_t size = 2);

/// Blue below zero, white at zero, red above; `value` in [-1, 1], gray for what is no number.
Color diverging(double value);
/// Values [height, width] by that scale, `most` being its end; the value of pixel (y, x) is
/// values[y * row + x * step].
struct MapLayout {
  std::int64_t height;
  std::int64_t width;
  std::int64_t row;
  std::int64_t step;
};
Image diverging_map(const float* values, const MapLayout& layout, double most);
/// The scale itself as a bar with its ends: "-0.3 [...] 0.3".
Image diverging_legend(double most);
/// The largest absolute value that is finite, 0 of none.
double largest_magnitude(std::span<const float> values);

/// Height, width and channels (1 or 3) of samples that are images: [height, width], or [height, width, 1 or
/// 3]. Throws DataError, beginning with `name`, for other shapes.
struct ImageShape {
  std::int64_t height;
  std::int64_t width;
  std::int64_t channels;
};
ImageShape image_shape(const Shape& sample, const std::string& name);
/// A raw sample as a picture, black at `low`, white at `high`.
struct ValueRange {
  float low;
  float high;
};
Image sample_image(std::span<const float> sample, const ImageShape& shape, ValueRange range);
/// What black and white are among such raw values: 0 and 255 for bytes, 0 and 1 within these, else the least
/// and the largest.
ValueRange range_of(std::span<const float> values);

}  // namespace hebb::cli
