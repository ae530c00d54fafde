#include "cli/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/font.hpp"
#include "hebb/error.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kChannels = 3;

std::uint8_t* pixel(Image& image, std::int64_t x, std::int64_t y) {
  return image.bytes.data() + (y * image.width + x) * kChannels;
}
const std::uint8_t* pixel(const Image& image, std::int64_t x, std::int64_t y) {
  return image.bytes.data() + (y * image.width + x) * kChannels;
}

void set(Image& image, std::int64_t x, std::int64_t y, Color color) {
  std::uint8_t* to = pixel(image, x, y);
  to[0] = color.red;
  to[1] = color.green;
  to[2] = color.blue;
}

/// 0 for what is no number.
std::uint8_t byte(double value) {
  return static_cast<std::uint8_t>(std::lround(std::min(std::max(0.0, value), 255.0)));
}

/// Squares of `factor` x `factor` pixels, those at the end smaller, become their mean.
Image shrunk(const Image& picture, std::int64_t factor) {
  Image result = blank((picture.width + factor - 1) / factor, (picture.height + factor - 1) / factor);
  for (std::int64_t y = 0; y < result.height; ++y) {
    for (std::int64_t x = 0; x < result.width; ++x) {
      const std::int64_t right = std::min<std::int64_t>(picture.width, (x + 1) * factor);
      const std::int64_t bottom = std::min<std::int64_t>(picture.height, (y + 1) * factor);
      const double count = static_cast<double>((right - x * factor) * (bottom - y * factor));
      for (std::int64_t c = 0; c < kChannels; ++c) {
        double sum = 0;
        for (std::int64_t v = y * factor; v < bottom; ++v) {
          for (std::int64_t u = x * factor; u < right; ++u) sum += pixel(picture, u, v)[c];
        }
        pixel(result, x, y)[c] = byte(sum / count);
      }
    }
  }
  return result;
}

}  // namespace

Image blank(std::int64_t width, std::int64_t height, Color color) {
  if (width < 1 || height < 1 || width > kMostPixels / height) {
    throw DataError(fmt::format("a picture of {} x {} pixels cannot be drawn: expected 1 to {} pixels", width,
                                height, kMostPixels));
  }
  Image image{.height = static_cast<int>(height),
              .width = static_cast<int>(width),
              .channels = kChannels,
              .bytes = {}};
  image.bytes.resize(static_cast<std::size_t>(width * height * kChannels));
  for (std::int64_t x = 0; x < width * height; ++x) set(image, x, 0, color);
  return image;
}

void paste(Image& onto, const Image& part, std::int64_t x, std::int64_t y) {
  for (std::int64_t row = 0; row < part.height; ++row) {
    std::copy_n(pixel(part, 0, row), part.width * kChannels, pixel(onto, x, y + row));
  }
}

Image beside(const std::vector<Image>& parts, std::int64_t gap, Align align) {
  std::int64_t width = -gap;
  std::int64_t height = 0;
  for (const Image& part : parts) {
    width += part.width + gap;
    height = std::max<std::int64_t>(height, part.height);
  }
  Image result = blank(width, height);
  std::int64_t x = 0;
  for (const Image& part : parts) {
    paste(result, part, x, align == Align::center ? (height - part.height) / 2 : 0);
    x += part.width + gap;
  }
  return result;
}

Image stacked(const std::vector<Image>& parts, std::int64_t gap, Align align) {
  std::int64_t width = 0;
  std::int64_t height = -gap;
  for (const Image& part : parts) {
    width = std::max<std::int64_t>(width, part.width);
    height += part.height + gap;
  }
  Image result = blank(width, height);
  std::int64_t y = 0;
  for (const Image& part : parts) {
    paste(result, part, align == Align::center ? (width - part.width) / 2 : 0, y);
    y += part.height + gap;
  }
  return result;
}

Image in_grid(const std::vector<Image>& parts, std::int64_t columns, std::int64_t gap) {
  std::int64_t width = 0;
  std::int64_t height = 0;
  for (const Image& part : parts) {
    width = std::max<std::int64_t>(width, part.width);
    height = std::max<std::int64_t>(height, part.height);
  }
  const auto count = static_cast<std::int64_t>(parts.size());
  const std::int64_t across = std::min(columns, count);
  const std::int64_t down = (count + columns - 1) / columns;
  Image result = blank(across * (width + gap) - gap, down * (height + gap) - gap);
  for (std::int64_t i = 0; i < count; ++i) {
    const Image& part = parts[static_cast<std::size_t>(i)];
    paste(result, part, i % columns * (width + gap) + (width - part.width) / 2, i / columns * (height + gap));
  }
  return result;
}

Image with_margin(const Image& picture, std::int64_t pixels) {
  Image result = blank(picture.width + 2 * pixels, picture.height + 2 * pixels);
  paste(result, picture, pixels, pixels);
  return result;
}

