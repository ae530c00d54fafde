/// The computation graph of a step as a picture.
#pragma once

#include <string>

#include "hebb/explain.hpp"

namespace hebb::cli {

/// SVG: every value a box under those it is computed from, parameters beside the main way, the loss last;
/// darker where the gradient is larger. Boxes link to "#value-N". Colours are CSS variables of the page:
/// --ink, --pale, --paper, --accent.
std::string graph_svg(const Explanation& e);

/// The largest absolute value; 0 of none.
double largest_of(const Tensor& tensor);

}  // namespace hebb::cli
