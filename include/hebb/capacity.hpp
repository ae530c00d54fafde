/// How many patterns a memory holds: the experiment, beside what theory says.
#pragma once

#include <functional>

#include "hebb/attractors.hpp"

namespace hebb::memory {

struct CapacityOptions {
  BinaryOptions memory = {};
  std::int64_t units = 1000;
  std::vector<std::int64_t> patterns = {};  ///< numbers of patterns to try
  std::int64_t trials = 10;                 ///< fresh sets of random patterns for each
  double flip = 0;                          ///< share of bits inverted in the cue
  /// Glauber dynamics at this temperature from the cue on; the overlap is its mean over `measured_sweeps`,
  /// after `relaxing_sweeps`. 0: recall until rest.
  double temperature = 0;
  std::int64_t relaxing_sweeps = 100;
  std::int64_t measured_sweeps = 100;
  Order order = Order::random;
  std::int64_t max_sweeps = 1000;
  std::uint64_t seed = 0;
  /// Called after each trial, from the caller's thread; the experiment ends early when it returns false.
  std::function<bool(std::int64_t done, std::int64_t trials)> progress = {};
};

/// For one number of patterns. Intervals are 95 % confidence intervals: of shares the wider of Wilson's over
/// everything counted and Student's over the trials, because patterns of one trial are not independent.
struct CapacityPoint {
  double load = 0;  ///< patterns / units
  std::int64_t patterns = 0;
  std::int64_t trials = 0;
  /// The overlap with its pattern that recall ends with, from one pattern in each trial.
  double mean_overlap = 0;
  Interval mean_overlap_interval;
  /// The share, over all patterns of all trials, of patterns that no single unit wants to leave.
  double stable_fraction = 0;
  Interval stable_fraction_interval;
  /// The share of trials whose recall ended exactly in the pattern.
  double exact_recall_fraction = 0;
  Interval exact_recall_fraction_interval;
  /// The replica theory's retrieval overlap for infinitely many units, of Hebb's rule with units of -1 and 1;
  /// 0 above the critical load.
  std::optional<double> theory_overlap;
};

/// Runs the experiment; one point for each number of patterns (of the last, fewer trials if ended early).
/// Throws ConfigError; DataError where the rule cannot take so many random patterns.
std::vector<CapacityPoint> capacity(const CapacityOptions& options);

}  // namespace hebb::memory
