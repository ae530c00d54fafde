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
  bool log_x = false;      ///< x is positive, its axis logarithmic
  bool from_zero = false;  ///< the y axis begins at zero
  double mark = 0;         ///< a place on the x axis to be marked; 0: none
};

/// SVG of curves on common axes.
std::string chart_svg(const std::vector<Series>& series, const ChartSvg& options);

}  // namespace hebb::cli
