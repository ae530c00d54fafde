/// Numbers of bfloat16: kept in floats, or in pairs, two in the place of a float.
///
/// Instructions for bf16 multiply pairs: each 32 bits of an accumulator get the sum of two products. A
/// product of matrices is therefore one of matrices of pairs, half as deep, on the same tiles
/// (kernels/gemm_tile.hpp). Only where there are such tiles may pairs be made.
#pragma once

#include <cstdint>

#include "kernels/gemm_tile.hpp"

namespace hebb {

/// Rounds each number to bfloat16: to the nearest that has 8 significant bits, ties to even; NaN stays NaN.
void round_to_bf16(float* values, std::int64_t count);

/// to[i] = the pair of from[2 i] and from[2 i + 1], both rounded, the first in the lower half; zero stands
/// for what lies beyond `count` numbers. `to` may be `from`. Subnormal numbers, which such tiles take for
/// zero, may become zero, here and below.
inline void pair_neighbours(const float* from, std::int64_t count, float* to) {
  gemm_tiles().pair_neighbours(from, count, to);
}

/// to[i] = the pair of first[i] and second[i], for i < count; `second` may be null, for zeros. `to` may be
/// `first`, and `second` may lie behind it.
inline void pair_rows(const float* first, const float* second, std::int64_t count, float* to) {
  gemm_tiles().pair_rows(first, second, count, to);
}

/// Rows of `width` numbers: row i of `to` has the pairs of rows 2 i and 2 i + 1; zeros follow the last. `to`
/// may be `from`.
inline void pair_matrix_rows(const float* from, std::int64_t rows, std::int64_t width, float* to) {
  const auto pair = gemm_tiles().pair_rows;
  for (std::int64_t row = 0; row < rows; row += 2, from += 2 * width, to += width)
    pair(from, row + 1 < rows ? from + width : nullptr, width, to);
}

}  // namespace hebb
