#include "memory/overlap_values.hpp"

#include "core/parallel.hpp"

namespace hebb::memory {

std::vector<std::int64_t> raw_overlaps(const PatternBits& patterns, const BitVector& state,
                                       bool plus_minus_one) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(patterns.size()));
  const std::int64_t whole = plus_minus_one ? patterns.units() : state.count();
  parallel_for(patterns.blocks(), [&](std::int64_t b) {
    std::uint32_t counts[PatternBits::kBlock];
    count_bits(patterns.lines(b), static_cast<std::size_t>(patterns.units()), state.words().data(),
               plus_minus_one, static_cast<std::size_t>(patterns.size_of(b)), counts);
    for (std::int64_t p = 0; p < patterns.size_of(b); ++p)
      result[static_cast<std::size_t>(b * PatternBits::kBlock + p)] = 2 * std::int64_t{counts[p]} - whole;
  });
  return result;
}

std::int64_t count_up(const PatternBits& patterns, std::int64_t unit) {
  std::int64_t up = 0;
  for (std::int64_t b = 0; b < patterns.blocks(); ++b) up += count_set(patterns.line(b, unit));
  return up;
}

std::int64_t agreement(const PatternBits& patterns, std::int64_t i, std::int64_t j) {
  std::int64_t differences = 0;
  for (std::int64_t b = 0; b < patterns.blocks(); ++b)
    differences += count_differences(patterns.line(b, i), patterns.line(b, j));
  return patterns.size() - 2 * differences;
}

}  // namespace hebb::memory
