/// Counter-based random numbers: every number is a pure function of (seed, stream, index), so that
/// results never depend on the order or the thread in which they are drawn.
///
/// The generator is Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
/// 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace hebb {

/// One Philox4x32-10 block: 128 random bits from a 128-bit counter and a 64-bit key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A random stream: a value that knows its seed, its stream number and how many numbers were drawn.
/// Copies continue independently from the same place.
class Random {
 public:
  explicit Random(std::uint64_t seed = 0, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  /// 32 uniform random bits.
  std::uint32_t bits();
  /// Uniform in [0, 1), with 24 random bits.
  float uniform();
  /// Uniform in [low, high).
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Standard normal (Box-Muller).
  float normal();
  /// Uniform integer in [0, bound) without bias (Lemire 2019); bound must be positive.
  std::uint32_t below(std::uint32_t bound);
  /// A uniformly random permutation of 0 .. count-1 (Fisher-Yates).
  std::vector<std::int32_t> permutation(std::int32_t count);

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;
  std::array<std::uint32_t, 4> block_{};
};

}  // namespace hebb
