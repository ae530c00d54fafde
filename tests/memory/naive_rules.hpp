/// The learning rules as plain loops in float64, and patterns to try them on.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "hebb/random.hpp"
#include "memory/matrix_couplings.hpp"

namespace hebb::memory::naive {

using Row = std::vector<int>;  // a pattern, +-1
using Matrix = std::vector<std::vector<double>>;

inline const std::vector<Rule> kRules = {Rule::hebb,
                                         Rule::storkey,
                                         Rule::pseudo_inverse,
                                         Rule::perceptron,
                                         Rule::symmetric_perceptron,
                                         Rule::minimum_overlap,
                                         Rule::clipped,
                                         Rule::palimpsest};
inline const std::vector<Units> kUnits = {Units::plus_minus_one, Units::zero_one};

inline BitVector bits_of(const Row& row) {
  BitVector bits(static_cast<std::int64_t>(row.size()));
  for (std::size_t i = 0; i < row.size(); ++i) bits.set(static_cast<std::int64_t>(i), row[i] > 0);
  return bits;
}

inline PatternBits pack(const std::vector<Row>& rows, std::size_t units) {
  PatternBits patterns(static_cast<std::int64_t>(units));
  for (const Row& row : rows) patterns.append(bits_of(row));
  return patterns;
}

inline std::vector<Row> random_rows(std::size_t count, std::size_t units, std::uint64_t seed) {
  Random random(seed);
  std::vector<Row> rows(count, Row(units));
  for (Row& row : rows) {
    for (int& value : row) value = random.bits() & 1 ? 1 : -1;
  }
  return rows;
}

/// Rows that differ from one another in about a third of the units.
inline std::vector<Row> correlated_rows(std::size_t count, std::size_t units, std::uint64_t seed) {
  std::vector<Row> rows(count, random_rows(1, units, seed)[0]);
  Random random(seed, 1);
  for (Row& row : rows) {
    for (int& value : row) value = random.below(5) == 0 ? -value : value;
  }
  return rows;
}

/// Some twice, some inverted.
inline std::vector<Row> repeated_rows(std::size_t count, std::size_t units, std::uint64_t seed) {
  std::vector<Row> rows = random_rows(count, units, seed);
  for (std::size_t p = 0; p + 3 < count; p += 4) {
    rows[p + 1] = rows[p];
    std::transform(rows[p].begin(), rows[p].end(), rows[p + 3].begin(), std::negate<>());
  }
  return rows;
}

/// 1 where units are connected.
inline Matrix mask_of(const BinaryOptions& options, std::size_t units) {
  const Connections connections(static_cast<std::int64_t>(units), options.dilution, options.seed);
  Matrix mask(units, std::vector<double>(units, 1.0));
  for (std::size_t i = 0; i < units; ++i) {
    for (std::size_t j = 0; j < units; ++j) {
      const bool connected =
          connections.complete() || (connections.of(static_cast<std::int64_t>(i))[j / 64] >> (j % 64) & 1);
      mask[i][j] = connected && i != j ? 1.0 : 0.0;
    }
  }
  return mask;
}

inline double input(Units units, int value) { return units == Units::zero_one && value < 0 ? 0.0 : value; }

// ---- the rules, plainly
// ------------------------------------------------------------------------------------------------

inline Matrix zeros(std::size_t n) { return Matrix(n, std::vector<double>(n)); }

inline Matrix naive_hebb(const std::vector<Row>& rows, const Matrix& mask) {
  const std::size_t n = mask.size();
  Matrix w = zeros(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (const Row& row : rows) w[i][j] += row[i] * row[j] * mask[i][j];
    }
  }
  return w;
}

inline Matrix naive_clipped(const std::vector<Row>& rows, const Matrix& mask) {
  Matrix w = naive_hebb(rows, mask);
  for (auto& line : w) {
    for (double& value : line) value = (value > 0) - (value < 0);
  }
  return w;
}

inline Matrix naive_storkey(const std::vector<Row>& rows, const Matrix& mask) {
  const std::size_t n = mask.size();
  Matrix w = zeros(n);
  for (const Row& row : rows) {
    const auto field = [&](std::size_t i, std::size_t j) {
      double sum = 0;
      for (std::size_t k = 0; k < n; ++k) {
        if (k != i && k != j) sum += w[i][k] * row[k];
      }
      return sum;
    };
    Matrix next = w;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        next[i][j] +=
            (row[i] * row[j] - row[i] * field(j, i) - field(i, j) * row[j]) / static_cast<double>(n);
        next[i][j] *= mask[i][j];
      }
    }
    w = next;
  }
  return w;
}

