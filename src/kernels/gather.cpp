#include "kernels/gather.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kElementsOfTask = 16384;  // about 2 us

/// Splits `count` things of `elements` elements each into tasks: `run(begin, end)`.
template <class Run>
void split(std::int64_t count, std::int64_t elements, const Run& run) {
  const std::int64_t share = std::max<std::int64_t>(1, kElementsOfTask / std::max<std::int64_t>(1, elements));
  if (count <= share) {
    run(std::int64_t{0}, count);
    return;
  }
  parallel_for((count + share - 1) / share,
               [&](std::int64_t task) { run(task * share, std::min(count, (task + 1) * share)); });
}

bool within(std::int64_t index, std::int64_t rows) { return index >= 0 && index < rows; }

bool is_larger(float candidate, float best) {
  return candidate > best || (std::isnan(candidate) && !std::isnan(best));
}

}  // namespace

void gather_rows(const RowIndices& p, const float* table, float* result) {
  split(p.count, p.width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* to = result + i * p.width;
      if (within(p.indices[i], p.rows)) {
        std::copy_n(table + p.indices[i] * p.width, p.width, to);
      } else {
        std::fill_n(to, p.width, std::numeric_limits<float>::quiet_NaN());
      }
    }
  });
}

void scatter_add_rows(const RowIndices& p, const float* x, float* table) {
  // Each task owns a range of the table's rows and looks through all indices for them: whatever the number of
  // threads, every row is summed in the order of the indices.
  constexpr std::int64_t kMostTasks = 16;
  const std::int64_t work = p.count * p.width + p.rows * p.width;
  const std::int64_t tasks = std::clamp<std::int64_t>(
      work / kElementsOfTask, 1, std::min(kMostTasks, std::max<std::int64_t>(1, p.rows)));
  parallel_for(tasks, [&](std::int64_t task) {
    const std::int64_t begin = p.rows * task / tasks;
    const std::int64_t end = p.rows * (task + 1) / tasks;
    std::fill(table + begin * p.width, table + end * p.width, 0.0F);
    for (std::int64_t i = 0; i < p.count; ++i) {
      const std::int64_t row = p.indices[i];
      if (row < begin || row >= end) continue;
      float* to = table + row * p.width;
      const float* from = x + i * p.width;
      for (std::int64_t k = 0; k < p.width; ++k) to[k] += from[k];
    }
  });
}

void one_hot_rows(const RowIndices& p, float* result) {
  split(p.count, p.rows, [&](std::int64_t begin, std::int64_t end) {
    std::fill(result + begin * p.rows, result + end * p.rows, 0.0F);
    for (std::int64_t i = begin; i < end; ++i) {
      if (within(p.indices[i], p.rows)) result[i * p.rows + p.indices[i]] = 1.0F;
    }
  });
}

void argmax(std::int64_t outer, std::int64_t n, std::int64_t inner, const float* x, std::int32_t* result) {
  split(outer * inner, n, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const float* p = x + unit / inner * n * inner + unit % inner;
      std::int64_t best = 0;
      for (std::int64_t k = 1; k < n; ++k) {
        if (is_larger(p[k * inner], p[best * inner])) best = k;
      }
      result[unit] = static_cast<std::int32_t>(best);
    }
  });
}

}  // namespace hebb
