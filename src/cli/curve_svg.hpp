/// A curve as a picture.
#pragma once

#include <span>
#include <string>

namespace hebb::cli {

struct CurveSvg {
  std::string x_label = {};  ///< plain letters: they go into the picture as they are
  std::string y_label = {};
  double mark = 0;  ///< a place on the x axis to be marked; 0: none
};

/// SVG of y against x, both finite and equally many, x positive, growing and on a logarithmic axis.
std::string curve_svg(std::span<const double> x, std::span<const double> y, const CurveSvg& options);

}  // namespace hebb::cli
