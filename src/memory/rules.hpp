/// The learning rules that form weights. Formulas and sources: hebb::memory::Rule.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "hebb/binary_memory.hpp"
#include "memory/connections.hpp"
#include "memory/pattern_bits.hpp"
#include "memory/unit_values.hpp"
#include "memory/weights.hpp"

namespace hebb::memory {

/// What a rule learns from.
struct Lesson {
  const PatternBits& patterns;
  const BinaryOptions& options;
  const Connections& connections;

  UnitValues values() const { return UnitValues(options); }
};

/// The values +-1 of a pattern, with zeros up to `padded`.
std::vector<double> signs_of(const BitVector& pattern, std::int64_t padded);

/// sum_mu xi^mu_i xi^mu_j over a range of the patterns.
class Agreements {
 public:
  Agreements(const PatternBits& patterns, std::int64_t first, std::int64_t end);
  /// sums[k]: of unit i and unit j + k, at most kTileSide of them.
  void of(std::int64_t i, std::int64_t j, std::span<std::int32_t> sums) const;

 private:
  using Mask = std::array<std::uint64_t, PatternBits::kWords>;

  const PatternBits& patterns_;
  std::int64_t count_;
  std::int64_t first_block_;
  std::vector<Mask> masks_;        // patterns of the range, by block from the first that holds some
  std::vector<std::int32_t> ups_;  // patterns of the range in which a unit is up
};

// ---- rules that learn one pattern after the other: the weights hold those before `first`
// ------------------------------------------------

/// Adds the patterns from `first` to `end`, or takes them out again (sign -1).
void add_hebb(const Lesson& lesson, std::int64_t first, std::int64_t end, int sign, Weights& weights);
void add_storkey(const Lesson& lesson, std::int64_t first, Weights& weights);
void add_palimpsest(const Lesson& lesson, std::int64_t first, Weights& weights);

/// K of a weight 1/N: whole of rules whose weights are multiples of it.
inline double unit_of(const Weights& weights) {
  return weights.divisor(0) / static_cast<double>(weights.units());
}
/// The same of weights that are no such multiples: Storkey's, and unlearned ones.
constexpr double kFineUnit = 1 << 24;

// ---- rules that learn all patterns together: the weights are zero before
// ----------------------------------------------------------------

void form_clipped(const Lesson& lesson, Weights& weights);
/// Throws DataError where patterns are linearly dependent.
void form_pseudo_inverse(const Lesson& lesson, Weights& weights);

/// The least of xi_i h_i over all patterns, with weights of norm 1, for every unit: [units]. They throw
/// ConfigError where the patterns cannot be learned so.
using Stabilities = std::vector<double>;
Stabilities form_perceptron(const Lesson& lesson, Weights& weights);
Stabilities form_minimum_overlap(const Lesson& lesson, Weights& weights);
Stabilities form_symmetric_perceptron(const Lesson& lesson, Weights& weights);

}  // namespace hebb::memory
