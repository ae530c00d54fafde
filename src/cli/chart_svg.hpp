/// Curves as a picture.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hebb::cli {

/// One curve, its values finite and equally many.
struct Series {
  std::string label = {};  ///< below the frame; empty: none
  std::vector<double> x;
  std::vector<double> y;
  bool dashed = false;
  std::optional<std::size_t> kind = {};  ///< curves of a kind share colour and sign; else each has its own
};

struct ChartSvg {
  std::string x_label = {};  ///< labels are plain letters: they go into the picture as they are
  std::string y_label = {};
  bool log_x = false;      ///< the axis of x is logarithmic; points where x is not positive are left out
  bool log_y = false;      ///< the same of y
  bool from_zero = false;  ///< the y axis begins at zero
  double mark = 0;         ///< a place on the x axis to be marked; 0: none
};

/// Of what chart_svg draws; without labels it is a little less high.
inline constexpr double kChartWidth = 720;
inline constexpr double kChartHeight = 462;

/// SVG of curves on common axes.
std::string chart_svg(const std::vector<Series>& series, const ChartSvg& options);

/// A finished picture and the room that it takes.
struct SvgPicture {
  std::string svg;
  double width = kChartWidth;
  double height = kChartHeight;
};
/// Pictures below each other, as one SVG.
std::string stacked_svg(const std::vector<SvgPicture>& pictures);

}  // namespace hebb::cli