/// By the inverse of the correlations (Gauss-Jordan).
inline Matrix naive_pseudo_inverse(const std::vector<Row>& rows, const Matrix& mask) {
  const std::size_t n = mask.size();
  const std::size_t p = rows.size();
  Matrix c(p, std::vector<double>(2 * p));
  for (std::size_t a = 0; a < p; ++a) {
    for (std::size_t b = 0; b < p; ++b)
      c[a][b] =
          std::inner_product(rows[a].begin(), rows[a].end(), rows[b].begin(), 0.0) / static_cast<double>(n);
    c[a][p + a] = 1;
  }
  for (std::size_t a = 0; a < p; ++a) {
    for (std::size_t b = a + 1; b < p; ++b) {
      if (std::abs(c[b][a]) > std::abs(c[a][a])) std::swap(c[a], c[b]);
    }
    const double pivot = c[a][a];
    for (double& value : c[a]) value /= pivot;
    for (std::size_t b = 0; b < p; ++b) {
      const double factor = c[b][a];
      for (std::size_t k = 0; k < 2 * p && b != a; ++k) c[b][k] -= factor * c[a][k];
    }
  }
  Matrix w = zeros(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t a = 0; a < p; ++a) {
        for (std::size_t b = 0; b < p; ++b)
          w[i][j] += rows[a][i] * c[a][p + b] * rows[b][j] * mask[i][j] / static_cast<double>(n);
      }
    }
  }
  return w;
}

inline Matrix naive_palimpsest(const std::vector<Row>& rows, const Matrix& mask, double bound) {
  const std::size_t n = mask.size();
  // A bound of 0.35 / sqrt(N) is floor(0.35 sqrt(N)) steps of 1/N, at least one.
  const double steps = std::max(1.0, std::floor(bound * std::sqrt(static_cast<double>(n))));
  Matrix w = zeros(n);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j)
        w[i][j] = std::clamp(w[i][j] + row[i] * row[j], -steps, steps) * mask[i][j];
    }
  }
  return w;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// What unit i hears of a pattern.
inline std::vector<double> heard(const Row& row, const Matrix& mask, std::size_t i, Units units) {
  std::vector<double> x(row.size());
  for (std::size_t j = 0; j < row.size(); ++j) x[j] = input(units, row[j]) * mask[i][j];
  return x;
}

inline std::vector<double> plus(std::vector<double> k, const std::vector<double>& x, double factor) {
  for (std::size_t j = 0; j < k.size(); ++j) k[j] += factor * x[j];
  return k;
}

/// Whole numbers over divisors, one a unit: sums are exact.
struct Quotients {
  Matrix whole;
  std::vector<double> divisors;
};

inline double norm_of(const std::vector<double>& k) { return std::sqrt(dot(k, k)); }

inline Quotients normalised(Matrix whole) {
  std::vector<double> norms;
  for (const auto& k : whole) norms.push_back(norm_of(k));
  return {std::move(whole), std::move(norms)};
}

inline Quotients naive_perceptron(const std::vector<Row>& rows, const Matrix& mask,
                                  const BinaryOptions& options) {
  Matrix w;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const double bias = options.bias.empty() ? 0 : options.bias[i];
    std::vector<double> k(mask.size());
    for (bool learned = true; learned;) {
      learned = false;
      for (const Row& row : rows) {
        const std::vector<double> x = heard(row, mask, i, options.units);
        const double stable = row[i] * (dot(k, x) + norm_of(k) * bias);
        if (stable > 0 && stable >= options.margin * norm_of(k)) continue;
        k = plus(std::move(k), x, row[i]);
        learned = true;
      }
    }
    w.push_back(k);
  }
  return normalised(w);
}

inline Quotients naive_minimum_overlap(const std::vector<Row>& rows, const Matrix& mask,
                                       const BinaryOptions& options) {
  Matrix w;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    std::vector<double> k(mask.size());
    Matrix inputs;
    for (const Row& row : rows) inputs.push_back(heard(row, mask, i, options.units));
    for (double steps = 0;; ++steps) {
      double least = INFINITY;
      std::size_t worst = 0;
      for (std::size_t p = 0; p < rows.size(); ++p) {
        const double stable = rows[p][i] * dot(k, inputs[p]);
        if (stable < least) {
          least = stable;
          worst = p;
        }
      }
      // The largest stability there can be is at most |K| / steps.
      if (least > 0 && least / norm_of(k) >= 0.99 * norm_of(k) / steps) break;
      k = plus(std::move(k), inputs[worst], rows[worst][i]);
    }
    w.push_back(k);
  }
  return normalised(w);
}

