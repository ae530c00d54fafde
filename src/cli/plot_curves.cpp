#include "cli/plot_curves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "cli/terminal.hpp"

namespace hebb::cli {

namespace {

constexpr int kLabel = 9;  // columns of the numbers beside the frame
constexpr std::string_view kSigns = "*o+x#%@&$=";

char sign_of(const Series& series, std::size_t number) {
  return kSigns[series.kind.value_or(number) % kSigns.size()];
}

struct Axis {
  bool logarithmic = false;
  int last = 0;  // number of the last column or row
  double low = std::numeric_limits<double>::infinity();
  double high = -low;

  double scaled(double value) const { return logarithmic ? std::log10(value) : value; }
  double value(double share) const {
    const double at = low + share * (high - low);
    return logarithmic ? std::pow(10, at) : at;
  }
  void include(double value) {
    low = std::min(low, scaled(value));
    high = std::max(high, scaled(value));
  }
  int place(double at) const { return static_cast<int>(std::lround((at - low) / (high - low) * last)); }
  /// A picture takes some width and height.
  void widen() {
    if (low == high) high = low + 1;
  }
};

struct Dot {
  double x, y;  // scaled
};

/// What can be drawn of a curve.
std::vector<Dot> dots_of(const Series& series, const Axis& x, const Axis& y) {
  std::vector<Dot> dots;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    const Dot dot{x.scaled(series.x[i]), y.scaled(series.y[i])};
    if (std::isfinite(dot.x) && std::isfinite(dot.y)) dots.push_back(dot);
  }
  return dots;
}

/// The height of a curve, whose dots go from left to right, at a place.
std::optional<double> height_at(const std::vector<Dot>& dots, double x) {
  const auto after = std::find_if(dots.begin(), dots.end(), [&](const Dot& d) { return d.x >= x; });
  if (after == dots.end()) return {};
  if (after->x == x) return after->y;
  if (after == dots.begin()) return {};
  const Dot& before = *(after - 1);
  return before.y + (after->y - before.y) * (x - before.x) / (after->x - before.x);
}

using Rows = std::vector<std::string>;

void put(Rows& rows, int column, int row, char sign) {
  char& cell = rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  if (cell == ' ') cell = sign;
}

void draw(Rows& rows, const std::vector<Dot>& dots, const Axis& x, const Axis& y, char sign) {
  int previous = -1;
  for (int column = 0; column <= x.last; ++column) {
    // The first and last dots may lie within rounding of their columns.
    const double at = std::clamp(x.low + (x.high - x.low) * column / x.last, x.low, x.high);
    const std::optional<double> height = height_at(dots, at);
    if (!height) {
      previous = -1;
      continue;
    }
    const int row = y.last - y.place(*height);
    put(rows, column, row, sign);
    // Steep stretches are drawn without gaps.
    const int from = previous < 0 ? row : previous;
    for (int r = std::min(from, row) + 1; r < std::max(from, row); ++r) put(rows, column, r, sign);
    previous = row;
  }
  for (const Dot& dot : dots) put(rows, x.place(dot.x), y.last - y.place(dot.y), sign);
}

std::string legend(const std::vector<Series>& series, std::size_t width) {
  std::string text;
  std::string line;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (series[i].label.empty()) continue;
    const std::string entry = fmt::format("  {} {}", sign_of(series[i], i), series[i].label);
    if (!line.empty() && kLabel + line.size() + entry.size() > width) {
      text += std::string(kLabel, ' ') + line + "\n";
      line.clear();
    }
    line += entry;
  }
  return line.empty() ? text : text + std::string(kLabel, ' ') + line + "\n";
}

}  // namespace

std::string plot_curves(const std::vector<Series>& series, const ChartSvg& chart,
                        const PlotOptions& options) {
  Axis x{.logarithmic = chart.log_x, .last = std::max(10, options.width - kLabel - 2) - 1};
  Axis y{.logarithmic = chart.log_y, .last = std::max(3, options.height) - 1};
  for (const Series& one : series) {
    for (const Dot& dot : dots_of(one, x, y)) {
      x.low = std::min(x.low, dot.x), x.high = std::max(x.high, dot.x);
      y.low = std::min(y.low, dot.y), y.high = std::max(y.high, dot.y);
    }
  }
  if (!(x.low <= x.high)) return "";
  if (chart.from_zero && !chart.log_y) y.include(0);
  x.widen();
  y.widen();
  Rows rows(static_cast<std::size_t>(y.last) + 1, std::string(static_cast<std::size_t>(x.last) + 1, ' '));
  for (std::size_t i = 0; i < series.size(); ++i)
    draw(rows, dots_of(series[i], x, y), x, y, sign_of(series[i], i));
  const bool marked = chart.mark > 0 && x.scaled(chart.mark) >= x.low && x.scaled(chart.mark) <= x.high;
  for (int row = 0; marked && row <= y.last; ++row) put(rows, x.place(x.scaled(chart.mark)), row, ':');

  std::string text = fmt::format("{}{}{}\n", std::string(kLabel + 1, ' '), chart.y_label,
                                 chart.log_y ? " (logarithmic)" : "");
  for (int row = 0; row <= y.last; ++row) {
    const bool labelled = row == 0 || row == y.last || row == y.last / 2;
    const std::string number = fmt::format("{:.3g}", y.value(1 - static_cast<double>(row) / y.last));
    std::string line = fmt::format("{:>{}} {}{}", labelled ? number : "", kLabel, options.utf8 ? "│" : "|",
                                   rows[static_cast<std::size_t>(row)]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  std::string axis;
  for (int column = 0; column <= x.last; ++column) axis += options.utf8 ? "─" : "-";
  text += std::string(kLabel + 1, ' ') + (options.utf8 ? "└" : "+") + axis + "\n";
  const std::string left = fmt::format("{:.4g}", x.value(0));
  const std::string right = fmt::format("{:.4g}", x.value(1));
  const std::string middle =
      marked ? fmt::format("{} (: at {:.4g})", chart.x_label, chart.mark) : chart.x_label;
  const int room = std::max(1, x.last + 1 - static_cast<int>(left.size() + right.size()));
  text += std::string(kLabel + 2, ' ') + left + fmt::format("{:^{}}", middle, room) + right + "\n";
  return text + legend(series, static_cast<std::size_t>(options.width));
}

}  // namespace hebb::cli
