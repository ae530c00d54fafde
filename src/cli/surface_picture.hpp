/// Surfaces of the loss, and the softened step, drawn.
#pragma once

#include <span>
#include <string>

#include "cli/scene.hpp"
#include "hebb/surface.hpp"

namespace hebb::cli {

/// The loss as bands with contours, darker where it is larger, and the ways of the optimisers.
Scene surface_scene(const LossSurface& surface, const std::string& title);

/// The same in characters, at most so wide and high.
std::string surface_text(const LossSurface& surface, int width, int height);

/// Who went how far down, as a table.
std::string surface_words(const LossSurface& surface);

/// Outputs above, slopes below.
Scene softening_scene(std::span<const SoftStep> steps, std::span<const double> x,
                      const std::string& function);

}  // namespace hebb::cli
