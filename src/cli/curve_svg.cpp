#include "cli/curve_svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hebb::cli {

namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 440;
constexpr double kLeft = 70;
constexpr double kRight = 20;
constexpr double kTop = 24;
constexpr double kBottom = 56;

/// From numbers to places in the picture.
struct Axes {
  double x_low, x_high;  // logarithms to base 10
  double y_low, y_high;

  double x(double value) const {
    return kLeft + (std::log10(value) - x_low) / (x_high - x_low) * (kWidth - kLeft - kRight);
  }
  double y(double value) const {
    return kTop + (y_high - value) / (y_high - y_low) * (kHeight - kTop - kBottom);
  }
};

Axes axes_of(std::span<const double> x, std::span<const double> y) {
  Axes axes{0, 1, 0, 1};
  if (x.empty()) return axes;
  axes.x_low = std::log10(x.front());
  axes.x_high = std::max(std::log10(x.back()), axes.x_low + 1e-6);
  const auto [low, high] = std::minmax_element(y.begin(), y.end());
  const double room = *high > *low ? 0.05 * (*high - *low) : 0.5;
  axes.y_low = *low - room;
  axes.y_high = *high + room;
  return axes;
}

/// 1, 2 or 5 times a power of ten: about five of them fill the range.
double tick_distance(double range) {
  const double power = std::pow(10, std::floor(std::log10(range / 5)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (range / (factor * power) <= 6) return factor * power;
  }
  return 10 * power;
}

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2,
                     style);
}

std::string words(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, text);
}

std::string grid(const Axes& axes) {
  constexpr const char* kFaint = "stroke=\"#ddd\"";
  std::string text;
  const double bottom = kHeight - kBottom;
  for (double power = std::ceil(axes.x_low - 1e-9); power <= axes.x_high + 1e-9; ++power) {
    const double at = axes.x(std::pow(10, power));
    text +=
        line(at, kTop, at, bottom, kFaint) + words(at, bottom + 18, "middle", fmt::format("1e{:.0f}", power));
  }
  const double distance = tick_distance(axes.y_high - axes.y_low);
  for (double tick = std::ceil(axes.y_low / distance); tick * distance <= axes.y_high; ++tick) {
    const double at = axes.y(tick * distance);
    text += line(kLeft, at, kWidth - kRight, at, kFaint) +
            words(kLeft - 8, at + 4, "end", fmt::format("{:.4g}", tick * distance + 0.0));
  }
  return text;
}

}  // namespace

std::string curve_svg(std::span<const double> x, std::span<const double> y, const CurveSvg& options) {
  const Axes axes = axes_of(x, y);
  const double bottom = kHeight - kBottom;
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      kWidth, kHeight);
  text += grid(axes);
  text += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n",
                      kLeft, kTop, kWidth - kLeft - kRight, bottom - kTop);
  if (options.mark > 0 && !x.empty()) {
    const double at = axes.x(options.mark);
    text += line(at, kTop, at, bottom, "stroke=\"#c0392b\" stroke-dasharray=\"5 4\"") +
            words(at, kTop - 8, "middle", fmt::format("{:.2g}", options.mark));
  }
  text += "<polyline fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\" points=\"";
  for (std::size_t i = 0; i < x.size(); ++i)
    text += fmt::format("{:.1f},{:.1f} ", axes.x(x[i]), axes.y(y[i]));
  text += "\"/>\n";
  text += words((kLeft + kWidth - kRight) / 2, kHeight - 14, "middle", options.x_label);
  text +=
      fmt::format("<text transform=\"translate(18 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                  (kTop + bottom) / 2, options.y_label);
  return text + "</svg>\n";
}

}  // namespace hebb::cli
