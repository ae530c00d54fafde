/// The inside of a BinaryMemory, for the parts of hebb::memory that look at attractors.
#pragma once

#include <string>

#include "hebb/binary_memory.hpp"
#include "memory/couplings.hpp"
#include "memory/dynamics.hpp"
#include "memory/matrix_couplings.hpp"
#include "memory/pattern_bits.hpp"
#include "memory/unit_values.hpp"

namespace hebb::memory {

class BinaryMemory::Inside {
 public:
  Inside(std::int64_t unit_count, const BinaryOptions& given);
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  /// Bits of a state, whose size and values are checked; `what` names it in messages.
  BitVector pack(std::span<const float> state, const std::string& what) const;
  /// Of states [count, units], each named by `what` and its number.
  std::vector<BitVector> pack_all(std::span<const float> states, const std::string& what) const;
  std::vector<float> unpack(const BitVector& state) const;
  /// Cosines with the patterns.
  std::vector<double> overlaps(const BitVector& state) const;
  /// Throws ConfigError when nothing is stored, or for options this memory cannot follow.
  void check(const RecallOptions& recall) const;
  Recall recall(Walk& walk, const BitVector& cue, const RecallOptions& recall) const;
  /// Takes patterns, all or none.
  void store(const std::vector<BitVector>& added);

  /// The weights, where they are formed, else null.
  MatrixCouplings* formed() const { return dynamic_cast<MatrixCouplings*>(couplings.get()); }
  /// Takes patterns whose weights were saved, into an empty memory: all or none. Throws DataError for weights
  /// that cannot be theirs.
  void restore(const std::vector<BitVector>& saved_patterns, const SavedWeights& weights);

  BinaryOptions options;
  UnitValues values;
  PatternBits patterns;
  std::unique_ptr<Couplings> couplings;
};

}  // namespace hebb::memory
