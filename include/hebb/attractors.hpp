/// What a memory of binary units comes to rest in: attractors and their names, a census of them, and the
/// basins from which patterns are recalled.
#pragma once

#include <functional>
#include <string>

#include "hebb/binary_memory.hpp"

namespace hebb::memory {

/// A 95 % confidence interval.
struct Interval {
  double low = 0;
  double high = 0;
};
/// Of a probability, from `successes` in `trials` > 0 (Wilson, J. Am. Stat. Assoc. 22, 209 (1927)).
Interval wilson_interval(std::int64_t successes, std::int64_t trials);
/// Of a mean, from independent values whose distribution is nearly normal (Student's t); unbounded of fewer
/// than two values.
Interval mean_interval(std::span<const double> values);

enum class AttractorKind : std::uint8_t {
  pattern,     ///< a stored pattern, a few units aside
  inverse,     ///< its inverse, which has the same energy where there is no bias
  mixture,     ///< the majority of an odd number of patterns or inverses (Amit, Gutfreund, Sompolinsky 1985)
  spin_glass,  ///< none of these
  two_cycle,   ///< two states in turn, under synchronous updates
};
/// "pattern", "inverse", "mixture", "spin-glass", "2-cycle".
std::string_view name_of(AttractorKind kind);

struct Label {
  AttractorKind kind = AttractorKind::spin_glass;
  /// Of pattern, inverse: its number. Of a mixture: those it is made of, nearest first.
  std::vector<std::int64_t> patterns = {};
  /// The cosine between the state and what it is named after; of a spin-glass state, the largest overlap with
  /// a pattern, in magnitude.
  double overlap = 0;
};

struct ClassifyOptions {
  /// A state bears the name of what it has at least this overlap with. Retrieval states below the critical
  /// load have 0.967 and more (Amit, Gutfreund, Sompolinsky 1985).
  double threshold = 0.9;
  /// Mixtures of 3, 5, ... up to so many patterns are known.
  std::int64_t most_mixed = 7;
};

/// Names a resting state. Throws ConfigError when nothing is stored.
Label classify(const BinaryMemory& memory, std::span<const float> state, const ClassifyOptions& options = {});
/// The same of a state whose overlaps, those of BinaryMemory::overlaps, are known.
Label classify(const BinaryMemory& memory, std::span<const float> state, std::span<const double> overlaps,
               const ClassifyOptions& options);

/// How deep a resting state lies.
struct Depth {
  /// The least that the energy rises by when one unit flips, never negative at rest, and when two do.
  double single = 0;
  double pair = 0;

  /// The smallest barrier: how far the lowest of the states one or two flips away lies above this one.
  double barrier() const { return single < pair ? single : pair; }
  /// A stable state is the lowest of all within two flips. A metastable one rests because units move one at a
  /// time: a pair of them would not raise the energy.
  bool is_stable() const { return barrier() > 0; }
};

/// Measures the depth, from the energies of all pairs: units() times the work of a synchronous update. Empty
/// where there is no energy; the pair of a single unit is infinite.
std::optional<Depth> measure_depth(const BinaryMemory& memory, std::span<const float> state);

/// One attractor that a census found.
struct Attractor {
  std::vector<float> state;  ///< of a 2-cycle, one of its two
  Label label;
  std::int64_t hits = 0;  ///< starts that ended here
  double share = 0;       ///< of all starts
  Interval share_interval;
  std::optional<double> energy;
  std::optional<Depth> depth;  ///< of the most frequent ones: see CensusOptions
};

struct CensusOptions {
  std::int64_t starts = 10000;
  /// All 2^N states instead, of at most 24 units; intervals are then the shares themselves.
  bool exhaustive = false;
  /// How the states move; the seed draws starts too, and each start has an order of its own.
  RecallOptions recall = {};
  ClassifyOptions classify = {};
  std::int64_t depths = 100;  ///< so many of the most frequent attractors are measured
  /// Called as starts are done, from the caller's thread; the census ends early, with what it has, when it
  /// returns false.
  std::function<bool(std::int64_t done, std::int64_t starts)> progress = {};
};

struct Census {
  std::int64_t starts = 0;
  std::int64_t unsettled = 0;         ///< starts that did not come to rest within the sweeps allowed
  std::vector<Attractor> attractors;  ///< most hits first, then lowest energy
  /// The share of starts that ended in attractors of a kind.
  double share_of(AttractorKind kind) const;
};

/// Lets a memory come to rest from many random starts, and lists where. Throws ConfigError.
Census census(const BinaryMemory& memory, const CensusOptions& options = {});

struct BasinOptions {
  std::vector<double> flips = {0, 0.1, 0.2, 0.3, 0.4, 0.5};  ///< shares of bits inverted, in [0, 1]
  std::int64_t trials = 100;                                 ///< for each share, of all patterns in turn
  std::optional<std::int64_t> pattern = {};                  ///< this one only
  RecallOptions recall = {};
  double threshold = 0.9;  ///< overlap from which a pattern counts as recalled
  /// Called as cues are done, from the caller's thread; the measurement ends early, with what it has, when it
  /// returns false.
  std::function<bool(std::int64_t done, std::int64_t cues)> progress = {};
};

/// Recall from cues that differ from their pattern by a share of the bits, chosen at random.
struct BasinPoint {
  double flip = 0;
  std::int64_t trials = 0;
  double recalled = 0;  ///< share of cues that led back to their pattern, to the threshold
  Interval recalled_interval;
  double exact = 0;  ///< share that led back without an error
  Interval exact_interval;
  double mean_overlap = 0;  ///< with the pattern, in the end
};
/// A point for each share, in their order, of which the measured ones are left where progress ended it early.
/// Throws ConfigError, and ShapeError for a pattern that is not there.
std::vector<BasinPoint> basin(const BinaryMemory& memory, const BasinOptions& options = {});

}  // namespace hebb::memory
