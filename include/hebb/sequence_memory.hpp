/// Associative memory of sequences: patterns that follow one another.
#pragma once

#include <memory>

#include "hebb/memory.hpp"

namespace hebb::memory {

/// What the slow synapses know of the past: the trace s'(t) of the states s, in sweeps of time; before the
/// cue there was nothing (zeros).
enum class Delay : std::uint8_t {
  fixed,        ///< s'(t) = s(t - tau)
  window,       ///< the mean of s over the last tau
  exponential,  ///< the mean of all s(t - x), weighed by exp(-x / tau) / tau
};

struct SequenceOptions {
  double strength = 2;  ///< lambda of the slow synapses, not negative; patterns follow one another above 1
  double delay = 10;    ///< tau, in sweeps: at least 1, and whole but for `exponential`; at most 10000
  Delay kind = Delay::fixed;
  bool cyclic = true;  ///< the first pattern follows the last
  bool operator==(const SequenceOptions&) const = default;
};

/// Sompolinsky, Kanter, PRL 57, 2861 (1986); Kleinfeld, PNAS 83, 9469 (1986). Fast symmetric synapses hold
/// the pattern that is shown, slow ones call the next:
///
///     h_i(t) = sum_j J_ij s_j(t) + lambda sum_j K_ij s'_j(t),
///     J_ij = 1/N sum_mu xi^mu_i xi^mu_j,   K_ij = 1/N sum_mu xi^(mu+1)_i xi^mu_j,   J_ii = K_ii = 0,
///
/// units +-1, one whose field is zero keeps its state. Patterns are a sequence in the order in which they
/// were stored. Weights are not formed. There is no energy, and a cycle never comes to rest: recall then ends
/// with `max_sweeps`, and `trace` tells by its overlaps what was shown when. An open sequence rests in its
/// last pattern. The trace s' stays as it is during a sweep: in sweep k, `fixed` takes the state after sweep
/// k - tau. Orders but `greedy`, and no temperatures (ConfigError).
class SequenceMemory final : public Memory {
 public:
  /// Throws ConfigError for options out of range.
  explicit SequenceMemory(std::int64_t units, const SequenceOptions& options = {});
  ~SequenceMemory() override;
  SequenceMemory(SequenceMemory&&) noexcept;
  SequenceMemory& operator=(SequenceMemory&&) noexcept;

  const SequenceOptions& options() const;
  std::int64_t units() const override;
  std::int64_t size() const override;
  std::vector<float> pattern(std::int64_t index) const override;
  /// The pattern follows the last one stored. Throws DataError for one that is in the sequence already: from
  /// it two ways would lead on.
  void store(std::span<const float> pattern) override;
  /// The pattern behind it then follows the one before it.
  void forget(std::int64_t index) override;

  bool has_energy() const override { return false; }
  std::optional<double> energy(std::span<const float> state) const override;
  /// h after the state has lasted for long: s' = s.
  std::vector<float> field(std::span<const float> state) const override;
  std::vector<double> overlaps(std::span<const float> state) const override;
  Recall recall(std::span<const float> cue, const RecallOptions& options = {}) const override;
  std::vector<Recall> recall_batch(std::span<const float> cues,
                                   const RecallOptions& options = {}) const override;

 private:
  class Inside;
  std::unique_ptr<Inside> inside_;
};

/// A pattern that was shown: its overlap was the largest, and above 1/2.
struct Visit {
  std::int64_t pattern = 0;
  std::int64_t begin = 0;   ///< the first sweep after which it was
  std::int64_t sweeps = 0;  ///< for how many; of the last visit, those that were seen
};

/// The patterns that a run showed, from its trace.
std::vector<Visit> visits(std::span<const TracePoint> trace);

/// How long each pattern is shown when the trace holds many before it, in sweeps: tau for `fixed`,
/// tau/2 (1 + 1/lambda) for `window`, tau (log 2 - log(1 - 1/lambda)) for `exponential`; infinite for
/// lambda <= 1, when nothing follows. It is the time after which lambda W_0 = 1 + lambda (W_1 + W_2 + ...),
/// W_k being the share of the trace that belongs to the k-th last pattern: then the next pattern outweighs
/// all others together, in every unit (Sompolinsky, Kanter 1986; few patterns, many units).
///
/// Measured with 16000 units and 6 patterns: `fixed` and `window` agree to a sweep. With `exponential` it is
/// a bound: where the pattern before the last agrees with the next, units leave earlier and take others with
/// them (lambda 1.2: 2.17 tau where the bound is 2.48; 1.5: 1.48 for 1.79), and from lambda = 2 on some leave
/// so early that patterns mix and their order is lost.
double expected_dwell(const SequenceOptions& options);

}  // namespace hebb::memory
