/// Names and depths of states that are bits already.
#pragma once

#include "hebb/attractors.hpp"
#include "hebb/random.hpp"
#include "memory/binary_inside.hpp"

namespace hebb::memory {

/// As `classify`, by the overlaps of the state.
Label classify_bits(const BinaryMemory::Inside& inside, const BitVector& state,
                    std::span<const double> overlaps, const ClassifyOptions& options);

/// As `measure_depth`, of the state of a walk, which is left as it was.
std::optional<Depth> depth_of(Walk& walk, const UnitValues& values);

/// A seed for what is drawn by itself.
inline std::uint64_t random_seed(Random& random) {
  const std::uint64_t high = random.bits();
  return high << 32 | random.bits();
}

/// A state drawn uniformly.
BitVector random_bits(std::int64_t units, Random& random);

/// A cue: the share `flip` of a pattern's bits, rounded to a whole number of them and chosen at random,
/// inverted.
BitVector damaged(const BitVector& pattern, double flip, Random& random);

}  // namespace hebb::memory
