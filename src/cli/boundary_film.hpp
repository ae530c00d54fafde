/// A classifier while it is trained, as a page.
#pragma once

#include <string>
#include <vector>

#include "hebb/boundary.hpp"

namespace hebb::cli {

/// One file that needs nothing else: the plane with points, regions and boundary at every frame, the loss
/// below it, a slider and a button to run through them.
std::string film_html(const std::vector<TrainingFrame>& film, const PlaneData& data,
                      const std::string& title);

}  // namespace hebb::cli
