/// States of binary units, a bit each.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace hebb::memory {

/// `size` bits, in words of 64 whose unused bits are zero. A set bit is a unit that is up.
class BitVector {
 public:
  BitVector() = default;
  explicit BitVector(std::int64_t size) : size_(size), words_(static_cast<std::size_t>((size + 63) / 64)) {}

  std::int64_t size() const { return size_; }
  std::span<const std::uint64_t> words() const { return words_; }
  std::span<std::uint64_t> words() { return words_; }

  bool get(std::int64_t i) const { return (words_[static_cast<std::size_t>(i >> 6)] >> (i & 63)) & 1; }
  void flip(std::int64_t i) { words_[static_cast<std::size_t>(i >> 6)] ^= std::uint64_t{1} << (i & 63); }
  void set(std::int64_t i, bool up) {
    if (get(i) != up) flip(i);
  }

  /// Bits that are set.
  std::int64_t count() const {
    std::int64_t result = 0;
    for (const std::uint64_t word : words_) result += std::popcount(word);
    return result;
  }

  bool operator==(const BitVector&) const = default;

 private:
  std::int64_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace hebb::memory
