// Rules that change all weights pattern by pattern.
#include <numeric>

#include "memory/rules.hpp"

namespace hebb::memory {

namespace {

/// The patterns from `first` on, +-1, with zeros up to `padded`.
std::vector<std::vector<double>> signs_from(const PatternBits& patterns, std::int64_t first, std::int64_t end,
                                            std::int64_t padded) {
  std::vector<std::vector<double>> result;
  for (std::int64_t p = first; p < end; ++p) result.push_back(signs_of(patterns.pattern(p), padded));
  return result;
}

}  // namespace

// With h_i = sum_k J_ik xi_k and J_ii = 0, the field without units i and j is h_ij = h_i - J_ij xi_j, and the
// change of a weight
//   (xi_i xi_j - xi_i h_ji - h_ij xi_j) / N = (xi_i xi_j - xi_i h_j - h_i xi_j + 2 J_ij) / N.
void add_storkey(const Lesson& lesson, std::int64_t first, Weights& weights) {
  const auto n = static_cast<double>(lesson.patterns.units());
  std::vector<double> half(static_cast<std::size_t>(weights.padded()));
  std::vector<double> sums(half.size());
  for (std::int64_t p = first; p < lesson.patterns.size(); ++p) {
    const std::vector<double> signs = signs_of(lesson.patterns.pattern(p), weights.padded());
    weights.product(signs, sums);
    double largest = 0;
    for (const double sum : sums) largest = std::max(largest, std::abs(sum));
    const double unit = unit_of(weights);
    const double part = weights.make_room(1 + 2 / n, unit + 2 * largest / n + 1);
    for (std::size_t i = 0; i < half.size(); ++i)
      half[i] = signs[i] == 0 ? 0 : (unit / 2 * signs[i] - sums[i] / n) / part;
    weights.update([&](std::int64_t j, std::int64_t start, std::span<std::int32_t> values) {
      const OuterChange change{.growth = 1 + 2 / n,
                               .a_i = signs[static_cast<std::size_t>(j)],
                               .b_i = half[static_cast<std::size_t>(j)]};
      add_outer(values.data(), change, signs.data() + start, half.data() + start);
      lesson.connections.mask(j, start, values);
    });
  }
}

void add_palimpsest(const Lesson& lesson, std::int64_t first, Weights& weights) {
  const auto n = static_cast<double>(lesson.patterns.units());
  const double unit = unit_of(weights);
  const double bound = unit * std::max(1.0, std::floor(lesson.options.bound * std::sqrt(n)));
  constexpr std::int64_t kAtOnce = 64;  // patterns that a part of the weights takes while it is in the cache
  for (std::int64_t p = first; p < lesson.patterns.size(); p += kAtOnce) {
    const auto patterns =
        signs_from(lesson.patterns, p, std::min(lesson.patterns.size(), p + kAtOnce), weights.padded());
    weights.update([&](std::int64_t j, std::int64_t start, std::span<std::int32_t> values) {
      for (const std::vector<double>& signs : patterns) {
        const double half = unit * signs[static_cast<std::size_t>(j)] / 2;
        add_outer(values.data(), {.a_i = half, .b_i = half, .bound = bound}, signs.data() + start,
                  signs.data() + start);
      }
      lesson.connections.mask(j, start, values);
    });
  }
}

}  // namespace hebb::memory
