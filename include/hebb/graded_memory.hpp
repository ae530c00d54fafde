/// Associative memory of units with graded response, in continuous time.
#pragma once

#include <memory>

#include "hebb/memory.hpp"

namespace hebb::memory {

/// Of the equations in the description of GradedMemory.
struct GradedOptions {
  double gain = 10;                        ///< lambda, positive
  double capacitance = 1;                  ///< C, positive
  std::vector<double> resistance = {};     ///< R_i [units], positive; empty: all 1
  std::vector<double> input_current = {};  ///< I_i [units]; empty: all 0
  /// T_ij [units, units], row by row: acts on i, from j. Empty: the Hebb rule of the stored patterns.
  std::vector<double> weights = {};
  /// A step of the integration is accepted when its estimated error in each u_i is at most
  /// relative_tolerance |u_i| + absolute_tolerance / gain. Both positive.
  double relative_tolerance = 1e-6;
  double absolute_tolerance = 1e-6;
  /// A state is at rest when the currents into each unit cancel up to this share of their sizes. Not much
  /// smaller than the tolerances, or it is never reached.
  double rest = 1e-4;
};

/// How things are at one time of a run.
struct GradedPoint {
  double time = 0;               ///< in the unit of C R
  std::optional<double> energy;  ///< where there is one
  double speed = 0;              ///< the largest |du_i/dt|
  std::vector<double> overlaps;  ///< [patterns]
};

/// Hopfield, PNAS 81, 3088 (1984): each unit is an amplifier with input u_i and output V_i in (-1, 1),
///
///     C du_i/dt = sum_j T_ij V_j - u_i / R_i + I_i,    V_i = tanh(lambda u_i)     (his equations 5 and 2),
///
/// and for symmetric T the dynamics go downhill on (his equation 7; the integral is in closed form here)
///
///     E = -1/2 sum_ij T_ij V_i V_j + 1/lambda sum_i 1/R_i int_0^V_i artanh(V) dV - sum_i I_i V_i.
///
/// The Hebb rule T_ij = 1/N sum_mu xi^mu_i xi^mu_j, T_ii = 0, is applied through overlaps, N P operations and
/// no matrix. A lone pattern is held when lambda R > 1. With high gain states of rest are those of a binary
/// memory; with less there are fewer of them, spurious ones going first.
///
/// States are outputs V, patterns are -1 and 1. A cue's unit of -1 or 1, which no finite input has, begins at
/// the nearest output that a float can hold. A *sweep* is the longest of the time constants R_i C: recall
/// stops after `max_sweeps` of them, and traces at their ends. All units move at once: of the orders `random`
/// (the default) and `synchronous` mean the same here, others are a ConfigError; so are temperatures.
class GradedMemory final : public Memory {
 public:
  /// Throws ConfigError for options out of range, ShapeError for options of other sizes.
  explicit GradedMemory(std::int64_t units, const GradedOptions& options = {});
  ~GradedMemory() override;
  GradedMemory(GradedMemory&&) noexcept;
  GradedMemory& operator=(GradedMemory&&) noexcept;

  const GradedOptions& options() const;
  std::int64_t units() const override;
  std::int64_t size() const override;
  std::vector<float> pattern(std::int64_t index) const override;
  /// Throws DataError for a pattern that is stored already. Where weights are given, patterns change nothing
  /// but what overlaps are told of.
  void store(std::span<const float> pattern) override;
  void forget(std::int64_t index) override;

  bool has_energy() const override;
  std::optional<double> energy(std::span<const float> state) const override;
  /// sum_j T_ij V_j + I_i.
  std::vector<float> field(std::span<const float> state) const override;
  std::vector<double> overlaps(std::span<const float> state) const override;
  Recall recall(std::span<const float> cue, const RecallOptions& options = {}) const override;
  std::vector<Recall> recall_batch(std::span<const float> cues,
                                   const RecallOptions& options = {}) const override;

  /// The run that `recall` makes, at its start and after every step of the integration.
  std::vector<GradedPoint> trajectory(std::span<const float> cue, const RecallOptions& options = {}) const;

 private:
  class Inside;
  class Run;
  std::vector<double> checked_cue(std::span<const float> cue, const RecallOptions& options) const;

  std::unique_ptr<Inside> inside_;
};

}  // namespace hebb::memory
