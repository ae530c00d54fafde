/// Patterns of binary units, packed a bit a unit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "memory/bit_vector.hpp"

namespace hebb::memory {

/// Patterns in blocks of 512: within a block, each unit has a line of 512 bits (a cache line), bit p of which
/// is its value in pattern p of the block. What acts on a unit, and what its change acts on, is so read in
/// order.
class PatternBits {
 public:
  static constexpr std::int64_t kBlock = 512;  ///< patterns in a block
  static constexpr std::int64_t kWords = kBlock / 64;

  explicit PatternBits(std::int64_t units) : units_(units) {}

  std::int64_t units() const { return units_; }
  std::int64_t size() const { return size_; }
  std::int64_t blocks() const { return static_cast<std::int64_t>(blocks_.size()); }
  /// Patterns in a block.
  std::int64_t size_of(std::int64_t block) const { return std::min(kBlock, size_ - block * kBlock); }
  /// Lines of a block, one for each unit; bits of patterns that are not there are zero.
  const std::uint64_t* lines(std::int64_t block) const {
    return reinterpret_cast<const std::uint64_t*>(blocks_[static_cast<std::size_t>(block)].data());
  }

  const std::uint64_t* line(std::int64_t block, std::int64_t unit) const {
    return lines(block) + unit * kWords;
  }

  void append(const BitVector& pattern) { append(std::span(&pattern, 1)); }
  void append(std::span<const BitVector> patterns);
  /// Takes a pattern out; those behind it move up.
  void remove(std::int64_t index);
  /// Keeps the first `size` patterns.
  void truncate(std::int64_t size);
  bool get(std::int64_t index, std::int64_t unit) const {
    const std::int64_t bit = index % kBlock;
    return (lines(index / kBlock)[unit * kWords + bit / 64] >> (bit % 64)) & 1;
  }
  BitVector pattern(std::int64_t index) const;

 private:
  struct alignas(64) Line {
    std::uint64_t words[kWords] = {};
  };
  /// Patterns that share a word of the last block.
  void append_to_word(std::span<const BitVector> patterns);

  std::int64_t units_;
  std::int64_t size_ = 0;
  std::vector<std::vector<Line>> blocks_;
};

}  // namespace hebb::memory
