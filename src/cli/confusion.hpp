/// The confusion matrix as a drawing.
#pragma once

#include <string>
#include <vector>

#include "hebb/metrics.hpp"

namespace hebb::cli {

/// An SVG file: a row for each true class, a column for each predicted one; cells shaded by their share of
/// the row, blue on the diagonal, orange beside it, with their counts where there is room for figures. It
/// scales to any width and needs nothing from outside. There must be a name for each class.
std::string confusion_svg(const ClassificationMetrics& metrics, const std::vector<std::string>& names,
                          const std::string& title);

}  // namespace hebb::cli
