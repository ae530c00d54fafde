#include "kernels/attention.hpp"

#include <algorithm>
#include <vector>

#include "core/parallel.hpp"
#include "kernels/gemm.hpp"
#include "kernels/scratch.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cpp"  // NOLINT
#include <hwy/foreach_target.h>                     // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// Turns similarities [rows, stride] into exponentials, for kVectors vectors of queries, which lie beside
/// each other: `largest` and `sum` go on from the blocks before, and `factor` is what their results are to be
/// multiplied by.
template <int kVectors>
HWY_INLINE void ExponentialsOf(float* s, std::int64_t rows, std::int64_t stride, float beta, float* largest,
                               float* sum, float* factor) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const V lowest = hn::Set(d, -__builtin_inff());
  const V scale = hn::Set(d, beta);
  V top[kVectors];
  V total[kVectors];
  HEBB_UNROLL
  for (int v = 0; v < kVectors; ++v) top[v] = hn::LoadU(d, largest + v * lanes);
  for (std::int64_t i = 0; i < rows; ++i) {
    HEBB_UNROLL
    for (int v = 0; v < kVectors; ++v) top[v] = hn::Max(top[v], hn::LoadU(d, s + i * stride + v * lanes));
  }
  HEBB_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const V before = hn::LoadU(d, largest + v * lanes);
    hn::StoreU(top[v], d, largest + v * lanes);
    // A query that has seen nothing yet has minus infinity, which must not be subtracted from itself.
    top[v] = hn::IfThenElse(hn::Eq(top[v], lowest), hn::Zero(d), top[v]);
    const V shrunk = Exp(d, hn::Mul(hn::Sub(before, top[v]), scale));
    hn::StoreU(shrunk, d, factor + v * lanes);
    total[v] = hn::Zero(d);
    hn::StoreU(hn::Mul(hn::LoadU(d, sum + v * lanes), shrunk), d, sum + v * lanes);
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    HEBB_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      float* at = s + i * stride + v * lanes;
      const V e = Exp(d, hn::Mul(hn::Sub(hn::LoadU(d, at), top[v]), scale));
      hn::StoreU(e, d, at);
      total[v] = hn::Add(total[v], e);
    }
  }
  HEBB_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    hn::StoreU(hn::Add(hn::LoadU(d, sum + v * lanes), total[v]), d, sum + v * lanes);
  }
}

/// The same for queries [begin, end), whole vectors.
void Exponentials(float* s, std::int64_t rows, std::int64_t stride, float beta, float* state,
                  std::int64_t begin, std::int64_t end) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  float* largest = state;
  float* sum = state + stride;
  float* factor = state + 2 * stride;
  std::int64_t q = begin;
  for (; q + 4 * lanes <= end; q += 4 * lanes)
    ExponentialsOf<4>(s + q, rows, stride, beta, largest + q, sum + q, factor + q);
  for (; q < end; q += lanes) ExponentialsOf<1>(s + q, rows, stride, beta, largest + q, sum + q, factor + q);
}

/// y = factor y + x, elements of a row.
void ScaleAndAdd(float* y, const float* x, float factor, std::int64_t count) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const V f = hn::Set(d, factor);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(hn::MulAdd(hn::LoadU(d, y + i), f, hn::LoadU(d, x + i)), d, y + i);
  if (i == count) return;
  const auto mask = hn::FirstN(d, static_cast<std::size_t>(count - i));
  hn::BlendedStore(hn::MulAdd(hn::MaskedLoad(mask, d, y + i), f, hn::MaskedLoad(mask, d, x + i)), mask, d,
                   y + i);
}

using DoubleD = hn::ScalableTag<double>;

/// result[q * stride] = queries[q] . key for kQueries queries [kQueries, width]; always summed in two halves.
template <int kQueries>
void DotsInDouble(const double* queries, const float* key, std::int64_t width, double* result,
                  std::int64_t stride) {
  const DoubleD d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto widened = [&](std::int64_t i) HWY_ATTR {
#if HWY_TARGET == HWY_SCALAR
    return hn::Set(d, static_cast<double>(key[i]));
#else
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, DoubleD>(), key + i));
#endif
  };
  hn::Vec<DoubleD> sum[kQueries][2];
  HEBB_UNROLL
  for (int q = 0; q < kQueries; ++q) sum[q][0] = sum[q][1] = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 2 * lanes <= width; i += 2 * lanes) {
    const auto low = widened(i);
    const auto high = widened(i + lanes);
    HEBB_UNROLL
    for (int q = 0; q < kQueries; ++q) {
      sum[q][0] = hn::MulAdd(hn::LoadU(d, queries + q * width + i), low, sum[q][0]);
      sum[q][1] = hn::MulAdd(hn::LoadU(d, queries + q * width + i + lanes), high, sum[q][1]);
    }
  }
  HEBB_UNROLL
  for (int q = 0; q < kQueries; ++q) {
    double total = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum[q][0], sum[q][1])));
    for (std::int64_t j = i; j < width; ++j) total += queries[q * width + j] * static_cast<double>(key[j]);
    result[q * stride] = total;
  }
}

