// The projection onto the space that the patterns span.
#include <string>

#include "core/parallel.hpp"
#include "hebb/error.hpp"
#include "memory/rules.hpp"

namespace hebb::memory {

namespace {

/// No projection has a larger weight off its diagonal than 1/2, so 2^31 makes the most of 32 bits.
constexpr double kDivisor = 2147483648;

/// A pattern of which no larger share than this (squared) is left beside the others depends on them.
constexpr double kDependent = 1e-10;

constexpr std::int64_t kGrain = 4096;

using Rows = std::vector<std::vector<double>>;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Takes away what of `row` lies in the space of the orthonormal `basis`.
void project_out(const Rows& basis, std::vector<double>& row) {
  std::vector<double> parts(basis.size());
  parallel_ranges(static_cast<std::int64_t>(basis.size()), 1 + kGrain / static_cast<std::int64_t>(row.size()),
                  [&](std::int64_t begin, std::int64_t end) {
                    for (auto k = static_cast<std::size_t>(begin); k < static_cast<std::size_t>(end); ++k)
                      parts[k] = dot(basis[k], row);
                  });
  parallel_ranges(static_cast<std::int64_t>(row.size()), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::size_t k = 0; k < basis.size(); ++k) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        row[i] -= parts[k] * basis[k][i];
    }
  });
}

/// An orthonormal basis of the space of the patterns (Gram-Schmidt; twice is enough).
Rows basis_of(const PatternBits& patterns, std::int64_t padded) {
  Rows basis;
  for (std::int64_t p = 0; p < patterns.size(); ++p) {
    std::vector<double> row = signs_of(patterns.pattern(p), padded);
    project_out(basis, row);
    project_out(basis, row);
    const double left = dot(row, row);
    if (left <= kDependent * static_cast<double>(patterns.units()))
      throw DataError(
          "pattern " + std::to_string(p) + " is a linear combination of the " + std::to_string(p) +
          " before it; the pseudo-inverse needs patterns that are linearly independent, so at most " +
          std::to_string(patterns.units()) + " of this size, and none twice or inverted");
    for (double& value : row) value /= std::sqrt(left);
    basis.push_back(std::move(row));
  }
  return basis;
}

}  // namespace

void form_pseudo_inverse(const Lesson& lesson, Weights& weights) {
  const Rows basis = basis_of(lesson.patterns, weights.padded());
  weights.set_divisors({kDivisor});
  weights.update([&](std::int64_t j, std::int64_t start, std::span<std::int32_t> values) {
    double sums[kTileSide] = {};
    for (const std::vector<double>& row : basis) {
      const double own = row[static_cast<std::size_t>(j)];
      const double* others = row.data() + start;
      for (std::int64_t k = 0; k < kTileSide; ++k) sums[k] += own * others[k];
    }
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (start + static_cast<std::int64_t>(k) != j)  // on the diagonal, it may be 1
        values[k] = static_cast<std::int32_t>(std::nearbyint(kDivisor * sums[k]));
    }
    lesson.connections.mask(j, start, values);
  });
}

}  // namespace hebb::memory
