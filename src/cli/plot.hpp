/// Drawings made of characters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hebb::cli {

/// A curve over 1, 2, ..., with an axis of values and one of numbers; dots of Braille patterns where UTF-8 is
/// allowed. Values that are not finite are left out. `width` counts all columns, `height` the rows of the
/// plot itself.
std::string plot_curve(std::span<const double> values, int width, int height, bool utf8);

/// Gray images of `side` x `side` bytes, ink high, side by side, each under its caption.
std::string draw_images(const std::vector<std::span<const std::uint8_t>>& images,
                        const std::vector<std::string>& captions, int side, bool utf8);

}  // namespace hebb::cli
