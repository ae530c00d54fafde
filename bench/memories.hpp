/// What associative memories cost.
#pragma once

#include <string>

#include "measure.hpp"

namespace hebb::bench {

/// Adds rows `memory/...` and `association/...`; where `picture` names a file, draws the cost of a sweep by
/// size.
void associative_memories(Results& results, const std::string& picture);

}  // namespace hebb::bench
