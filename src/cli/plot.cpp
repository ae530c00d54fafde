#include "cli/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/terminal.hpp"

namespace hebb::cli {

namespace {

/// UTF-8 of the Braille pattern with these dots (Unicode 2800 + bits).
std::string braille(unsigned bits) {
  const unsigned code = 0x2800U + bits;
  return {static_cast<char>(0xE0U | (code >> 12U)), static_cast<char>(0x80U | ((code >> 6U) & 0x3FU)),
          static_cast<char>(0x80U | (code & 0x3FU))};
}

/// A grid of dots, two wide and four high in each character.
class Canvas {
 public:
  Canvas(int columns, int rows, bool utf8)
      : columns_(columns), rows_(rows), utf8_(utf8), cells_(static_cast<std::size_t>(columns * rows)) {}

  int dots_wide() const { return 2 * columns_; }
  int dots_high() const { return 4 * rows_; }
  void set(int x, int y) {  // y from the top
    static constexpr std::array<std::array<unsigned, 2>, 4> kBits = {{{1, 8}, {2, 16}, {4, 32}, {64, 128}}};
    cells_[static_cast<std::size_t>(y / 4 * columns_ + x / 2)] |=
        kBits[static_cast<std::size_t>(y % 4)][static_cast<std::size_t>(x % 2)];
  }
  /// From dot to dot, both included.
  void line(int x0, int y0, int x1, int y1) {
    const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
    for (int k = 0; k <= steps; ++k) {
      const double part = static_cast<double>(k) / steps;
      set(static_cast<int>(std::lround(x0 + part * (x1 - x0))),
          static_cast<int>(std::lround(y0 + part * (y1 - y0))));
    }
  }
  /// A sign instead of the dots of the character where this dot is.
  void mark(int x, int y) { cells_[static_cast<std::size_t>(y / 4 * columns_ + x / 2)] = kMark; }
  std::string row(int r) const {
    std::string text;
    for (int c = 0; c < columns_; ++c) {
      if (cells_[static_cast<std::size_t>(r * columns_ + c)] == kMark) {
        text += utf8_ ? "●" : "o";
        continue;
      }
      const unsigned bits = cells_[static_cast<std::size_t>(r * columns_ + c)];
      text += utf8_ ? (bits == 0 ? " " : braille(bits)) : (bits == 0 ? " " : "*");
    }
    return text;
  }

