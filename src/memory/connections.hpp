/// Which pairs of units are connected at all.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hebb::memory {

/// All pairs, or all but the share `dilution` of them, drawn at random: whether i and j < i are connected is
/// a function of (seed, i, j) alone.
class Connections {
 public:
  Connections(std::int64_t units, double dilution, std::uint64_t seed);

  bool complete() const { return bits_.empty(); }
  /// Partners of a unit, a bit each. Not of complete connections.
  std::span<const std::uint64_t> of(std::int64_t unit) const {
    return std::span(bits_).subspan(static_cast<std::size_t>(unit * words_),
                                    static_cast<std::size_t>(words_));
  }
  /// Sets the weights between unit j and the units from `first` on to zero where they are not connected.
  void mask(std::int64_t j, std::int64_t first, std::span<std::int32_t> values) const;

 private:
  std::int64_t words_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace hebb::memory
