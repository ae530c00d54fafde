/// Associative memory: what every kind of it has in common.
///
/// A memory stores patterns as places where its dynamics rest. Started from a cue, a damaged pattern say, it
/// moves until nothing changes any more; where it has an energy, every step goes downhill on it.
///
///   hebb/binary_memory.hpp      units of two states; rules from Hebb to unlearning; dense energies
///   hebb/modern_memory.hpp      continuous states, updated by a softmax over the patterns
///   hebb/graded_memory.hpp      units of graded response in continuous time
///   hebb/sequence_memory.hpp    sequences of patterns, which have no energy
///   hebb/energy_descent.hpp     optimization: states of low quadratic energy; hebb/energy_problems.hpp
///   hebb/attractors.hpp         what a memory came to rest in, a census of it, basins of attraction
///   hebb/memory_theory.hpp      capacity laws and the replica theory
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hebb::memory {

/// The order in which units are updated.
enum class Order : std::uint8_t {
  random,       ///< one by one, each sweep in a fresh random order
  fixed,        ///< one by one, from the first unit to the last
  greedy,       ///< always the unit whose change lowers the energy most
  synchronous,  ///< all at once
};

struct RecallOptions {
  Order order = Order::random;
  /// A sweep updates every unit once; of `greedy`, it is as many changes as there are units.
  std::int64_t max_sweeps = 1000;
  /// Before sweeps at temperature zero, one sweep of Glauber dynamics at each of these (simulated annealing);
  /// binary units only. In units of the energy.
  std::vector<double> temperatures = {};
  /// Random orders and random changes are functions of it.
  std::uint64_t seed = 0;
  /// Keep a TracePoint for the start and for every sweep.
  bool trace = false;
};

/// Temperatures from `from` down to `to`, both positive, each the same fraction of the one before.
std::vector<double> cooling(double from, double to, std::int64_t sweeps);

/// How a run ended.
enum class Ending : std::uint8_t {
  fixed_point,  ///< no unit changes any more
  two_cycle,    ///< synchronous updates go back and forth between two states
  step_limit,   ///< neither within the sweeps allowed
};

/// The state after a sweep (0: the cue).
struct TracePoint {
  std::int64_t sweep = 0;
  std::int64_t flips = 0;        ///< units that changed in this sweep
  std::optional<double> energy;  ///< where there is one
  std::vector<double> overlaps;  ///< [patterns]
};

struct Recall {
  std::vector<float> state;  ///< [units]
  Ending ending = Ending::step_limit;
  std::int64_t sweeps = 0;  ///< with the last one, in which nothing changed
  std::int64_t flips = 0;
  std::optional<double> energy_start;
  std::optional<double> energy_end;
  std::vector<TracePoint> trace;

  bool converged() const { return ending == Ending::fixed_point; }
};

/// What every memory can do. States and patterns are `units` floats, of the values that the units have;
/// ShapeError is thrown for other sizes, DataError for other values and for what is not finite.
class Memory {
 public:
  virtual ~Memory();

  virtual std::int64_t units() const = 0;
  /// Patterns stored.
  virtual std::int64_t size() const = 0;
  /// Pattern number `index`, [units]. Throws ShapeError when there is none of this number.
  virtual std::vector<float> pattern(std::int64_t index) const = 0;

  virtual void store(std::span<const float> pattern) = 0;
  /// Removes a pattern; those behind it move up. Throws ConfigError where the rule cannot undo what it
  /// learned.
  virtual void forget(std::int64_t index) = 0;

  /// Whether the dynamics go downhill on an energy. They do not where weights are not symmetric, nor in
  /// sequences.
  virtual bool has_energy() const = 0;
  /// The energy of a state, where there is one.
  virtual std::optional<double> energy(std::span<const float> state) const = 0;
  /// What acts on each unit, [units].
  virtual std::vector<float> field(std::span<const float> state) const = 0;
  /// The cosine between a state and each pattern, [patterns]: 1 for the pattern itself, -1 for its inverse.
  virtual std::vector<double> overlaps(std::span<const float> state) const = 0;

  /// Moves from a cue until nothing changes. Throws ConfigError when nothing is stored or the options ask for
  /// something this memory does not have.
  virtual Recall recall(std::span<const float> cue, const RecallOptions& options = {}) const = 0;
  /// For cues [count, units], the results `recall` would return for each; usually faster.
  virtual std::vector<Recall> recall_batch(std::span<const float> cues,
                                           const RecallOptions& options = {}) const;
};

}  // namespace hebb::memory