 private:
  static constexpr unsigned kMark = 256;
  int columns_;
  int rows_;
  bool utf8_;
  std::vector<unsigned> cells_;
};

}  // namespace

std::string plot_curve(std::span<const double> values, const PlotOptions& options) {
  const bool utf8 = options.utf8;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  if (!(low <= high)) return "";
  if (low >= 0 && low < 0.3 * high) low = 0;
  if (low == high) high = low + 1;
  constexpr int kLabel = 8;
  Canvas canvas(std::max(10, options.width - kLabel - 2), std::max(2, options.height), utf8);
  const auto n = static_cast<int>(values.size());
  const auto row_of = [&](double v) {
    return static_cast<int>(std::lround((high - v) / (high - low) * (canvas.dots_high() - 1)));
  };
  int previous = -1;
  for (int x = 0; x < canvas.dots_wide(); ++x) {
    const double at = n == 1 ? 0 : static_cast<double>(x) * (n - 1) / (canvas.dots_wide() - 1);
    const double v = values[static_cast<std::size_t>(std::lround(at))];
    if (!std::isfinite(v)) continue;
    const int y = row_of(v);
    // Steep stretches are drawn without gaps.
    const int from = previous < 0 ? y : previous;
    for (int k = std::min(from, y); k <= std::max(from, y); ++k) {
      if (k != from || k == y) canvas.set(x, k);
    }
    previous = y;
  }
  std::string text;
  const int rows = canvas.dots_high() / 4;
  for (int r = 0; r < rows; ++r) {
    const bool labelled = r == 0 || r == rows - 1 || r == rows / 2;
    const double v = high - (high - low) * r / (rows - 1);
    text += fmt::format("{:>{}} {}{}\n", labelled ? fmt::format("{:.3g}", v) : "", kLabel, utf8 ? "│" : "|",
                        canvas.row(r));
  }
  std::string line;
  for (int c = 0; c < canvas.dots_wide() / 2; ++c) line += utf8 ? "─" : "-";
  text += std::string(kLabel + 1, ' ') + (utf8 ? "└" : "+") + line + "\n";
  const std::string last = options.last.empty() ? std::to_string(n) : options.last;
  const auto labels = static_cast<std::ptrdiff_t>(options.first.size() + last.size());
  const auto gap = std::max<std::ptrdiff_t>(1, canvas.dots_wide() / 2 - labels);
  return text + std::string(kLabel + 2, ' ') + options.first +
         std::string(static_cast<std::size_t>(gap), ' ') + last + "\n";
}

std::string plot_way(std::span<const double> x, std::span<const double> y, std::span<const std::int64_t> way,
                     const PlotOptions& options) {
  if (x.empty()) return "";
  const auto [left, right] = std::minmax_element(x.begin(), x.end());
  const auto [low, high] = std::minmax_element(y.begin(), y.end());
  // Dots are as far apart in both directions.
  const double wide = *right - *left;
  const double tall = *high - *low;
  const double dots_wide = 2.0 * std::max(1, options.width) - 1;
  const double dots_high = 4.0 * std::max(1, options.height) - 1;
  const double of_width = wide > 0 ? dots_wide / wide : 0;
  const double of_height = tall > 0 ? dots_high / tall : 0;
  const double scale = wide > 0 && tall > 0 ? std::min(of_width, of_height) : of_width + of_height;
  const auto dots = [&](double extent) { return static_cast<int>(std::lround(extent * scale)); };
  Canvas canvas(dots(wide) / 2 + 1, dots(tall) / 4 + 1, options.utf8);
  const auto column = [&](std::int64_t k) { return dots(x[static_cast<std::size_t>(k)] - *left); };
  const auto row = [&](std::int64_t k) { return dots(*high - y[static_cast<std::size_t>(k)]); };
  for (std::size_t k = 0; k < way.size(); ++k) {
    const std::int64_t to = way[(k + 1) % way.size()];
    canvas.line(column(way[k]), row(way[k]), column(to), row(to));
  }
  for (std::size_t k = 0; k < x.size(); ++k)
    canvas.mark(column(static_cast<std::int64_t>(k)), row(static_cast<std::int64_t>(k)));
  std::string text;
  for (int r = 0; r < canvas.dots_high() / 4; ++r) {
    const std::string line = canvas.row(r);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string draw_images(const std::vector<std::span<const std::uint8_t>>& images,
                        const std::vector<std::string>& captions, PixelSize size, bool utf8) {
  constexpr int kInk = 96;
  constexpr std::string_view kShades = " .:-=+*#%@";
  std::string text;
  for (const std::string& caption : captions) {
    const auto pad =
        static_cast<std::size_t>(std::max(0, size.width - static_cast<int>(display_width(caption))));
    text += " " + caption + std::string(pad, ' ');
  }
  if (text.find_first_not_of(' ') == std::string::npos) text.clear();
  if (!text.empty()) text += "\n";
  for (int row = 0; row < size.height; row += 2) {
    for (const auto& image : images) {
      text += " ";
      for (int column = 0; column < size.width; ++column) {
        const int at = row * size.width + column;
        const int top = image[static_cast<std::size_t>(at)];
        const int bottom = row + 1 < size.height ? image[static_cast<std::size_t>(at + size.width)] : 0;
        if (utf8) {
          text += top >= kInk ? (bottom >= kInk ? "█" : "▀") : (bottom >= kInk ? "▄" : " ");
        } else {
          text += kShades[static_cast<std::size_t>((top + bottom) * 9 / 510)];
        }
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace hebb::cli
