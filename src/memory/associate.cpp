#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "hebb/error.hpp"
#include "hebb/modern_memory.hpp"
#include "kernels/attention.hpp"
#include "kernels/gemm.hpp"
#include "kernels/softmax.hpp"

namespace hebb::memory {

namespace {

std::int64_t rows_of(std::span<const float> values, std::int64_t width, const char* what) {
  const auto count = static_cast<std::int64_t>(values.size());
  if (count % width == 0) return count / width;
  throw ShapeError(std::string(what) + " have " + std::to_string(count) +
                   " values, which is no multiple of " + std::to_string(width));
}

/// The problem of one head: the strides are those of all heads.
AttentionProblem problem_of(std::span<const float> queries, std::span<const float> keys,
                            const AssociateOptions& o) {
  const std::int64_t value_width = o.value_width == 0 ? o.width : o.value_width;
  if (o.width < 1 || value_width < 1 || o.heads < 1 || o.width % o.heads != 0 || value_width % o.heads != 0)
    throw ShapeError("expected positive widths that the number of heads divides, got " +
                     std::to_string(o.width) + " and " + std::to_string(value_width) + " for " +
                     std::to_string(o.heads) + " heads");
  AttentionProblem p;
  p.queries = rows_of(queries, o.width, "queries");
  p.keys = rows_of(keys, o.width, "keys");
  p.width = o.width / o.heads;
  p.value_width = value_width / o.heads;
  p.query_stride = p.key_stride = o.width;
  p.value_stride = p.result_stride = value_width;
  const double beta = o.beta.value_or(1 / std::sqrt(static_cast<double>(p.width)));
  p.beta = static_cast<float>(beta);
  if (!(beta >= 0) || !std::isfinite(p.beta))
    throw ConfigError("beta must not be negative nor infinite; got " + std::to_string(beta));
  const auto masked = static_cast<std::int64_t>(o.mask.size());
  if (masked != 0 && masked != p.keys && masked != p.queries * p.keys)
    throw ShapeError("expected a mask of " + std::to_string(p.keys) + " keys, or of that many for each of " +
                     std::to_string(p.queries) + " queries, got " + std::to_string(masked) + " values");
  return p;
}

std::int64_t mask_stride(const AttentionProblem& p, const AssociateOptions& o) {
  return static_cast<std::int64_t>(o.mask.size()) == p.keys ? 0 : p.keys;
}

}  // namespace

std::vector<float> associate(std::span<const float> queries, std::span<const float> keys,
                             std::span<const float> values, const AssociateOptions& options) {
  const AttentionProblem p = problem_of(queries, keys, options);
  if (rows_of(values, p.value_stride, "values") != p.keys)
    throw ShapeError("there are " + std::to_string(p.keys) + " keys and " +
                     std::to_string(rows_of(values, p.value_stride, "values")) + " values");
  std::vector<float> result(static_cast<std::size_t>(p.queries * p.result_stride));
  for (std::int64_t head = 0; head < options.heads; ++head) {
    attention(p, {.queries = queries.data() + head * p.width,
                  .keys = keys.data() + head * p.width,
                  .values = values.data() + head * p.value_width,
                  .result = result.data() + head * p.value_width,
                  .mask = options.mask.empty() ? nullptr : options.mask.data(),
                  .mask_stride = mask_stride(p, options)});
  }
  return result;
}

std::vector<float> association_weights(std::span<const float> queries, std::span<const float> keys,
                                       const AssociateOptions& options) {
  const AttentionProblem p = problem_of(queries, keys, options);
  const Gemm product({.m = p.queries,
                      .n = p.keys,
                      .k = p.width,
                      .transpose_b = true,
                      .a_stride = p.query_stride,
                      .b_stride = p.key_stride,
                      .c_stride = p.keys});
  std::vector<float> result(static_cast<std::size_t>(options.heads * p.queries * p.keys));
  for (std::int64_t head = 0; head < options.heads; ++head) {
    float* weights = result.data() + head * p.queries * p.keys;
    product.run({queries.data() + head * p.width, keys.data() + head * p.width, nullptr, weights});
    std::vector<bool> sees(static_cast<std::size_t>(p.queries), options.mask.empty());
    for (std::int64_t q = 0; q < p.queries; ++q) {
      for (std::int64_t k = 0; k < p.keys; ++k) {
        float& weight = weights[q * p.keys + k];
        const bool seen = options.mask.empty() ||
                          options.mask[static_cast<std::size_t>(q * mask_stride(p, options) + k)] != 0;
        weight = seen ? weight * p.beta : -std::numeric_limits<float>::infinity();
        if (seen) sees[static_cast<std::size_t>(q)] = true;
      }
    }
    softmax({p.queries, p.keys, 1}, weights, weights);
    for (std::int64_t q = 0; q < p.queries; ++q) {
      if (!sees[static_cast<std::size_t>(q)]) std::fill_n(weights + q * p.keys, p.keys, 0.0F);
    }
  }
  return result;
}

}  // namespace hebb::memory
