#include "memory/connections.hpp"

#include "hebb/random.hpp"

namespace hebb::memory {

namespace {

/// Streams of random numbers that no other part of a memory draws from: one a unit.
constexpr std::uint64_t kStreams = std::uint64_t{'d'} << 56;

}  // namespace

Connections::Connections(std::int64_t units, double dilution, std::uint64_t seed)
    : words_((units + 63) / 64) {
  if (dilution == 0) return;
  bits_.resize(static_cast<std::size_t>(units * words_));
  const auto cut = static_cast<std::uint64_t>(dilution * 0x1p32);
  const auto connect = [&](std::int64_t i, std::int64_t j) {
    bits_[static_cast<std::size_t>(i * words_ + j / 64)] |= std::uint64_t{1} << (j % 64);
  };
  for (std::int64_t i = 0; i < units; ++i) {
    Random random(seed, kStreams + static_cast<std::uint64_t>(i));
    for (std::int64_t j = 0; j < i; ++j) {
      if (random.bits() < cut) continue;
      connect(i, j);
      connect(j, i);
    }
  }
}

void Connections::mask(std::int64_t j, std::int64_t first, std::span<std::int32_t> values) const {
  if (complete()) return;
  const std::span<const std::uint64_t> partners = of(j);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::size_t i = static_cast<std::size_t>(first) + k;
    if (!(partners[i / 64] >> (i % 64) & 1)) values[k] = 0;
  }
}

}  // namespace hebb::memory
