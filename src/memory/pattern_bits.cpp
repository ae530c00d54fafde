#include "memory/pattern_bits.hpp"

#include "core/parallel.hpp"
#include "kernels/bit_transpose.hpp"

namespace hebb::memory {

void PatternBits::append(std::span<const BitVector> patterns) {
  while (!patterns.empty()) {
    if (size_ % kBlock == 0) blocks_.emplace_back(static_cast<std::size_t>(units_));
    const auto room = static_cast<std::size_t>(64 - size_ % 64);
    const std::size_t some = std::min(room, patterns.size());
    append_to_word(patterns.first(some));
    patterns = patterns.subspan(some);
  }
}

void PatternBits::append_to_word(std::span<const BitVector> patterns) {
  const std::int64_t bit = size_ % kBlock;
  const auto word = static_cast<std::size_t>(bit / 64);
  const auto shift = static_cast<std::size_t>(bit % 64);
  Line* const lines = blocks_.back().data();
  parallel_ranges((units_ + 63) / 64, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t column = begin; column < end; ++column) {
      std::uint64_t rows[64] = {};
      for (std::size_t p = 0; p < patterns.size(); ++p)
        rows[shift + p] = patterns[p].words()[static_cast<std::size_t>(column)];
      transpose64(rows);
      const std::int64_t some = std::min<std::int64_t>(64, units_ - 64 * column);
      for (std::int64_t unit = 0; unit < some; ++unit) lines[64 * column + unit].words[word] |= rows[unit];
    }
  });
  size_ += static_cast<std::int64_t>(patterns.size());
}

void PatternBits::remove(std::int64_t index) {
  // Everything above the bit moves down by one, the first bit of a block to the end of the one before.
  const std::int64_t first = index / kBlock;
  const auto word = static_cast<std::size_t>(index % kBlock / 64);
  const std::uint64_t below = (std::uint64_t{1} << (index % 64)) - 1;
  for (std::int64_t unit = 0; unit < units_; ++unit) {
    for (std::int64_t b = first; b < blocks(); ++b) {
      std::uint64_t* words = blocks_[static_cast<std::size_t>(b)][static_cast<std::size_t>(unit)].words;
      const std::uint64_t last = b + 1 < blocks() ? lines(b + 1)[unit * kWords] & 1 : 0;
      const std::size_t from = b == first ? word : 0;
      for (std::size_t w = from; w < kWords; ++w) {
        const std::uint64_t next = w + 1 < kWords ? words[w + 1] & 1 : last;
        const std::uint64_t kept = b == first && w == from ? below : 0;
        words[w] = (words[w] & kept) | ((words[w] >> 1 | next << 63) & ~kept);
      }
    }
  }
  --size_;
  if (size_ % kBlock == 0) blocks_.pop_back();
}

void PatternBits::truncate(std::int64_t size) {
  while (size_ > size) {
    if (size_ - size >= size_of(blocks() - 1) && size_of(blocks() - 1) > 0) {
      size_ -= size_of(blocks() - 1);
      blocks_.pop_back();
    } else {
      remove(size_ - 1);
    }
  }
}

BitVector PatternBits::pattern(std::int64_t index) const {
  BitVector result(units_);
  for (std::int64_t unit = 0; unit < units_; ++unit) result.set(unit, get(index, unit));
  return result;
}

}  // namespace hebb::memory
