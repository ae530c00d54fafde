/// A classifier in the plane, drawn.
#pragma once

#include <string>

#include "cli/scene.hpp"
#include "hebb/boundary.hpp"

namespace hebb::cli {

/// Points, regions shaded by confidence, boundary and margins, with axes and what means what.
Scene boundary_scene(const DecisionMap& map, const PlaneData& data, const std::string& title);

/// The colors of the cells, the highest row first.
Image region_image(const DecisionMap& map);

enum class TerminalColor : std::uint8_t { none, palette, full };

/// How a map is drawn with characters.
struct BoundaryText {
  int width = 78;   ///< columns that there are
  int height = 28;  ///< rows at most
  TerminalColor color = TerminalColor::none;
  bool utf8 = false;
};
/// The grid that such a drawing wants of decision_map, and the drawing.
BoundaryOptions text_grid(const PlaneBox& box, const BoundaryText& how);
std::string boundary_text(const DecisionMap& map, const PlaneData& data, const BoundaryText& how);

/// What is found, in a line or two: errors, the line's equation, margins.
std::string boundary_words(const DecisionMap& map, const PlaneData& data);

}  // namespace hebb::cli
