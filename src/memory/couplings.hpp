/// How binary units act on each other, and a state that moves under it: the two interfaces between rules,
/// energies and dynamics.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "hebb/error.hpp"
#include "hebb/memory.hpp"
#include "memory/bit_vector.hpp"

namespace hebb::memory {

class PatternBits;

/// A state, and what acts on its units. It serves one run after the other, of one thread.
class Walk {
 public:
  virtual ~Walk() = default;

  const BitVector& state() const { return state_; }
  /// Begins anew from a state.
  virtual void start(const BitVector& state) = 0;
  /// The field h at a unit, its bias included: a change of the unit by dx (+-2 for units of -1 and 1, +-1 for
  /// units of 0 and 1) changes the energy by -h dx. The unit wants up where it is positive, down where it is
  /// negative.
  virtual double field(std::int64_t unit) = 0;
  /// The fields of all units at once, [units]; the same numbers as `field` gives.
  virtual void fields(std::span<double> result) = 0;
  virtual void flip(std::int64_t unit) = 0;
  /// The energy, where there is one.
  virtual std::optional<double> energy() = 0;
  /// That `field` of this unit will soon be asked.
  virtual void prefetch(std::int64_t /*unit*/) const {}

 protected:
  BitVector state_;
};

/// The interactions that patterns were turned into. The patterns themselves belong to the memory, which calls
/// `added` after it took one, and `removed` before it gives one up.
class Couplings {
 public:
  virtual ~Couplings() = default;

  /// Whether there is an energy.
  virtual bool has_energy() const { return true; }
  virtual std::unique_ptr<Walk> walk() const = 0;
  /// Whether many cues can be recalled side by side (memory/lane_recall.hpp), with these options.
  virtual bool has_lanes(const RecallOptions& /*recall*/) const { return false; }
  /// The patterns from number `first` on are new. Throws DataError or ConfigError, unchanged, where it cannot
  /// take them.
  virtual void added(std::int64_t first) = 0;
  /// Pattern `index` is about to go. Throws ConfigError where it cannot be taken out again.
  virtual void removed(std::int64_t index) = 0;
  /// J_ij for i != j.
  virtual double weight(std::int64_t i, std::int64_t j) const = 0;
};

}  // namespace hebb::memory
