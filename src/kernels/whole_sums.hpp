/// Sums over matrices of whole numbers (32 bits), held in double: exact as long as they stay below 2^53, so
/// that neither the order of terms, nor the instruction set, nor the number of threads changes them.
#pragma once

#include <cstdint>

namespace hebb {

/// Rows and columns of a tile, which lies in one piece, row by row.
constexpr std::int64_t kTileSide = 64;
constexpr std::int64_t kTileSize = kTileSide * kTileSide;

/// y[i] += factor * values[i].
void add_scaled(const std::int32_t* values, std::int64_t count, double factor, double* y);

/// y[i] += factor * values[i * stride].
void add_scaled_strided(const std::int32_t* values, std::int64_t stride, std::int64_t count, double factor,
                        double* y);

/// y[c] += sum_r x[r] tile[r][c].
void add_tile_product(const std::int32_t* tile, const double* x, double* y);

/// The same, and with the tile transposed at once: transposed_y[r] += sum_c tile[r][c] transposed_x[c].
void add_tile_products(const std::int32_t* tile, const double* x, double* y, const double* transposed_x,
                       double* transposed_y);

/// A change of weights by two outer products: K_ik becomes growth K_ik + (a_i b_k + b_i a_k), rounded to
/// whole and no larger than `bound` in size. The same for i and k interchanged.
struct OuterChange {
  double growth = 1;
  double a_i = 0;
  double b_i = 0;
  double bound = 2147483647;
};
/// Makes it on a row of a tile, with kTileSide elements of a and b.
void add_outer(std::int32_t* values, const OuterChange& change, const double* a, const double* b);

/// sign[i] * (sum[i] - scale * part[i] + shift), for every i.
struct SignedSums {
  const double* sign = nullptr;
  const double* sum = nullptr;
  const double* part = nullptr;
  double scale = 0;
  double shift = 0;
};
/// The first i at which it is least, of `count`; 0 where there is none.
std::int64_t least_product(const SignedSums& sums, std::int64_t count);

/// counts[k] += the bits set both in `bits` and in row k of `rows` [count, words].
void add_common_bits(const std::uint64_t* bits, const std::uint64_t* rows, std::int64_t words,
                     std::int64_t count, std::int32_t* counts);

}  // namespace hebb
