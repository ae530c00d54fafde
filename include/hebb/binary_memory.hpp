/// Associative memories whose units have two states: Hopfield networks, and dense associative memories.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hebb/memory.hpp"

namespace hebb::memory {

/// The two values of a unit.
enum class Units : std::uint8_t {
  plus_minus_one,  ///< -1 and 1
  zero_one,        ///< 0 and 1 (Hopfield 1982); what energies make of them: see Energy
};

/// How patterns become interactions. xi^mu_i = +-1 is the value of unit i in pattern mu (0/1 patterns are
/// taken as 2 x - 1), N the number of units, J_ij the weight between two of them, J_ii = 0.
enum class Rule : std::uint8_t {
  /// J_ij = 1/N sum_mu xi^mu_i xi^mu_j (Hopfield, PNAS 79, 2554 (1982)).
  hebb,
  /// J_ij += 1/N (xi_i xi_j - xi_i h_ji - h_ij xi_j) for one pattern after the other, with the fields
  /// h_ij = sum_{k != i,j} J_ik xi_k of the weights before it (Storkey, ICANN 1997). Local, incremental, of
  /// higher capacity.
  storkey,
  /// J_ij = 1/N sum_mu,nu xi^mu_i (C^-1)_mu,nu xi^nu_j with the patterns' correlations C (Personnaz, Guyon,
  /// Dreyfus, J. Physique Lett. 46, L359 (1985)), the diagonal removed (Kanter, Sompolinsky, PRA 35, 380
  /// (1987)).
  pseudo_inverse,
  /// Perceptron learning: J_ij += 1/N xi_i x_j where unit i is not stable in a pattern x, pattern after
  /// pattern, until all are stable with a margin (Gardner, J. Phys. A 21, 257 (1988)). The weights into each
  /// unit are then brought to norm 1. They are not symmetric, so there is no energy.
  perceptron,
  /// The same with J_ij and J_ji corrected alike; not normalised.
  symmetric_perceptron,
  /// Minimum overlap: always the least stable pattern is learned, until the least stability is within 1 % of
  /// the largest there can be (Krauth, Mezard, J. Phys. A 20, L745 (1987)), or for `max_epochs`. Norm 1, not
  /// symmetric.
  minimum_overlap,
  /// The sign of the Hebbian weight, over N (Sompolinsky, PRA 34, 2571 (1986)).
  clipped,
  /// Hebbian weights kept within bounds, so that new patterns push out old ones (Parisi, J. Phys. A 19, L617
  /// (1986)).
  palimpsest,
};

/// The energy that recall goes down on, in the overlaps M^mu = sum_i xi^mu_i s_i.
///
/// Dense energies are functions of spins s_i = +-1. Units x of 0 and 1 stand for s = 2 x - 1, as their
/// patterns do, so that a memory of them does what one of spins does; a bias acts on x. (In overlaps of x
/// itself, terms x_i^2 = x_i would not be constant, as s_i^2 is, but drive every unit up, by 3 P N in degree
/// 4 against the N^3 / 2 that hold a pattern.) `quadratic` has no such terms, J_ii being 0: there x is taken
/// as it is, with thresholds of zero, so that units of 0 and 1 do not do what spins do.
enum class Energy : std::uint8_t {
  quadratic,             ///< -1/2 s J s: the weights of the rule
  polynomial,            ///< -N sum_mu (M^mu/N)^n (Krotov, Hopfield, NeurIPS 2016)
  rectified_polynomial,  ///< the same over M^mu > 0 only
  exponential,           ///< -log sum_mu exp(M^mu) (Demircigil et al., J. Stat. Phys. 168, 288 (2017))
};

struct BinaryOptions {
  Units units = Units::plus_minus_one;
  Rule rule = Rule::hebb;
  Energy energy = Energy::quadratic;
  int degree = 3;                ///< n of the polynomials, at least 2
  std::vector<float> bias = {};  ///< [units], added to the fields; or empty
  /// Share of the pairs of units that are not connected, in [0, 1): pairs are drawn once, by `seed`.
  double dilution = 0;
  /// The margin of the perceptron rules: xi_i h_i > 0 and >= margin, with weights of norm 1 into each unit
  /// (before normalising, bias is scaled alike); and the sweeps over all patterns after which they give up.
  double margin = 0;
  std::int64_t max_epochs = 10000;
  /// Weights of the palimpsest stay within +-bound / sqrt(N), rounded down to a multiple of 1/N, but for 1/N
  /// itself; each pattern adds +-1/N. Best near 0.3 for the number of patterns retained.
  double bound = 0.35;
  std::uint64_t seed = 0;
  /// Forms the weight matrix even where the rule does without: for comparison.
  bool form_weights = false;
};

/// "hebb", "pseudo-inverse", ... Throws ConfigError with the nearest known name.
Rule rule_of(std::string_view name);
std::string_view name_of(Rule rule);
Energy energy_of(std::string_view name);
std::string_view name_of(Energy energy);

/// A memory of units with two states.
///
/// Rules `hebb` and `pseudo_inverse` and the dense energies keep the patterns as bits and no weights: a sweep
/// costs N P operations on bits instead of N^2 on floats. The other rules keep weights, symmetric ones once.
/// A unit whose field is zero keeps its state.
class BinaryMemory final : public Memory {
 public:
  /// Throws ConfigError for options that do not go together, and when units is not in 1 to 2^24.
  explicit BinaryMemory(std::int64_t units, const BinaryOptions& options = {});
  ~BinaryMemory() override;
  BinaryMemory(BinaryMemory&&) noexcept;
  BinaryMemory& operator=(BinaryMemory&&) noexcept;

