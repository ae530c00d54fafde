/// Parts of memory::Store.
#pragma once

#include <cstdint>
#include <span>

#include "hebb/memory_store.hpp"

namespace hebb::memory {

Calibration calibration_of(const BinaryMemory& memory, const PatternSet& patterns, std::uint64_t seed);

/// The probability of a cue being like something stored; `overlaps` are those of what it led to.
double confidence_of(const Calibration& calibration, const BinaryMemory& memory, std::span<const float> cue,
                     const Recall& recall, std::span<const double> overlaps);

/// See Store::crosstalk.
Crosstalk crosstalk_of(const BinaryMemory& memory, const PatternSet& patterns, std::int64_t most);

}  // namespace hebb::memory
