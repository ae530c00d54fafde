#include "kernels/attention.hpp"

#include <algorithm>
#include <vector>

#include "core/parallel.hpp"
#include "kernels/gemm.hpp"
#include "kernels/scratch.hpp"
#include "kernels/targets.hpp"

#ifndef HEBB_KERNELS_ATTENTION_ONCE
#define HEBB_KERNELS_ATTENTION_ONCE
namespace hebb {

/// The similarities of a block of keys to a group of queries, and what is known of each query from the blocks
/// before.
struct OnlineSoftmax {
  std::int64_t keys;
  std::int64_t stride;  ///< number of queries, rounded up to whole vectors
  float beta;
  float* scores;   ///< [keys, stride]
  float* largest;  ///< [stride]: similarity
  float* sum;      ///< [stride]: of exponentials
  float* factor;   ///< [stride]: by which what was summed before is to be multiplied
};

}  // namespace hebb
#endif

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

/// Turns a block's similarities into exponentials, for kVectors vectors of queries beside each other, the
/// first of which is number q.
template <int kVectors>
HWY_INLINE void ExponentialsOf(const OnlineSoftmax& p, std::int64_t q) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const V lowest = hn::Set(d, -__builtin_inff());
  const V scale = hn::Set(d, p.beta);
  V top[kVectors];
  V total[kVectors];
  HEBB_UNROLL
  for (int v = 0; v < kVectors; ++v) top[v] = hn::LoadU(d, p.largest + q + v * lanes);
  for (std::int64_t i = 0; i < p.keys; ++i) {
    const float* at = p.scores + i * p.stride + q;
    HEBB_UNROLL
    for (int v = 0; v < kVectors; ++v) top[v] = hn::Max(top[v], hn::LoadU(d, at + v * lanes));
  }
  HEBB_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const std::int64_t at = q + v * lanes;
    const V before = hn::LoadU(d, p.largest + at);
    hn::StoreU(top[v], d, p.largest + at);
    // A query that has seen nothing yet has minus infinity, which must not be subtracted from itself.
    top[v] = hn::IfThenElse(hn::Eq(top[v], lowest), hn::Zero(d), top[v]);
    const V factor = Exp(d, hn::Mul(hn::Sub(before, top[v]), scale));
    hn::StoreU(factor, d, p.factor + at);
    hn::StoreU(hn::Mul(hn::LoadU(d, p.sum + at), factor), d, p.sum + at);
    total[v] = hn::Zero(d);
  }
  for (std::int64_t i = 0; i < p.keys; ++i) {
    float* at = p.scores + i * p.stride + q;
    HEBB_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const V e = Exp(d, hn::Mul(hn::Sub(hn::LoadU(d, at + v * lanes), top[v]), scale));
      hn::StoreU(e, d, at + v * lanes);
      total[v] = hn::Add(total[v], e);
    }
  }
  HEBB_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    float* sum = p.sum + q + v * lanes;
    hn::StoreU(hn::Add(hn::LoadU(d, sum), total[v]), d, sum);
  }
}

/// The same for queries [begin, end), whole vectors.
void Exponentials(const OnlineSoftmax& p, std::int64_t begin, std::int64_t end) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  std::int64_t q = begin;
  for (; q + 4 * lanes <= end; q += 4 * lanes) ExponentialsOf<4>(p, q);
  for (; q < end; q += lanes) ExponentialsOf<1>(p, q);
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

/// Queries that are taken together, and memory for them.
struct Group {
  std::int64_t first, count;
  OnlineSoftmax softmax;
  float* sums;  ///< [count, value_width]: of one block
};

void hide(const AttentionOperands& operands, const Group& group, std::int64_t key) {
  for (std::int64_t i = 0; i < group.softmax.keys; ++i) {
    float* scores = group.softmax.scores + i * group.softmax.stride;
    for (std::int64_t q = 0; q < group.count; ++q) {
      if (operands.mask[(group.first + q) * operands.mask_stride + key + i] == 0)
        scores[q] = -__builtin_inff();
    }
  }
}

/// Adds what the group finds among the keys from number `key` on.
void attend_to_block(const AttentionProblem& p, const AttentionOperands& operands, const Group& group,
                     std::int64_t key) {
  const OnlineSoftmax& softmax = group.softmax;
  // Keys are the rows: neither operand of either product has to be transposed, and each lane is a query.
  Gemm({.m = softmax.keys,
        .n = group.count,
        .k = p.width,
        .transpose_b = true,
        .a_stride = p.key_stride,
        .b_stride = p.query_stride,
        .c_stride = softmax.stride})
      .run({operands.keys + key * p.key_stride, operands.queries + group.first * p.query_stride, nullptr,
            softmax.scores});
  if (operands.mask != nullptr) hide(operands, group, key);
  const auto exponentials = HWY_DYNAMIC_DISPATCH(Exponentials);
  parallel_ranges(
      softmax.stride / kVector, kElements / (kVector * softmax.keys) + 1,
      [&](std::int64_t begin, std::int64_t end) { exponentials(softmax, begin * kVector, end * kVector); });
  float* result = operands.result + group.first * p.result_stride;
  const bool first = key == 0;
  Gemm({.m = group.count,
        .n = p.value_width,
        .k = softmax.keys,
        .transpose_a = true,
        .a_stride = softmax.stride,
        .b_stride = p.value_stride,
        .c_stride = first ? p.result_stride : p.value_width})
      .run({softmax.scores, operands.values + key * p.value_stride, nullptr, first ? result : group.sums});
  if (first) return;
  const auto add = HWY_DYNAMIC_DISPATCH(ScaleAndAdd);
  parallel_ranges(
      group.count, kElements / (p.value_width + 1) + 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t q = begin; q < end; ++q)
          add(result + q * p.result_stride, group.sums + q * p.value_width, softmax.factor[q], p.value_width);
      });
}

}  // namespace

void attention(const AttentionProblem& p, const AttentionOperands& operands) {
  // From the width alone, so that sums are formed in the same order for any number of queries.
  const std::int64_t block =
      std::clamp(kFloatsOfBlock / std::max<std::int64_t>(p.width, 1), kFewestKeys, kMostKeys);
  const std::int64_t most = std::min(p.queries, kQueries);
  const std::int64_t stride = ceil_div(most, kVector) * kVector;
  const std::int64_t scores = std::min(block, p.keys) * stride;
  Scratch scratch;
  float* memory = scratch.floats(static_cast<std::size_t>(scores + 3 * stride + most * p.value_width));
  // The columns beyond the queries, which the products leave alone.
  std::fill_n(memory, scores, 0.0F);
  for (std::int64_t first = 0; first < p.queries; first += kQueries) {
    float* state = memory + scores;
    Group group = {first,
                   std::min(kQueries, p.queries - first),
                   {0, stride, p.beta, memory, state, state + stride, state + 2 * stride},
                   state + 3 * stride};
    std::fill_n(group.softmax.largest, stride, -__builtin_inff());
    std::fill_n(group.softmax.sum, stride, 0.0F);
    for (std::int64_t key = 0; key < p.keys; key += block) {
      group.softmax.keys = std::min(block, p.keys - key);
      attend_to_block(p, operands, group, key);
    }
    for (std::int64_t q = 0; q < group.count; ++q) {
      float* row = operands.result + (first + q) * p.result_stride;
      const float sum = group.softmax.sum[q];
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
