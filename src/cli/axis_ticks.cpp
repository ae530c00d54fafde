#include "cli/axis_ticks.hpp"

#include <cmath>

namespace hebb::cli {

double tick_distance(double range) {
  const double power = std::pow(10, std::floor(std::log10(range / 5)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (range / (factor * power) <= 6) return factor * power;
  }
  return 10 * power;
}

std::vector<double> ticks_between(double low, double high) {
  const double distance = tick_distance(high - low);
  std::vector<double> ticks;
  for (double n = std::ceil(low / distance - 1e-9); n * distance <= high + 1e-9 * distance; ++n)
    ticks.push_back(n * distance + 0.0);
  return ticks;
}

}  // namespace hebb::cli
