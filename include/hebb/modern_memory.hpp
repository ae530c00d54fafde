/// Modern Hopfield networks: continuous states, updated by a softmax over the patterns, which is attention.
///
/// H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021, arXiv:2008.02217: the energy and the
/// update in section 2, the theorems by their numbers there. x_i are the N patterns, M the length of the
/// longest, xi a state, lse(beta, z) = log(sum_i exp(beta z_i)) / beta.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hebb/memory.hpp"

namespace hebb::memory {

/// What is done to patterns as they are stored, and to cues.
enum class Normalization : std::uint8_t {
  none,      ///< nothing
  unit,      ///< scaled to length 1: similarities are cosines
  standard,  ///< to mean 0 and variance 1: layer normalisation without its learned scale
};

struct ModernOptions {
  /// How sharply the best of the patterns is preferred: the inverse temperature of the softmax. Attention has
  /// 1 / sqrt(units).
  double beta = 1.0;
  Normalization normalization = Normalization::none;
  /// A state rests when no unit would move by more than this times the largest element of any pattern.
  double tolerance = 1e-5;
};

/// A memory of real-valued patterns with the energy
///
///     E(xi) = -lse(beta, X xi) + 1/2 xi.xi + 1/beta log(N) + 1/2 M^2
///
/// and the update xi <- sum_i p_i x_i, p = softmax(beta X xi), which never raises it (Theorem 1: it is a step
/// of the concave-convex procedure). Small beta has one place of rest, the mean of all patterns; large beta
/// one near each pattern that is apart from the others; between, metastable states near means of some.
///
/// States are computed in single precision, energies, overlaps and attention in double.
class ModernMemory final : public Memory {
 public:
  /// Throws ConfigError unless 1 <= units < 2^24, beta is positive and tolerance not negative, both finite.
  explicit ModernMemory(std::int64_t units, const ModernOptions& options = {});

  const ModernOptions& options() const { return options_; }
  std::int64_t units() const override { return units_; }
  std::int64_t size() const override { return static_cast<std::int64_t>(active_.size()); }
  /// As stored: normalised.
  std::vector<float> pattern(std::int64_t index) const override;
  /// Throws DataError for values that are not finite, for a length whose square overflows f32 and for a
  /// pattern that cannot be normalised.
  void store(std::span<const float> pattern) override;
  /// Patterns [count, units]; all or none are stored.
  void store_all(std::span<const float> patterns);
  void forget(std::int64_t index) override;

  /// The mask: a pattern that is not active takes part in nothing, as though it were not stored, but keeps
  /// its number. Patterns are active when stored.
  void set_active(std::int64_t index, bool active);
  bool is_active(std::int64_t index) const;

  bool has_energy() const override { return true; }
  /// Empty where no pattern is active. This and all that follows take states as they are, without
  /// normalising them.
  std::optional<double> energy(std::span<const float> state) const override;
  /// The way the state wants to go, sum_i p_i x_i - xi: minus the gradient of the energy.
  std::vector<float> field(std::span<const float> state) const override;
  /// Zero where either is the zero vector.
  std::vector<double> overlaps(std::span<const float> state) const override;
  /// Which patterns a state attends to: p, [patterns], the sum of which is 1; 0 for those not active.
  std::vector<double> attention(std::span<const float> state) const;
  /// Of how many patterns, at least, the state's weights have the sum `share`: 1 near a stored pattern, about
  /// share times their number in the mean of all; between them, states are metastable. The paper sorts the
  /// heads of a transformer by it, with a share of 0.9.
  std::int64_t patterns_attended(std::span<const float> state, double share = 0.9) const;

  /// Normalises the cue, then updates it until it rests. All units are updated at once, and `order` must be
  /// `random` (the default) or `synchronous`; a sweep is one update. In the last one nothing moves: the state
  /// is the one before it. Throws ConfigError also for temperatures, and when no pattern is active.
  Recall recall(std::span<const float> cue, const RecallOptions& options = {}) const override;
  std::vector<Recall> recall_batch(std::span<const float> cues,
                                   const RecallOptions& options = {}) const override;
  /// One update of each of the cues, [count, units] -> [count, units]. For patterns that are apart it is all
  /// that is needed (Theorem 4), and faster than recall, which computes energies too.
  std::vector<float> retrieve(std::span<const float> cues) const;

