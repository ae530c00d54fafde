/// Sums over patterns of bits: what the memories without weights compute with.
///
/// A line holds the bits of one unit in 512 patterns. Kernels that read one line take values in the order of
/// its lanes, so that bits become masks by a shift: with W bits a lane, bit p belongs to place (p % W) * (512
/// / W) + p / W.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hebb {

inline constexpr std::size_t kLineBits = 512;
inline constexpr std::size_t kLineWords = kLineBits / 64;

/// The place of bit p among 512 values of type T.
template <class T>
constexpr std::size_t lane_place(std::size_t p) {
  constexpr std::size_t kBits = 8 * sizeof(T);
  return p % kBits * (kLineBits / kBits) + p / kBits;
}

/// Sets bit i where values[i] is 1, in words of 64 that were zero. Returns the first i at which there is
/// neither 1 nor `down`, else `count`.
std::size_t pack_bits(const float* values, std::size_t count, float down, std::uint64_t* words);

/// values[i] = 1 where bit i is set, else `down`.
void unpack_bits(const std::uint64_t* words, std::size_t count, float down, float* values);

/// Bits of a line that are set, and those in which two lines differ.
std::int64_t count_set(const std::uint64_t* line);
std::int64_t count_differences(const std::uint64_t* line, const std::uint64_t* other);

/// The sum of the values whose bit is set; 512 values in the order of lanes, aligned to 64 bytes. Integers
/// are summed exactly: 32-bit values may be as large as 2^24.
std::int64_t sum_where_set(const std::uint64_t* line, const std::int16_t* values);
std::int64_t sum_where_set(const std::uint64_t* line, const std::int32_t* values);
double sum_where_set(const std::uint64_t* line, const double* values);

/// The sum of `plus` where bits are set, minus that of `minus` where they are not.
double difference_by_bits(const std::uint64_t* line, const double* plus, const double* minus);

/// values += delta where bits are set, -= delta where they are not.
void add_by_bits(const std::uint64_t* line, std::int16_t* values, std::int32_t delta);
void add_by_bits(const std::uint64_t* line, std::int32_t* values, std::int32_t delta);
void add_by_bits(const std::uint64_t* line, double* values, double delta);

/// counts[p], for the first `patterns` of 512, in the order of their bits (the others get anything): the
/// number of units that are up and whose bit p is set, and, with `agreements`, of those that are down and
/// whose bit is not. `state` holds a bit for each of the `units` lines; units < 2^31.
void count_bits(const std::uint64_t* lines, std::size_t units, const std::uint64_t* state, bool agreements,
                std::size_t patterns, std::uint32_t* counts);

/// result[u] += scale times the sum of those of the 512 values (in the order of bits, each at most 4095 in
/// magnitude) whose bit is set in line u. Exact: sums are widened before they could overflow.
void add_sums_where_set(const std::uint64_t* lines, std::size_t units, const std::int16_t* values,
                        std::int64_t scale, std::int64_t* result);

}  // namespace hebb