inline Matrix naive_symmetric_perceptron(const std::vector<Row>& rows, const Matrix& mask,
                                         const BinaryOptions& options) {
  const std::size_t n = mask.size();
  Matrix w = zeros(n);
  for (bool learned = true; learned;) {
    learned = false;
    for (const Row& row : rows) {
      std::vector<double> wrong(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double bias = options.bias.empty() ? 0 : options.bias[i] * static_cast<double>(n);
        const double stable = row[i] * (dot(w[i], heard(row, mask, i, options.units)) + bias);
        if (stable > 0 && stable >= options.margin * norm_of(w[i])) continue;
        wrong[i] = row[i];
        learned = true;
      }
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          const double change =
              wrong[i] * input(options.units, row[j]) + wrong[j] * input(options.units, row[i]);
          w[i][j] += mask[i][j] * change;
        }
      }
    }
  }
  return w;
}

/// Of rules whose weights are not rounded, whole numbers and divisors; of the others, the weights.
inline Quotients quotients_of(const std::vector<Row>& rows, const BinaryOptions& options, std::size_t units) {
  const Matrix mask = mask_of(options, units);
  const std::vector<double> ones(units, 1.0);
  const std::vector<double> n(units, static_cast<double>(units));
  switch (options.rule) {
    case Rule::hebb: return {naive_hebb(rows, mask), n};
    case Rule::storkey: return {naive_storkey(rows, mask), ones};
    case Rule::pseudo_inverse: return {naive_pseudo_inverse(rows, mask), ones};
    case Rule::perceptron: return naive_perceptron(rows, mask, options);
    case Rule::symmetric_perceptron: return {naive_symmetric_perceptron(rows, mask, options), n};
    case Rule::minimum_overlap: return naive_minimum_overlap(rows, mask, options);
    case Rule::clipped: return {naive_clipped(rows, mask), n};
    case Rule::palimpsest: return {naive_palimpsest(rows, mask, options.bound), n};
  }
  return {};
}

inline Matrix weights_of(const std::vector<Row>& rows, const BinaryOptions& options, std::size_t units) {
  Quotients result = quotients_of(rows, options, units);
  for (std::size_t i = 0; i < units; ++i) {
    for (double& value : result.whole[i]) value /= result.divisors[i];
  }
  return result.whole;
}

/// How far rounding may take weights: of most rules, which are whole multiples of something, the last bit.
inline double tolerance(Rule rule, std::size_t patterns, std::size_t units) {
  if (rule == Rule::pseudo_inverse) return 1e-9;
  // Half a unit of 2^-24 / N a pattern, which later patterns carry on.
  if (rule == Rule::storkey) return static_cast<double>(4 * patterns) * 0x1p-25 / static_cast<double>(units);
  return 1e-15;
}

inline bool learns_perceptron(Rule rule) {
  return rule == Rule::perceptron || rule == Rule::symmetric_perceptron || rule == Rule::minimum_overlap;
}

inline bool symmetric(Rule rule) { return rule != Rule::perceptron && rule != Rule::minimum_overlap; }

inline void expect_weights(const Couplings& couplings, const Matrix& want, double tolerance,
                           const std::string& what) {
  const auto n = static_cast<std::int64_t>(want.size());
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const double expected = want[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
      ASSERT_NEAR(couplings.weight(i, j), expected, tolerance) << what << ": J(" << i << ", " << j << ")";
    }
  }
}

inline std::string name(const BinaryOptions& options, std::size_t units, std::size_t patterns) {
  return "rule " + std::to_string(static_cast<int>(options.rule)) + ", " + std::to_string(units) +
         " units (" + std::to_string(static_cast<int>(options.units)) + "), " + std::to_string(patterns) +
         " patterns, dilution " + std::to_string(options.dilution);
}

/// Calls f for sets of patterns that the rule can learn.
template <class F>
inline void for_cases(Rule rule, const F& f) {
  for (const Units units : kUnits) {
    for (const double dilution : {0.0, 0.3}) {
      for (const auto& [n, p] :
           std::vector<std::pair<std::size_t, std::size_t>>{{20, 3}, {64, 7}, {65, 5}, {130, 9}}) {
        const BinaryOptions options{.units = units, .rule = rule, .dilution = dilution, .seed = 5};
        f(random_rows(p, n, n), options, n);
        f(correlated_rows(p, n, n), options, n);
        if (rule != Rule::pseudo_inverse) f(repeated_rows(p, n, n), options, n);
      }
    }
  }
}

}  // namespace hebb::memory::naive