  /// Delta_i = x_i.x_i - max over j != i of x_i.x_j (Definition 2): how far a pattern is from the others.
  /// Infinite for the only one. Here and below pattern `index` must be active (ConfigError).
  double separation(std::int64_t index) const;
  /// The separation that ensures that a pattern has a place of rest of its own in the sphere of radius
  /// 1/(beta N M) around it, which f maps into itself: 2/(beta N) + 1/beta log(2 (N - 1) N beta M^2).
  /// At least 0.
  double sufficient_separation() const;
  /// A bound on |x_i* - x_i|, x_i* being that place of rest: 2 e (N - 1) M exp(-beta Delta_i) (Theorem 5).
  /// It holds where x_i* is within 1/(2 beta M), which a sufficient separation ensures.
  double storage_error_bound(std::int64_t index) const;
  /// A bound on |f(xi) - x_i|, f being one update, for a cue xi: 2 (N - 1) M exp(-beta (Delta_i -
  /// 2 |xi - x_i| M)). Theorem 5 follows, in which the larger of |xi - x_i| and |x_i* - x_i| stands.
  double retrieval_error_bound(std::int64_t index, std::span<const float> cue) const;

 private:
  void require_number(std::int64_t index) const;
  void require_active(std::int64_t index) const;
  void require_state(std::span<const float> state) const;
  void require_states(std::span<const float> states) const;
  std::span<const float> row(std::int64_t index) const;
  void normalize(std::span<float> values) const;
  std::vector<float> normalized(std::span<const float> values) const;
  std::int64_t active_count() const;
  double longest() const;
  std::vector<float> updated(std::span<const float> states) const;
  std::vector<double> energies(std::span<const float> states) const;
  TracePoint trace_point(std::int64_t sweep, std::int64_t flips, std::span<const float> state) const;

  std::int64_t units_;
  ModernOptions options_;
  std::vector<float> patterns_;       // [patterns, units]
  std::vector<double> lengths_;       // [patterns]
  std::vector<float> largest_;        // [patterns], the largest magnitude of an element
  std::vector<std::uint8_t> active_;  // [patterns], 1 or 0
};

struct AssociateOptions {
  std::int64_t width = 0;           ///< of a row of queries and keys, all heads together
  std::int64_t value_width = 0;     ///< of a row of values; 0: the same
  std::int64_t heads = 1;           ///< each sees its share of the columns
  std::optional<double> beta = {};  ///< not negative; by default 1 / sqrt(width / heads)
  /// Which keys are seen where it is not zero: [keys], or [queries, keys]; empty for all.
  std::span<const std::uint8_t> mask = {};
};

/// Association of queries [queries, width] with keys [keys, width], which stand for values [keys,
/// value_width]: for each head softmax(beta Q K^T) V on its columns; -> [queries, value_width]. With the
/// patterns as keys and values it is the update of ModernMemory, with projections before it the attention of
/// transformers (Vaswani et al. 2017, equation 1). A query that sees no key gets zeros; values that are not
/// finite give NaN. Throws ShapeError for sizes that do not fit, ConfigError for a beta out of range.
std::vector<float> associate(std::span<const float> queries, std::span<const float> keys,
                             std::span<const float> values, const AssociateOptions& options);
/// The weights of that association: [heads, queries, keys].
std::vector<float> association_weights(std::span<const float> queries, std::span<const float> keys,
                                       const AssociateOptions& options);

/// Theorem 3: how many patterns, drawn at random from the sphere of radius K sqrt(d - 1), a modern memory of
/// d units stores for certain with probability 1 - p.
struct ModernCapacity {
  /// c = b / W(exp(a + log b)), W Lambert's function, a = 2 (1 + log(2 beta K^2 p (d - 1))) / (d - 1),
  /// b = 2 K^2 beta / 5.
  double base = 0;
  double patterns = 0;  ///< sqrt(p) c^((d - 1) / 4): exponentially many
  bool proven = false;  ///< whether c >= (2 / sqrt(p))^(4 / (d - 1)), which the theorem demands
};

/// Throws ConfigError unless d >= 2, beta and K are positive and finite and 0 < p <= 1.
ModernCapacity modern_capacity(std::int64_t units, double beta, double k, double failure);

}  // namespace hebb::memory
