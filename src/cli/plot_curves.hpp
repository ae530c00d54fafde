/// Several curves in one drawing made of characters.
#pragma once

#include "cli/chart_svg.hpp"
#include "cli/plot.hpp"

namespace hebb::cli {

/// The chart that chart_svg draws, in characters: each curve has a sign of its own, told below with its
/// label; where curves meet the first is seen. Of the options width, height and utf8 count. Empty without a
/// point.
std::string plot_curves(const std::vector<Series>& series, const ChartSvg& chart, const PlotOptions& options);

}  // namespace hebb::cli
