/// What single neurons compute: sums of samples (floats) weighted by doubles, and weights moved along a
/// sample. Sums of whole numbers are exact as long as they stay below 2^53.
#pragma once

#include <cstdint>

namespace hebb {

/// The most rows of weights that one pass over a sample serves.
inline constexpr std::int64_t kMostSums = 5;

/// sums[r] = weights[r] . x for `rows` rows, `stride` apart, of n elements. A sum does not depend on the
/// other rows.
struct WeightRows {
  const double* weights = nullptr;
  std::int64_t rows = 0;
  std::int64_t stride = 0;
  std::int64_t n = 0;
};
void weighted_sums(const WeightRows& rows, const float* x, double* sums);

/// w = keep w + step x, of n elements.
void move_along(double* w, std::int64_t n, double keep, double step, const float* x);

/// Each element of w comes nearer to zero by `amount`, and is zero where it would pass it (the proximal step
/// of the L1 norm).
void soften(double* w, std::int64_t n, double amount);

/// Begins to bring n floats into the cache.
inline void fetch_ahead(const float* x, std::int64_t n) {
  constexpr std::int64_t kLine = 16;  // floats
  for (std::int64_t j = 0; j < n; j += kLine) __builtin_prefetch(x + j);
}

/// Whether no element is infinite or not a number.
bool all_finite(const float* x, std::int64_t n);

/// y += factor x of doubles.
void add_multiple(double* y, std::int64_t n, double factor, const double* x);

/// a . b of doubles.
double dot(const double* a, const double* b, std::int64_t n);

}  // namespace hebb
