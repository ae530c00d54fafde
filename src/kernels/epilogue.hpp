/// What follows a kernel that computes its result block by block.
#pragma once

#include <cstdint>

namespace hebb {

/// What to do with a block of a result, rows [row, row_end) and columns [column, column_end) of it seen as a
/// matrix, while it is in the cache. Blocks may come from several threads at once.
struct Epilogue {
  void (*run)(const void* context, std::int64_t row, std::int64_t row_end, std::int64_t column,
              std::int64_t column_end) = nullptr;
  const void* context = nullptr;

  void operator()(std::int64_t row, std::int64_t row_end, std::int64_t column,
                  std::int64_t column_end) const {
    if (run != nullptr) run(context, row, row_end, column, column_end);
  }
};

}  // namespace hebb
