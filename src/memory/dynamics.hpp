/// How a state of binary units moves until it rests.
#pragma once

#include <functional>

#include "hebb/memory.hpp"
#include "memory/couplings.hpp"
#include "memory/unit_values.hpp"

namespace hebb::memory {

/// What a run did, but for its final state, which is that of the walk.
struct Run {
  Ending ending = Ending::step_limit;
  std::int64_t sweeps = 0;
  std::int64_t flips = 0;
};

/// Called after each sweep (0: at the start) with the units that changed in it.
using OnSweep = std::function<void(std::int64_t sweep, std::int64_t flips)>;

/// The order in which a sweep, counted from 1, updates the units one by one.
std::vector<std::int32_t> update_order(const RecallOptions& options, std::int64_t units, std::int64_t sweep);

/// Moves the state of a walk, which was started, as the options say.
Run run_dynamics(Walk& walk, const UnitValues& values, const RecallOptions& options,
                 const OnSweep& on_sweep = {});

/// One sweep of Glauber dynamics at a temperature > 0: unit after unit, in random order, takes the value up
/// with probability 1 / (1 + exp(-h dx / T)), dx the distance of its two values (Glauber, J. Math. Phys. 4,
/// 294 (1963)). Returns the flips. Random numbers are functions of (seed, sweep).
std::int64_t glauber_sweep(Walk& walk, const UnitValues& values, double temperature, std::uint64_t seed,
                           std::int64_t sweep);

/// Whether no unit wants to change: its field is zero or agrees with it.
bool at_rest(Walk& walk);

}  // namespace hebb::memory
