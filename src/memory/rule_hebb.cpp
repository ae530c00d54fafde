// Rules in which a weight comes from the agreement of its two units: Hebb's, and the sign of Hebb's.
#include <array>

#include "memory/rules.hpp"

namespace hebb::memory {

std::vector<double> signs_of(const BitVector& pattern, std::int64_t padded) {
  std::vector<double> signs(static_cast<std::size_t>(padded));
  for (std::int64_t i = 0; i < pattern.size(); ++i)
    signs[static_cast<std::size_t>(i)] = pattern.get(i) ? 1 : -1;
  return signs;
}

Agreements::Agreements(const PatternBits& patterns, std::int64_t first, std::int64_t end)
    : patterns_(patterns),
      count_(end - first),
      first_block_(first / PatternBits::kBlock),
      masks_(static_cast<std::size_t>((end + PatternBits::kBlock - 1) / PatternBits::kBlock - first_block_)),
      ups_(static_cast<std::size_t>(patterns.units())) {
  for (std::int64_t p = first; p < end; ++p) {
    const std::int64_t bit = p % PatternBits::kBlock;
    masks_[static_cast<std::size_t>(p / PatternBits::kBlock - first_block_)]
          [static_cast<std::size_t>(bit / 64)] |= std::uint64_t{1} << (bit % 64);
  }
  for (std::size_t b = 0; b < masks_.size(); ++b)
    add_common_bits(masks_[b].data(), patterns.lines(first_block_ + static_cast<std::int64_t>(b)),
                    PatternBits::kWords, patterns.units(), ups_.data());
}

void Agreements::of(std::int64_t i, std::int64_t j, std::span<std::int32_t> sums) const {
  std::array<std::int32_t, kTileSide> common = {};
  for (std::size_t b = 0; b < masks_.size(); ++b) {
    const std::uint64_t* lines = patterns_.lines(first_block_ + static_cast<std::int64_t>(b));
    Mask own = masks_[b];
    for (std::size_t w = 0; w < own.size(); ++w)
      own[w] &= lines[static_cast<std::size_t>(i) * own.size() + w];
    add_common_bits(own.data(), lines + j * PatternBits::kWords, PatternBits::kWords,
                    static_cast<std::int64_t>(sums.size()), common.data());
  }
  // The product of two signs is 1 - 2 a - 2 b + 4 a b of their bits.
  const std::int32_t rest = static_cast<std::int32_t>(count_) - 2 * ups_[static_cast<std::size_t>(i)];
  for (std::size_t k = 0; k < sums.size(); ++k)
    sums[k] = rest - 2 * ups_[static_cast<std::size_t>(j) + k] + 4 * common[k];
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
