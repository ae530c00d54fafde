/// Perceptron learning of the weights into one unit, in the dual form: not the weights are kept, but how
/// often each pattern was learned.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hebb::memory {

/// What a unit is to learn, of P patterns.
struct UnitTask {
  /// [P, P]: x^mu . x^nu over the units it listens to. Kept elsewhere; needed while it learns.
  std::span<const std::int32_t> gram;
  std::vector<double> targets;  ///< [P]: +-1
  /// [P]: the unit's own values, where `gram` counts them too though it does not listen to itself; or zeros.
  std::vector<double> own;
  double bias = 0;
  double margin = 0;
  std::int64_t max_epochs = 0;
};

/// J = 1/|K| sum_mu c_mu x^mu with whole c_mu of the sign of the target, so that the stability of pattern mu,
/// xi^mu (J . x^mu + bias), is compared by whole numbers.
class UnitLearner {
 public:
  explicit UnitLearner(UnitTask task);

  /// Learns what is not stable, pattern after pattern, until an epoch finds nothing to learn (Gardner 1988).
  /// Returns whether all are stable with the margin.
  bool learn_in_turn();
  /// Always learns the least stable pattern (Krauth, Mezard 1987), until the least stability is within
  /// kOptimal of the largest there can be. Returns whether all are stable with the margin.
  bool learn_least();

  /// c_mu.
  const std::vector<double>& counts() const { return counts_; }
  double norm() const { return norm_; }
  /// The least stability reached.
  double stability() const;
  /// Patterns whose stability is at least the margin.
  std::int64_t stable() const;
  /// No weights of norm 1 have a least stability above this: that of J is a mean, weighted by |c|, in which
  /// J itself does best.
  double limit() const;

  static constexpr double kOptimal = 0.01;
  /// Patterns are learned so often at most: then sums stay exact.
  static constexpr std::int64_t kMostLearned = std::int64_t{1} << 24;

 private:
  /// xi^mu |K| (J . x^mu + bias).
  double scaled(std::size_t pattern) const;
  bool is_stable(std::size_t pattern) const;
  void learn(std::size_t pattern);
  /// The first of the least stable patterns.
  std::size_t least() const;
  bool hopeless() const;

  UnitTask task_;
  std::size_t patterns_;
  std::vector<double> counts_;
  std::vector<double> fields_;  // K . x^mu, with the unit's own weight where `gram` counts it
  double own_weight_ = 0;       // that weight
  double square_ = 0;           // |K|^2 without it
  double norm_ = 0;
  double biased_ = 0;         // sum_mu |c_mu| xi^mu bias
  std::int64_t learned_ = 0;  // sum_mu |c_mu|
};

}  // namespace hebb::memory
