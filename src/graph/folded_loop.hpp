/// An element-wise program whose values are added up over its rows while they are in the cache.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/elementwise_loop.hpp"
#include "kernels/reduce.hpp"

namespace hebb {

class FoldedLoop {
 public:
  /// The columns of what lies in a slot, added up over all rows.
  struct Fold {
    std::int32_t slot;
    float* result;  ///< one number for each column
  };

  /// Whether folding the rows, all axes but the last, of such an iteration pays.
  static bool pays(const Shape& iteration);

  /// `loop` is two-dimensional and outlives this. Slots that are null get memory for a block at a time.
  FoldedLoop(const ElementwiseLoop& loop, std::vector<float*> slots, std::vector<Fold> folds);

  /// Runs in parallel; sums are formed in blocks whose bounds follow from the shape alone. Allocates nothing
  /// after the first time.
  void run();

 private:
  void run_task(std::int64_t task);

  const ElementwiseLoop& loop_;
  std::vector<Fold> folds_;
  const Reduction::Pass& sum_;
  std::int64_t tasks_;
  std::int64_t block_;                      // rows that are computed, then added up
  std::vector<std::int32_t> passing_;       // slots that are null
  std::vector<std::vector<float*>> slots_;  // by task
  std::vector<float> partials_;             // [tasks, folds, columns]
};

}  // namespace hebb
