/// Layers from a parsed model description.
#pragma once

#include <vector>

#include "hebb/layers.hpp"
#include "nn/description.hpp"

namespace hebb {

/// Throws ConfigError with the column, what was expected and the nearest known name.
std::vector<AnyLayer> make_layers(const std::vector<Term>& terms);

}  // namespace hebb