  const BinaryOptions& options() const;
  std::int64_t units() const override;
  std::int64_t size() const override;
  std::vector<float> pattern(std::int64_t index) const override;
  /// Throws DataError for a pattern that the rule cannot add: of pseudo_inverse, one that is a linear
  /// combination of those stored; and ConfigError, telling how many patterns are stable, when perceptron
  /// rules do not succeed.
  void store(std::span<const float> pattern) override;
  /// Patterns [count, units]; all or none are stored. Rules that learn all patterns together
  /// (perceptron, minimum_overlap) do so once.
  void store_all(std::span<const float> patterns);
  void forget(std::int64_t index) override;

  bool has_energy() const override;
  std::optional<double> energy(std::span<const float> state) const override;
  /// h_i, so that a change of unit i by dx changes the energy by -h_i dx.
  std::vector<float> field(std::span<const float> state) const override;
  std::vector<double> overlaps(std::span<const float> state) const override;
  Recall recall(std::span<const float> cue, const RecallOptions& options = {}) const override;
  std::vector<Recall> recall_batch(std::span<const float> cues,
                                   const RecallOptions& options = {}) const override;

  /// The weight J_ij, whether weights are formed or not. Throws ConfigError for dense energies, which
  /// have none.
  double weight(std::int64_t i, std::int64_t j) const;
  /// Of the perceptron rules, the stability of each unit, [units]: the least xi_i h_i over the patterns, with
  /// weights of norm 1. Empty of other rules.
  std::vector<double> stabilities() const;
  /// Unlearning (Hopfield, Feinstein, Palmer, Nature 304, 158 (1983)): comes to rest from `dreams` random
  /// states, in random order, and subtracts `strength`/N (at most 1/N) times the outer product of each such
  /// state. Forms the weights. Afterwards, only rules that learn pattern by pattern (hebb, storkey,
  /// palimpsest) take more patterns, and only hebb forgets any. Throws ConfigError for rules without
  /// symmetric weights.
  void unlearn(std::int64_t dreams, double strength, std::uint64_t seed = 0);

  /// The inside, for the parts of hebb::memory.
  class Inside;
  const Inside& inside() const { return *inside_; }
  Inside& inside() { return *inside_; }

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace hebb::memory
