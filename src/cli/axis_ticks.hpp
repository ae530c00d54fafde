/// Round numbers along an axis.
#pragma once

#include <vector>

namespace hebb::cli {

/// 1, 2 or 5 times a power of ten: about five of them fill the range.
double tick_distance(double range);
/// Those within a range.
std::vector<double> ticks_between(double low, double high);

}  // namespace hebb::cli
