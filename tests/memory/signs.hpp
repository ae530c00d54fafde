/// Patterns for tests of memories.
#pragma once

#include <cstdint>
#include <vector>

#include "hebb/random.hpp"

namespace hebb::memory {

/// Each value -1 or 1 with equal chance.
inline std::vector<float> random_signs(std::size_t size, Random& random) {
  std::vector<float> signs(size);
  for (float& s : signs) s = random.below(2) == 0 ? -1.0f : 1.0f;
  return signs;
}

/// With `flips` different units, drawn at random, inverted.
inline std::vector<float> flipped(std::vector<float> signs, std::int32_t flips, Random& random) {
  const auto order = random.permutation(static_cast<std::int32_t>(signs.size()));
  for (std::int32_t k = 0; k < flips; ++k) {
    float& s = signs[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])];
    s = -s;
  }
  return signs;
}

}  // namespace hebb::memory