/// The same for any number of queries and for keys [begin, end): result [count, p.keys]. Keys are few enough
/// to stay in the cache for all queries.
void Dots(const AttentionProblem& p, const double* queries, const float* keys, std::int64_t begin,
          std::int64_t end, double* result) {
  std::int64_t q = 0;
  for (; q + 4 <= p.queries; q += 4) {
    for (std::int64_t k = begin; k < end; ++k)
      DotsInDouble<4>(queries + q * p.width, keys + k * p.key_stride, p.width, result + q * p.keys + k,
                      p.keys);
  }
  for (; q < p.queries; ++q) {
    for (std::int64_t k = begin; k < end; ++k)
      DotsInDouble<1>(queries + q * p.width, keys + k * p.key_stride, p.width, result + q * p.keys + k,
                      p.keys);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Exponentials);
HWY_EXPORT(ScaleAndAdd);
HWY_EXPORT(Dots);

namespace {

constexpr std::int64_t kQueries = 256;               // taken together: a block of keys is read once for them
constexpr std::int64_t kFloatsOfBlock = 512 * 1024;  // of keys, which the caches hold for the values' product
constexpr std::int64_t kFloatsOfPiece = 32 * 1024;   // of keys, in the second-level cache
constexpr std::int64_t kFewestKeys = 256;
constexpr std::int64_t kMostKeys = 4096;
constexpr std::int64_t kVector = 16;         // queries are padded to this many, a vector of any target
constexpr std::int64_t kElements = 1 << 14;  // worth a thread

/// Memory for one group of queries.
struct Group {
  std::int64_t first, count;
  std::int64_t stride;  ///< count, rounded up to whole vectors
  float* scores;        ///< [keys of a block, stride]
  float* state;         ///< [3, stride]: largest similarity, sum of exponentials, factor for what was before
  float* sums;          ///< [count, value_width]: of one block
};

void hide(const AttentionOperands& operands, const Group& group, std::int64_t key, std::int64_t keys) {
  for (std::int64_t i = 0; i < keys; ++i) {
    for (std::int64_t q = 0; q < group.count; ++q) {
      if (operands.mask[(group.first + q) * operands.mask_stride + key + i] == 0)
        group.scores[i * group.stride + q] = -__builtin_inff();
    }
  }
}

void attend_to_block(const AttentionProblem& p, const AttentionOperands& operands, const Group& group,
                     std::int64_t key, std::int64_t keys) {
  // Keys are the rows: neither operand of either product has to be transposed, and each lane is a query.
  Gemm({.m = keys,
        .n = group.count,
        .k = p.width,
        .transpose_b = true,
        .a_stride = p.key_stride,
        .b_stride = p.query_stride,
        .c_stride = group.stride})
      .run({operands.keys + key * p.key_stride, operands.queries + group.first * p.query_stride, nullptr,
            group.scores});
  if (operands.mask != nullptr) hide(operands, group, key, keys);
  const auto exponentials = HWY_DYNAMIC_DISPATCH(Exponentials);
  parallel_ranges(
      group.stride / kVector, kElements / (kVector * keys) + 1, [&](std::int64_t begin, std::int64_t end) {
        exponentials(group.scores, keys, group.stride, p.beta, group.state, begin * kVector, end * kVector);
      });
  float* result = operands.result + group.first * p.result_stride;
  const bool first = key == 0;
  Gemm({.m = group.count,
        .n = p.value_width,
        .k = keys,
        .transpose_a = true,
        .a_stride = group.stride,
        .b_stride = p.value_stride,
        .c_stride = first ? p.result_stride : p.value_width})
      .run({group.scores, operands.values + key * p.value_stride, nullptr, first ? result : group.sums});
  if (first) return;
  const auto add = HWY_DYNAMIC_DISPATCH(ScaleAndAdd);
  const float* factor = group.state + 2 * group.stride;
  parallel_ranges(
      group.count, kElements / (p.value_width + 1) + 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t q = begin; q < end; ++q)
          add(result + q * p.result_stride, group.sums + q * p.value_width, factor[q], p.value_width);
      });
}

}  // namespace

void attention(const AttentionProblem& p, const AttentionOperands& operands) {
  const std::int64_t most = std::min(p.queries, kQueries);
  // From the width alone, so that sums are formed in the same order for any number of queries.
  const std::int64_t block =
      std::clamp(kFloatsOfBlock / std::max<std::int64_t>(p.width, 1), kFewestKeys, kMostKeys);
  const std::int64_t stride = ceil_div(most, kVector) * kVector;
  Scratch scratch;
  float* memory =
      scratch.floats(static_cast<std::size_t>((std::min(block, p.keys) + 3) * stride + most * p.value_width));
  for (std::int64_t first = 0; first < p.queries; first += kQueries) {
    const std::int64_t count = std::min(kQueries, p.queries - first);
    Group group = {first, count, ceil_div(count, kVector) * kVector, nullptr, memory, nullptr};
    group.scores = group.state + 3 * group.stride;
    group.sums = group.scores + std::min(block, p.keys) * group.stride;
    std::fill_n(group.state, group.stride, -__builtin_inff());
    // Sums of exponentials, and the columns beyond the queries, which the products leave alone.
    std::fill(group.state + group.stride, group.sums, 0.0F);
    for (std::int64_t key = 0; key < p.keys; key += block)
      attend_to_block(p, operands, group, key, std::min(block, p.keys - key));
    for (std::int64_t q = 0; q < count; ++q) {
      float* row = operands.result + (first + q) * p.result_stride;
      const float sum = group.state[group.stride + q];
      for (std::int64_t j = 0; j < p.value_width; ++j) row[j] = sum == 0 ? 0 : row[j] / sum;
    }
  }
}

void similarities(const AttentionProblem& p, const double* queries, const float* keys, double* result) {
  const auto dots = HWY_DYNAMIC_DISPATCH(Dots);
  const std::int64_t block = std::max<std::int64_t>(1, kFloatsOfPiece / std::max<std::int64_t>(p.width, 1));
  parallel_ranges(p.keys, kElements / (p.queries * p.width + 1) + 1,
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t k = begin; k < end; k += block)
                      dots(p, queries, keys, k, std::min(end, k + block), result);
                  });
}

}  // namespace hebb
#endif
