/// Rows of a table by index, and their transpose. Indices are never trusted.
#pragma once

#include <cstdint>

namespace hebb {

/// A table of `rows` rows and `count` indices into it; every row has `width` elements.
struct RowIndices {
  const std::int32_t* indices = nullptr;  ///< [count]
  std::int64_t count = 0;
  std::int64_t rows = 0;
  std::int64_t width = 0;
};

/// result[i] = table[indices[i]], [count, width]; NaN where the index is out of range.
void gather_rows(const RowIndices& p, const float* table, float* result);

/// table[r] = the sum of x[i] over all i with indices[i] == r, added in the order of i. Indices out of range
/// are passed over.
void scatter_add_rows(const RowIndices& p, const float* x, float* table);

/// result[i, k] = 1 where indices[i] == k, else 0: [count, rows]. `width` is not used.
void one_hot_rows(const RowIndices& p, float* result);

/// The index of the first largest element along the middle axis of [outer, n, inner], n > 0; NaN counts as
/// larger than every number.
void argmax(std::int64_t outer, std::int64_t n, std::int64_t inner, const float* x, std::int32_t* result);

}  // namespace hebb
