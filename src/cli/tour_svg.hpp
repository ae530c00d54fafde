/// A tour as a picture.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "hebb/energy_problems.hpp"

namespace hebb::cli {

/// SVG of the cities, at least one, with their numbers, joined by the tour; without one, the cities alone.
/// The title is any text.
std::string tour_svg(std::span<const memory::City> cities, std::span<const std::int64_t> tour,
                     const std::string& title);

}  // namespace hebb::cli
