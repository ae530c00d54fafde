/// Interactions by formed weights.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hebb/binary_memory.hpp"
#include "memory/connections.hpp"
#include "memory/couplings.hpp"
#include "memory/rules.hpp"
#include "memory/weights.hpp"

namespace hebb::memory {

/// Weights as they are saved, for those that patterns alone do not give again: of a palimpsest, say, or after
/// unlearning.
struct SavedWeights {
  std::vector<std::int32_t> values;  ///< K as `Weights::values` gives it
  std::vector<double> divisors;      ///< J_ij = K_ij / divisor_i; one for all units, or [units]
  bool unlearned = false;
  std::vector<double> stabilities;  ///< [units], of the perceptron rules; or empty
};

/// The weights that a rule makes of patterns: symmetric ones of every rule but `perceptron` and
/// `minimum_overlap`.
class MatrixCouplings final : public Couplings {
 public:
  /// For options that BinaryMemory has checked; `patterns` must outlive it. Nothing is learned yet. Throws
  /// ConfigError for what its rule cannot follow, and where the weights do not fit into memory.
  MatrixCouplings(const PatternBits& patterns, const BinaryOptions& options);

  bool has_energy() const override { return weights_.symmetric(); }
  std::unique_ptr<Walk> walk() const override;
  void added(std::int64_t first) override;
  void removed(std::int64_t index) override;
  double weight(std::int64_t i, std::int64_t j) const override { return i == j ? 0 : weights_.weight(i, j); }

  /// J_ij -= strength/N s_i s_j (s_i = +-1). Throws ConfigError where weights are not symmetric, and for a
  /// strength that is not positive, or above 1, or too small to make a difference.
  void unlearn(const BitVector& state, double strength);
  bool unlearned() const { return unlearned_; }

  /// Of the perceptron rules, the least xi_i h_i over the patterns with weights of norm 1, for every unit.
  const std::vector<double>& stabilities() const { return stabilities_; }

  SavedWeights save() const;
  /// Takes weights instead of learning them from the patterns that are there. Throws DataError, unchanged,
  /// for what `save` cannot have written.
  void restore(const SavedWeights& saved);

  const Weights& weights() const { return weights_; }
  const BinaryOptions& options() const { return options_; }
  /// Fields up to this in size are zero, where weights had to be rounded: of Storkey's rule, the
  /// pseudo-inverse and unlearned weights. Rounding hides ties otherwise.
  double tie() const;
  /// Changes whenever the weights do.
  std::uint64_t version() const { return version_; }

 private:
  Lesson lesson(const PatternBits& patterns) const { return {patterns, options_, connections_}; }
  Weights blank() const;
  /// Learns patterns from `first` on: into `weights`, or, of rules that learn all together, anew.
  void learn(const PatternBits& patterns, std::int64_t first, Weights& weights,
             Stabilities& stabilities) const;

  const PatternBits& patterns_;
  BinaryOptions options_;
  Connections connections_;
  Weights weights_;
  Stabilities stabilities_;
  bool unlearned_ = false;
  std::uint64_t version_ = 0;
};

/// The same with all patterns learned.
std::unique_ptr<MatrixCouplings> matrix_couplings(const PatternBits& patterns, const BinaryOptions& options);

}  // namespace hebb::memory
