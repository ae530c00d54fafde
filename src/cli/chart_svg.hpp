/// Curves as a picture.
#pragma once

#include <string>
#include <vector>

namespace hebb::cli {

/// One curve, its values finite and equally many.
struct Series {
  std::string label = {};  ///< below the frame; empty: none
  std::vector<double> x;
  std::vector<double> y;
  bool dashed = false;
};

struct ChartSvg {
  std::string x_label = {};  ///< labels are plain letters: they go into the picture as they are
  std::string y_label = {};
  bool log_x = false;      ///< the axis of x is logarithmic; points where x is not positive are left out
  bool log_y = false;      ///< the same of y
  bool from_zero = false;  ///< the y axis begins at zero
  double mark = 0;         ///< a place on the x axis to be marked; 0: none
};

/// SVG of curves on common axes.
std::string chart_svg(const std::vector<Series>& series, const ChartSvg& options);
/// Charts below each other, as one SVG.
std::string stacked_svg(const std::vector<std::string>& charts);

}  // namespace hebb::cli
