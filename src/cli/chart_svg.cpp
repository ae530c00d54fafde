#include "cli/chart_svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "cli/axis_ticks.hpp"

namespace hebb::cli {

namespace {

constexpr double kLegend = 22;  // height of the line that says which curve is which
constexpr double kWidth = kChartWidth;
constexpr double kHeight = kChartHeight - kLegend;
constexpr double kLeft = 70;
constexpr double kRight = 20;
constexpr double kTop = 24;
constexpr double kBottom = 56;

constexpr std::array<const char*, 5> kColors = {"#1f5fa8", "#c0392b", "#2e7d32", "#8e5ea2", "#b9770e"};

/// An axis, from numbers to places.
struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  double from, to;  // places of low and high
  bool logarithmic = false;

  double scaled(double value) const { return logarithmic ? std::log10(value) : value; }
  void include(const std::vector<double>& values) {
    for (const double value : values) {
      low = std::min(low, scaled(value));
      high = std::max(high, scaled(value));
    }
  }
  double place(double value) const { return from + (scaled(value) - low) / (high - low) * (to - from); }
};

struct Tick {
  double at;
  std::string text;
};

std::vector<Tick> ticks_of(const Axis& axis) {
  std::vector<Tick> ticks;
  if (axis.logarithmic) {
    for (double power = std::ceil(axis.low - 1e-9); power <= axis.high + 1e-9; ++power)
      ticks.push_back({std::pow(10, power), fmt::format("1e{:.0f}", power + 0.0)});
    if (ticks.size() > 1) return ticks;
    // Within a power of ten or two their parts tell more.
    ticks.clear();
    for (double power = std::floor(axis.low); power <= axis.high; ++power) {
      for (const int part : {1, 2, 3, 5, 7}) {
        const double at = part * std::pow(10, power);
        if (axis.scaled(at) >= axis.low && axis.scaled(at) <= axis.high)
          ticks.push_back({at, fmt::format("{:.4g}", at)});
      }
    }
    return ticks;
  }
  for (const double at : ticks_between(axis.low, axis.high)) ticks.push_back({at, fmt::format("{:.4g}", at)});
  return ticks;
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2,
                     style);
}

std::string words(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, text);
}

std::string grid(const Axis& x, const Axis& y) {
  constexpr const char* kFaint = "stroke=\"#ddd\"";
  std::string text;
  for (const Tick& tick : ticks_of(x)) {
    const double at = x.place(tick.at);
    text += line(at, y.from, at, y.to, kFaint) + words(at, y.from + 18, "middle", tick.text);
  }
  for (const Tick& tick : ticks_of(y)) {
    const double at = y.place(tick.at);
    text += line(x.from, at, x.to, at, kFaint) + words(x.from - 8, at + 4, "end", tick.text);
  }
  return text;
}

std::string stroke(const Series& series, std::size_t number) {
  return fmt::format("stroke=\"{}\" stroke-width=\"2\"{}",
                     kColors[series.kind.value_or(number) % kColors.size()],
                     series.dashed ? " stroke-dasharray=\"6 4\"" : "");
}

/// Without the points that a logarithmic axis does not have.
Series drawable(const Series& series, const ChartSvg& options) {
  Series result{.label = series.label, .x = {}, .y = {}, .dashed = series.dashed, .kind = series.kind};
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if ((options.log_x && !(series.x[i] > 0)) || (options.log_y && !(series.y[i] > 0))) continue;
    result.x.push_back(series.x[i]);
    result.y.push_back(series.y[i]);
  }
  return result;
}

std::string polyline(const Series& series, std::size_t number, const Axis& x, const Axis& y) {
  std::string text = "<polyline fill=\"none\" " + stroke(series, number) + " points=\"";
  for (std::size_t i = 0; i < series.x.size(); ++i)
    text += fmt::format("{:.1f},{:.1f} ", x.place(series.x[i]), y.place(series.y[i]));
  return text + "\"/>\n";
}

std::string legend(const std::vector<Series>& all, double y) {
  std::string text;
  // Each label gets a share of the width by its length.
  const auto need = [](const Series& series) {
    return series.label.empty() ? 0 : 60 + 7 * static_cast<double>(series.label.size());
  };
  double whole = 0;
  for (const Series& series : all) whole += need(series);
  double x = kLeft;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].label.empty()) continue;
    text += line(x, y - 4, x + 28, y - 4, stroke(all[i], i)) + words(x + 36, y, "start", all[i].label);
    x += need(all[i]) / whole * (kWidth - kLeft - kRight);
  }
  return text;
}

}  // namespace

std::string chart_svg(const std::vector<Series>& all, const ChartSvg& options) {
  std::vector<Series> series;
  for (const Series& one : all) series.push_back(drawable(one, options));
  const bool labelled = std::any_of(series.begin(), series.end(), [](auto& s) { return !s.label.empty(); });
  const double height = kHeight + (labelled ? kLegend : 0);
  const double bottom = kHeight - kBottom;
  Axis x{.from = kLeft, .to = kWidth - kRight, .logarithmic = options.log_x};
  Axis y{.from = bottom, .to = kTop, .logarithmic = options.log_y};
  for (const Series& one : series) {
    x.include(one.x);
    y.include(one.y);
  }
  if (!(x.low <= x.high)) x.low = 0, x.high = 1, y.low = 0, y.high = 1;
  if (x.low == x.high) x.high += 1e-6;
  const bool from_zero = options.from_zero && !options.log_y;
  if (from_zero) y.low = 0;
  const double room = y.high > y.low ? 0.05 * (y.high - y.low) : 0.5;
  y.high += room;
  if (!from_zero) y.low -= room;
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      kWidth, height);
  text += grid(x, y);
  text += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n",
                      kLeft, kTop, kWidth - kLeft - kRight, bottom - kTop);
  if (options.mark > 0) {
    const double at = x.place(options.mark);
    text +=
        line(at, kTop, at, bottom, "stroke=\"#c0392b\" stroke-dasharray=\"5 4\"") +
        words(at, kTop - 8, "middle",
              options.mark < 100 ? fmt::format("{:.3g}", options.mark) : fmt::format("{:.0f}", options.mark));
  }
  for (std::size_t i = 0; i < series.size(); ++i) text += polyline(series[i], i, x, y);
  text += words((kLeft + kWidth - kRight) / 2, kHeight - 14, "middle", options.x_label);
  text +=
      fmt::format("<text transform=\"translate(18 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                  (kTop + bottom) / 2, options.y_label);
  if (labelled) text += legend(series, kHeight + kLegend / 2);
  return text + "</svg>\n";
}

std::string stacked_svg(const std::vector<SvgPicture>& pictures) {
  double width = 0;
  double height = 0;
  std::string parts;
  for (const SvgPicture& picture : pictures) {
    parts += fmt::format("<g transform=\"translate(0 {:.0f})\">\n{}</g>\n", height, picture.svg);
    width = std::max(width, picture.width);
    height += picture.height;
  }
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
             "height=\"{1:.0f}\">\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n",
             width, height) +
         parts + "</svg>\n";
}

}  // namespace hebb::cli
