#include "graph/folded_loop.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "core/parallel.hpp"
#include "kernels/scratch.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kTaskElements = 16384;
constexpr std::int64_t kMostTasks = 64;
constexpr std::int64_t kBlockElements = 4096;  // a few such blocks fit the caches of a core
constexpr std::int64_t kMostColumns = 1024;

/// Where a slot would begin whose given row lies at `block`. It is never read before that row.
float* beginning(float* block, std::int64_t row, std::int64_t columns) {
  const auto bytes = static_cast<std::uintptr_t>(row * columns) * sizeof(float);
  return reinterpret_cast<float*>(reinterpret_cast<std::uintptr_t>(block) - bytes);
}

}  // namespace

bool FoldedLoop::pays(const Shape& iteration) {
  return iteration.rank() > 1 && iteration[-1] > 1 && iteration[-1] <= kMostColumns &&
         iteration.elements() >= 2 * kTaskElements;
}

FoldedLoop::FoldedLoop(const ElementwiseLoop& loop, std::vector<float*> slots, std::vector<Fold> folds)
    : loop_(loop),
      folds_(std::move(folds)),
      sum_(Reduction::pass_of(Reduction::Fold::sum)),
      tasks_(std::clamp<std::int64_t>(loop.rows() * loop.columns() / kTaskElements, 1, kMostTasks)),
      block_(std::max<std::int64_t>(1, kBlockElements / loop.columns())),
      slots_(static_cast<std::size_t>(tasks_), slots),
      partials_(static_cast<std::size_t>(tasks_ * std::ssize(folds_) * loop.columns())) {
  for (std::int32_t slot = 0; slot < std::ssize(slots); ++slot) {
    if (slots[static_cast<std::size_t>(slot)] == nullptr) passing_.push_back(slot);
  }
}

void FoldedLoop::run_task(std::int64_t task) {
  const std::int64_t columns = loop_.columns();
  const std::int64_t end = loop_.rows() * (task + 1) / tasks_;
  std::vector<float*>& slots = slots_[static_cast<std::size_t>(task)];
  float* const blocks = thread_scratch(static_cast<std::size_t>(std::ssize(passing_) * block_ * columns));
  float* const sums = partials_.data() + task * std::ssize(folds_) * columns;
  std::fill_n(sums, std::ssize(folds_) * columns, 0.0F);
  std::array<float, kMostColumns> more;
  for (std::int64_t row = loop_.rows() * task / tasks_; row < end; row += block_) {
    const std::int64_t row_end = std::min(end, row + block_);
    for (std::size_t i = 0; i < passing_.size(); ++i) {
      slots[static_cast<std::size_t>(passing_[i])] =
          beginning(blocks + static_cast<std::int64_t>(i) * block_ * columns, row, columns);
    }
    loop_.run(slots.data(), row, row_end, 0, columns);
    for (std::size_t f = 0; f < folds_.size(); ++f) {
      const float* values = slots[static_cast<std::size_t>(folds_[f].slot)] + row * columns;
      sum_.columns(values, row_end - row, columns, columns, nullptr, more.data());
      float* sum = sums + static_cast<std::int64_t>(f) * columns;
      for (std::int64_t c = 0; c < columns; ++c) sum[c] += more[static_cast<std::size_t>(c)];
    }
  }
}

void FoldedLoop::run() {
  const std::int64_t columns = loop_.columns();
  parallel_for(tasks_, [&](std::int64_t task) { run_task(task); });
  for (std::size_t f = 0; f < folds_.size(); ++f) {
    const float* first = partials_.data() + static_cast<std::int64_t>(f) * columns;
    sum_.columns(first, tasks_, std::ssize(folds_) * columns, columns, nullptr, folds_[f].result);
  }
}

}  // namespace hebb
