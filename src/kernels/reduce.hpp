/// Reductions over any set of axes of a row-major array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hebb {

enum class ReduceCode : std::uint8_t { sum, mean, max, min, var, logsumexp };

/// One reduction, prepared for a shape. Immutable: it may run in several threads at once.
///
/// Sums are formed in blocks whose bounds follow from the shape and the width of the instruction set's
/// vectors alone, so results do not depend on the number of threads. NaN among the elements gives NaN.
class Reduction {
 public:
  /// Reduces the axes for which `reduced` is not zero of an array of these extents.
  Reduction(ReduceCode code, std::span<const std::int64_t> extents, std::span<const std::int64_t> reduced);

  /// Reduces x into the kept axes' elements, row-major. Allocates nothing.
  void run(const float* x, float* result) const;

  /// Elements of the result, and elements reduced into each.
  std::int64_t outputs() const { return outputs_; }
  std::int64_t count() const { return count_; }

  /// How one pass combines the elements: their sum, largest, smallest, or the sum of squares or exponentials
  /// of their distance from a shift.
  enum class Fold : std::uint8_t { sum, max, min, squares, exponentials, count };
  /// One pass for one instruction set.
  struct Pass {
    /// Folds `count` runs of n elements, `stride` apart, to one number each.
    void (*rows)(const float* x, std::int64_t count, std::int64_t stride, std::int64_t n, const float* shift,
                 float* result);
    /// Folds `rows` rows, `stride` apart, to one row of `width` numbers.
    void (*columns)(const float* x, std::int64_t rows, std::int64_t stride, std::int64_t width,
                    const float* shift, float* result);
  };

  /// That of the processor's instruction set.
  static const Pass& pass_of(Fold fold);

 private:
  /// Axes of a walk through memory, outermost first.
  struct Axis {
    std::int64_t extent;
    std::int64_t stride;
  };
  struct Walk {
    std::vector<Axis> axes;
    std::int64_t count = 1;
    void push(Axis axis);
    std::int64_t offset(std::int64_t index) const;
  };

  const Pass& pass(Fold fold) const { return passes_[static_cast<std::size_t>(fold)]; }
  template <class RunPass>
  void all_passes(std::int64_t width, float* result, const RunPass& run_pass) const;
  void one_by_one(const float* x, float* result, std::int64_t begin, std::int64_t end) const;
  void rows(const float* x, float* result, std::int64_t begin, std::int64_t end) const;
  void strip(const float* x, float* result, std::int64_t unit) const;
  void run_units(const float* x, float* result, std::int64_t begin, std::int64_t end) const;
  struct Chunks;
  void run_chunks(const float* x, float* result) const;
  void run_variance_chunks(const float* x, float* result) const;
  float identity() const;

  ReduceCode code_;
  const Pass* passes_;  // of the processor's instruction set, by Fold
  std::int64_t outputs_ = 1;
  std::int64_t count_ = 1;
  std::int64_t run_ = 1;        // extent of the innermost group of axes, whose elements are neighbours
  bool run_is_reduced_ = true;  // else each element of the run belongs to another output
  Walk kept_;                   // the other kept axes
  Walk reduced_;                // the other reduced axes
  std::int64_t strips_ = 1;     // pieces of a kept run
  std::int64_t units_ = 1;      // independent pieces of work
  std::int64_t units_of_task_ = 1;
  std::int64_t chunks_ = 1;  // pieces of the reduced elements, where there are too few units to share out
  float scale_ = 1.0F;       // 1 / count
};

}  // namespace hebb
