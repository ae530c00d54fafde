/// Recall of many cues at once under the Hebb rule.
#pragma once

#include <vector>

#include "memory/dynamics.hpp"
#include "memory/pattern_bits.hpp"

namespace hebb::memory {

/// What became of a cue.
struct LaneRun {
  BitVector state;
  Run run;
  double energy_start = 0;
  double energy_end = 0;
};

/// Whether Hebbian couplings without weights have a form for many cues: of units one by one, without bias,
/// temperature and trace, and of sizes for which the sums hold.
bool has_lanes(const PatternBits& patterns, const BinaryOptions& options, const RecallOptions& recall);

/// Recalls cues side by side: the same results, to the bit, as one by one. All visit the units in the same
/// order, since that is a function of the seed and the sweep.
std::vector<LaneRun> recall_in_lanes(const PatternBits& patterns, const BinaryOptions& options,
                                     std::span<const BitVector> cues, const RecallOptions& recall);

}  // namespace hebb::memory
