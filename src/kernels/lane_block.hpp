/// Units updated one after the other, in many states at once: what recall of many cues without weights spends
/// its time in.
///
/// A lane is a state. All lanes visit the same units in the same order, so that bits of patterns are read,
/// and turned into places of tables, once for all of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/bit_sums.hpp"

namespace hebb {

inline constexpr std::size_t kLanes = 32;
inline constexpr std::size_t kLaneUnits = 32;         ///< of a block, at most
inline constexpr std::int32_t kLaneDigit = 1024;      ///< base of the digits of overlaps
inline constexpr std::int32_t kMostLaneDigit = 1023;  ///< what `low` may grow to in magnitude

/// Overlaps of the lanes with patterns, in two digits: that of pattern p with lane c is
/// low[p * kLanes + c] + kLaneDigit * high[p * kLanes + c]. Rows go on to a multiple of 64, with zeros.
struct LaneOverlaps {
  std::size_t patterns;
  std::int16_t* low;
  std::int16_t* high;       ///< at most 32 in magnitude
  std::int32_t* high_rows;  ///< patterns of which any `high` is not zero
  std::size_t high_count;
  std::int32_t* totals;  ///< [kLanes], the sums of the overlaps of a lane
};

/// A block of units.
struct LaneBlock {
  std::size_t units;
  /// [patterns / kLineBits, units, kLineWords], aligned to 64 bytes: bits of each unit in all patterns, zeros
  /// after the last
  const std::uint64_t* lines;
  std::uint32_t* up;  ///< [units], bit c is set where the unit is up in lane c
  std::int32_t step;  ///< the distance of a unit's two values
  std::int32_t down;  ///< the magnitude of the lower value, 0 or 1
};

/// Flips each unit of the block, one after the other, in the lanes where its field h has the other sign than
/// it has: N h = sum_p xi_p M_p - P x, xi_p = +-1 its value in pattern p, M_p the overlaps, x its own value.
/// Overlaps and totals follow. Adds flips to `flips` [kLanes], and returns the most in a single lane. Needs
/// |low| <= kMostLaneDigit; patterns * units of a state < 2^29.
std::int32_t update_lane_block(LaneOverlaps& overlaps, const LaneBlock& block, std::int64_t* flips);

/// Brings `low` to at most half of kLaneDigit, and lists the rows of `high`.
void normalize_lanes(LaneOverlaps& overlaps);

}  // namespace hebb