Image enlarged(const Image& picture, std::int64_t factor) {
  Image result = blank(picture.width * factor, picture.height * factor);
  for (std::int64_t y = 0; y < result.height; ++y) {
    for (std::int64_t x = 0; x < result.width; ++x) {
      std::copy_n(pixel(picture, x / factor, y / factor), kChannels, pixel(result, x, y));
    }
  }
  return result;
}

Image resized_near(const Image& picture, std::int64_t side) {
  const std::int64_t longer = std::max(picture.width, picture.height);
  if (longer > side) return shrunk(picture, (longer + side - 1) / side);
  return enlarged(picture, std::max<std::int64_t>(1, (2 * side + longer) / (2 * longer)));
}

std::int64_t text_width(std::string_view text, std::int64_t size) {
  std::int64_t width = -1;
  for (const Glyph* glyph : glyphs_of(text)) width += glyph->width + 1;
  return std::max<std::int64_t>(width, 1) * size;
}

Image text_line(std::string_view text, Color color, std::int64_t size) {
  Image line = blank(text_width(text, 1), kGlyphHeight);
  std::int64_t at = 0;
  for (const Glyph* glyph : glyphs_of(text)) {
    for (std::size_t x = 0; x < glyph->columns.size(); ++x) {
      for (std::size_t y = 0; y < kGlyphHeight; ++y) {
        if ((glyph->columns[x] >> y & 1U) != 0) {
          set(line, at + static_cast<std::int64_t>(x), static_cast<std::int64_t>(y), color);
        }
      }
    }
    at += glyph->width + 1;
  }
  return enlarged(line, size);
}

std::string shortened(std::string_view text, std::int64_t width, std::int64_t size) {
  if (text_width(text, size) <= width) return std::string(text);
  std::string kept(text);
  while (!kept.empty() && text_width(kept + "..", size) > width) kept.pop_back();
  // A character of UTF-8 goes as a whole.
  while (!kept.empty() && (static_cast<unsigned char>(text[kept.size()]) & 0xC0U) == 0x80U) kept.pop_back();
  return kept + "..";
}

Color diverging(double value) {
  if (std::isnan(value)) return {160, 160, 160};
  constexpr Color kBelow = {24, 84, 168};
  constexpr Color kAbove = {190, 32, 38};
  const Color end = value < 0 ? kBelow : kAbove;
  const double share = std::min(std::abs(value), 1.0);
  const auto mixed = [&](std::uint8_t to) { return byte(255 + share * (to - 255)); };
  return {mixed(end.red), mixed(end.green), mixed(end.blue)};
}

Image diverging_map(const float* values, const MapLayout& layout, double most) {
  Image map = blank(layout.width, layout.height);
  for (std::int64_t y = 0; y < layout.height; ++y) {
    for (std::int64_t x = 0; x < layout.width; ++x) {
      const double value = static_cast<double>(values[y * layout.row + x * layout.step]);
      set(map, x, y, diverging(most > 0 ? value / most : value));
    }
  }
  return map;
}

Image diverging_legend(double most) {
  constexpr std::int64_t kHalf = 60;
  Image bar = blank(2 * kHalf + 1, 14);
  for (std::int64_t x = -kHalf; x <= kHalf; ++x) {
    for (std::int64_t y = 0; y < bar.height; ++y) {
      set(bar, x + kHalf, y, diverging(static_cast<double>(x) / kHalf));
    }
  }
  return beside({text_line(fmt::format("{:.3g}", -most), kPaleInk), bar,
                 text_line(fmt::format("{:.3g}", most), kPaleInk)},
                8);
}

double largest_magnitude(std::span<const float> values) {
  double largest = 0;
  for (const float value : values) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
  }
  return largest;
}

ImageShape image_shape(const Shape& sample, const std::string& name) {
  const bool gray = sample.rank() == 2 || (sample.rank() == 3 && sample[2] == 1);
  if ((!gray && (sample.rank() != 3 || sample[2] != 3)) || sample.elements() < 1) {
    throw DataError(fmt::format(
        "{}: samples of shape {} are no images: expected [height, width], or [height, width, 1 or 3]", name,
        to_string(sample)));
  }
  return {sample[0], sample[1], gray ? 1 : kChannels};
}

Image sample_image(std::span<const float> sample, const ImageShape& shape, ValueRange range) {
  Image image = blank(shape.width, shape.height);
  const double span = static_cast<double>(range.high) - static_cast<double>(range.low);
  for (std::size_t i = 0; i < image.bytes.size(); ++i) {
    const std::size_t at = shape.channels == 1 ? i / kChannels : i;
    image.bytes[i] = byte(255 * (static_cast<double>(sample[at]) - static_cast<double>(range.low)) / span);
  }
  return image;
}

ValueRange range_of(std::span<const float> values) {
  if (values.empty()) return {0, 1};
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  if (*least >= 0 && *largest <= 1) return {0, 1};
  if (*least >= 0 && *largest <= 255) return {0, 255};
  return {*least, *least < *largest ? *largest : *least + 1};
}

}  // namespace hebb::cli
