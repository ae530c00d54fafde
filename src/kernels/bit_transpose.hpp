/// Transposition of a square of bits.
#pragma once

#include <cstdint>

namespace hebb {

/// Row i, bit j becomes row j, bit i: blocks of half the size are exchanged, then of a quarter, and so on
/// (Warren, Hacker's Delight, 2nd ed., section 7-3).
inline void transpose64(std::uint64_t rows[64]) {
  std::uint64_t mask = 0x00000000ffffffff;
  for (int half = 32; half != 0; half /= 2, mask ^= mask << half) {
    for (int i = 0; i < 64; i = (i + half + 1) & ~half) {
      const std::uint64_t exchanged = ((rows[i] >> half) ^ rows[i + half]) & mask;
      rows[i] ^= exchanged << half;
      rows[i + half] ^= exchanged;
    }
  }
}

}  // namespace hebb
