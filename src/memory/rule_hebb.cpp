// Rules in which a weight comes from the agreement of its two units: Hebb's, and the sign of Hebb's.
#include <array>

#include "memory/rules.hpp"

namespace hebb::memory {

namespace {

/// Of the patterns of a block, a bit each, those from `first` to `end`.
std::array<std::uint64_t, PatternBits::kWords> mask_of(std::int64_t block, std::int64_t first,
                                                       std::int64_t end) {
  std::array<std::uint64_t, PatternBits::kWords> mask = {};
  const std::int64_t start = block * PatternBits::kBlock;
  for (std::int64_t p = std::max(first - start, std::int64_t{0});
       p < std::min(end - start, PatternBits::kBlock); ++p)
    mask[static_cast<std::size_t>(p / 64)] |= std::uint64_t{1} << (p % 64);
  return mask;
}

}  // namespace

std::vector<double> signs_of(const BitVector& pattern, std::int64_t padded) {
  std::vector<double> signs(static_cast<std::size_t>(padded));
  for (std::int64_t i = 0; i < pattern.size(); ++i)
    signs[static_cast<std::size_t>(i)] = pattern.get(i) ? 1 : -1;
  return signs;
}

Agreements::Agreements(const PatternBits& patterns, std::int64_t first, std::int64_t end)
    : patterns_(patterns), first_(first), end_(end), ups_(static_cast<std::size_t>(patterns.units())) {
  for (std::int64_t b = first / PatternBits::kBlock; b * PatternBits::kBlock < end; ++b)
    add_common_bits(mask_of(b, first, end).data(), patterns.lines(b), PatternBits::kWords, patterns.units(),
                    ups_.data());
}

void Agreements::of(std::int64_t i, std::int64_t j, std::span<std::int32_t> sums) const {
  std::array<std::int32_t, kTileSide> common = {};
  for (std::int64_t b = first_ / PatternBits::kBlock; b * PatternBits::kBlock < end_; ++b) {
    std::array<std::uint64_t, PatternBits::kWords> line = mask_of(b, first_, end_);
    const std::uint64_t* own = patterns_.lines(b) + i * PatternBits::kWords;
    for (std::size_t w = 0; w < line.size(); ++w) line[w] &= own[w];
    add_common_bits(line.data(), patterns_.lines(b) + j * PatternBits::kWords, PatternBits::kWords,
                    static_cast<std::int64_t>(sums.size()), common.data());
  }
  // The product of two signs is 1 - 2 a - 2 b + 4 a b of their bits.
  const auto count = static_cast<std::int32_t>(end_ - first_);
  const std::int32_t ups = ups_[static_cast<std::size_t>(i)];
  for (std::size_t k = 0; k < sums.size(); ++k)
    sums[k] = count - 2 * ups - 2 * ups_[static_cast<std::size_t>(j) + k] + 4 * common[k];
}

void add_hebb(const Lesson& lesson, std::int64_t first, std::int64_t end, int sign, Weights& weights) {
  weights.make_room(1, unit_of(weights) * static_cast<double>(end - first));
  const auto factor = sign * static_cast<std::int32_t>(unit_of(weights));
  const Agreements agreements(lesson.patterns, first, end);
  weights.update([&](std::int64_t j, std::int64_t start, std::span<std::int32_t> values) {
    std::array<std::int32_t, kTileSide> sums;
    agreements.of(j, start, std::span(sums).first(values.size()));
    for (std::size_t k = 0; k < values.size(); ++k) values[k] += factor * sums[k];
    lesson.connections.mask(j, start, values);
  });
}

void form_clipped(const Lesson& lesson, Weights& weights) {
  const Agreements agreements(lesson.patterns, 0, lesson.patterns.size());
  weights.update([&](std::int64_t j, std::int64_t start, std::span<std::int32_t> values) {
    agreements.of(j, start, values);
    for (std::int32_t& value : values) value = (value > 0) - (value < 0);
    lesson.connections.mask(j, start, values);
  });
}

}  // namespace hebb::memory
