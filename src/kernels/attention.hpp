/// What queries find among keys: sums of values, weighted by the softmax of similarities.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hebb {

/// queries [queries, width], keys [keys, width], values [keys, value_width] -> result [queries, value_width].
/// The strides are elements between rows.
struct AttentionProblem {
  std::int64_t queries = 0;
  std::int64_t keys = 0;
  std::int64_t width = 0;
  std::int64_t value_width = 0;
  std::int64_t query_stride = 0;
  std::int64_t key_stride = 0;
  std::int64_t value_stride = 0;
  std::int64_t result_stride = 0;
  float beta = 1.0F;  ///< by which similarities are multiplied; not negative
};

struct AttentionOperands {
  const float* queries = nullptr;
  const float* keys = nullptr;
  const float* values = nullptr;
  float* result = nullptr;
  /// Where not null, which keys a query sees (not zero): row q begins at q * mask_stride. A stride of 0 is
  /// one mask for all queries.
  const std::uint8_t* mask = nullptr;
  std::int64_t mask_stride = 0;
};

/// result[q] = sum over k of p[q, k] values[k], p[q] = softmax over k of beta queries[q] . keys[k]; zeros for
/// a query that sees no key. Keys are taken block by block, each scaled to the largest similarity so far
/// (online softmax: Milakov and Gimelshein 2018, arXiv:1805.02867), so that similarities never fill memory. A
/// query's result does not depend on what other queries there are.
void attention(const AttentionProblem& problem, const AttentionOperands& operands);

/// result[q, k] = queries[q] . keys[k] in double precision: queries [queries, width] without gaps, result
/// [queries, keys]. Values play no part.
void similarities(const AttentionProblem& problem, const double* queries, const float* keys, double* result);

}  // namespace hebb
