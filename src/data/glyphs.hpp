/// The skeletons of handwritten digits that `strokes` draws.
#pragma once

#include <cstdint>
#include <vector>

namespace hebb {

/// A point that the pen passes: x to the right, y down, the digit filling [0, 1] x [0, 1]. At a corner the
/// pen turns sharply; elsewhere it moves smoothly.
struct PenPoint {
  float x;
  float y;
  bool corner = false;
};

/// From pen down to pen up.
using PenStroke = std::vector<PenPoint>;

/// One way of writing a digit.
struct Glyph {
  float width;  ///< of the digit, as a share of its height
  std::vector<PenStroke> strokes;
};

/// The ways of writing digit 0 to 9.
const std::vector<Glyph>& glyphs_of(std::int32_t digit);

}  // namespace hebb
