#include "kernels/lane_block.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/bit_transpose.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lane_block.cpp"  // NOLINT
#include <hwy/foreach_target.h>                      // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D16 = hn::CappedTag<std::int16_t, kLanes>;
using D32 = hn::Rebind<std::int32_t, hn::Half<D16>>;
using Half16 = hn::Rebind<std::int16_t, D32>;

constexpr std::size_t kRun = 32;  // rows of which sums are looked up
static_assert(kRun * kMostLaneDigit < 32768 && kRun >= kLaneUnits);
constexpr std::size_t kGroups = kRun / 4;
constexpr std::size_t kRow = kLanes;

/// All sums of four rows, for 32 rows: the sum of any of them is looked up by their bits, four at a time.
struct RowTables {
  alignas(64) std::int16_t sums[kGroups][16][kRow];

  void Make(const std::int16_t* rows) {
    const D16 d;
    for (std::size_t g = 0; g < kGroups; ++g) {
      const std::int16_t* const four = rows + 4 * g * kRow;
      for (std::size_t c = 0; c < kRow; c += hn::Lanes(d)) {
        hn::Store(hn::Zero(d), d, sums[g][0] + c);
        HEBB_UNROLL
        for (std::size_t i = 1; i < 16; ++i) {
          const auto row = hn::Load(d, four + static_cast<std::size_t>(std::countr_zero(i)) * kRow + c);
          hn::Store(hn::Add(hn::Load(d, sums[g][i & (i - 1)] + c), row), d, sums[g][i] + c);
        }
      }
    }
  }

  /// Calls take(c, start + the sum of the rows whose bit is set), for the lanes from c on.
  template <class Take>
  HWY_INLINE void Sum(std::uint32_t bits, const std::int16_t* start, const Take& take) const {
    const D16 d;
    constexpr std::size_t kOne = hn::MaxLanes(D16());
    constexpr std::size_t kStep = kOne < kRow ? 2 * kOne : kOne;
    for (std::size_t c = 0; c < kRow; c += kStep) {
      auto first = hn::Load(d, start + c);
      auto second = kStep > kOne ? hn::Load(d, start + c + kStep - kOne) : hn::Zero(d);
      // The place of an entry is a multiple of the row's size: bits come to stand there by one shift.
      constexpr int kPlace = std::bit_width(kRow) - 1;
      const std::uint64_t places = std::uint64_t{bits} << kPlace;
      HEBB_UNROLL
      for (std::size_t g = 0; g < kGroups; ++g) {
        const std::int16_t* const entry = sums[g][0] + (places >> (4 * g) & (15 << kPlace)) + c;
        first = hn::Add(first, hn::Load(d, entry));
        if constexpr (kStep > kOne) second = hn::Add(second, hn::Load(d, entry + kOne));
      }
      take(c, first);
      if constexpr (kStep > kOne) take(c + kOne, second);
    }
  }
};

HWY_INLINE void AddWide(hn::Vec<D16> values, std::int32_t* sums32) {
  const D32 wide;
  const auto low = hn::PromoteTo(wide, hn::LowerHalf(values));
  hn::Store(hn::Add(hn::Load(wide, sums32), low), wide, sums32);
#if HWY_TARGET != HWY_SCALAR  // where a vector is one value, so is its half
  const auto high = hn::PromoteTo(wide, hn::UpperHalf(Half16(), values));
  const std::size_t n = hn::Lanes(wide);
  hn::Store(hn::Add(hn::Load(wide, sums32 + n), high), wide, sums32 + n);
#endif
}

void AddScaled(const std::int16_t* values, std::int32_t scale, std::int32_t* sums32) {
  const D32 wide;
  const Half16 half;
  const auto factor = hn::Set(wide, scale);
  for (std::size_t c = 0; c < kRow; c += hn::Lanes(wide)) {
    const auto value = hn::Mul(hn::PromoteTo(wide, hn::Load(half, values + c)), factor);
    hn::Store(hn::Add(hn::Load(wide, sums32 + c), value), wide, sums32 + c);
  }
}

/// Adds, to the sum of each unit, the high digits of patterns that are up at it: kRun of the listed rows at a
/// time.
void AddHighDigits(const LaneOverlaps& overlaps, const LaneBlock& block, RowTables& tables,
                   std::int32_t (*sums)[kRow]) {
  HWY_ALIGN static constexpr std::int16_t zeros[kRow] = {};
  for (std::size_t first = 0; first < overlaps.high_count; first += kRun) {
    const std::size_t count = std::min(kRun, overlaps.high_count - first);
    HWY_ALIGN std::int16_t rows[kRun][kRow] = {};
    std::uint32_t bits[kLaneUnits] = {};
    for (std::size_t k = 0; k < count; ++k) {
      const auto p = static_cast<std::size_t>(overlaps.high_rows[first + k]);
      std::copy_n(overlaps.high + p * kRow, kRow, rows[k]);
      const std::uint64_t* const words = block.words + p / 64 * block.units;
      for (std::size_t u = 0; u < block.units; ++u)
        bits[u] |= static_cast<std::uint32_t>(words[u] >> (p % 64) & 1) << k;
    }
    tables.Make(rows[0]);
    const D32 wide;
    for (std::size_t u = 0; u < block.units; ++u) {
      HWY_ALIGN std::int32_t high[kRow] = {};
      tables.Sum(bits[u], zeros, [&](std::size_t c, auto sum) HWY_ATTR { AddWide(sum, high + c); });
      for (std::size_t c = 0; c < kRow; c += hn::Lanes(wide)) {
        const auto value = hn::Mul(hn::Load(wide, high + c), hn::Set(wide, kLaneDigit));
        hn::Store(hn::Add(hn::Load(wide, sums[u] + c), value), wide, sums[u] + c);
      }
    }
  }
}

/// Bit c: whether values[c] is less than `low`, and greater than `high`.
struct Comparison {
  std::uint32_t less = 0;
  std::uint32_t greater = 0;
};
Comparison Compare(const std::int32_t* values, std::int32_t low, std::int32_t high) {
  const D32 d;
  const std::size_t n = hn::Lanes(d);
  Comparison result;
  for (std::size_t c = 0; c < kRow; c += n) {
    const auto value = hn::Load(d, values + c);
    std::uint8_t bytes[2][8] = {};
    hn::StoreMaskBits(d, hn::Lt(value, hn::Set(d, low)), bytes[0]);
    hn::StoreMaskBits(d, hn::Gt(value, hn::Set(d, high)), bytes[1]);
    std::uint32_t bits[2];
    for (std::size_t k = 0; k < 2; ++k) {
      std::memcpy(&bits[k], bytes[k], sizeof(bits[k]));
      if (n < 32) bits[k] &= (std::uint32_t{1} << n) - 1;
    }
    result.less |= bits[0] << c;
    result.greater |= bits[1] << c;
  }
  return result;
}

/// low[p] += sum_u xi_pu deltas[u]: twice the sum where xi is up, less that of all. Doubles the deltas.
void ChangeOverlaps(const LaneOverlaps& overlaps, const LaneBlock& block, std::int16_t (*deltas)[kRow]) {
  const D16 d;
  HWY_ALIGN std::int16_t all[kRow] = {};
  for (std::size_t u = 0; u < block.units; ++u) {
    for (std::size_t c = 0; c < kRow; c += hn::Lanes(d)) {
      const auto delta = hn::Load(d, deltas[u] + c);
      hn::Store(hn::Sub(hn::Load(d, all + c), delta), d, all + c);
      hn::Store(hn::Add(delta, delta), d, deltas[u] + c);
    }
  }
  RowTables tables;
  tables.Make(deltas[0]);
  for (std::size_t first = 0; first < overlaps.patterns; first += 64) {
    std::uint64_t rows[64] = {};  // of units, then of patterns
    std::copy_n(block.words + first / 64 * block.units, block.units, rows);
    transpose64(rows);
    const std::size_t end = std::min(overlaps.patterns, first + 64);
    for (std::size_t p = first; p < end; ++p) {
      std::int16_t* const row = overlaps.low + p * kRow;
      tables.Sum(static_cast<std::uint32_t>(rows[p - first]), all, [&](std::size_t c, auto change) HWY_ATTR {
        hn::Store(hn::Add(hn::Load(d, row + c), change), d, row + c);
      });
    }
  }
}

/// The same of a single unit.
void ChangeOverlapsBy(const LaneOverlaps& overlaps, const LaneBlock& block, std::size_t unit,
                      const std::int16_t* delta) {
  const D16 d;
  HWY_ALIGN std::int16_t change[2][kRow];
  for (std::size_t c = 0; c < kRow; c += hn::Lanes(d)) {
    const auto up = hn::Load(d, delta + c);
    hn::Store(hn::Neg(up), d, change[0] + c);
    hn::Store(up, d, change[1] + c);
  }
  for (std::size_t first = 0; first < overlaps.patterns; first += 64) {
    std::uint64_t bits = block.words[first / 64 * block.units + unit];
    const std::size_t end = std::min(overlaps.patterns, first + 64);
    for (std::size_t p = first; p < end; ++p, bits >>= 1) {
      std::int16_t* const row = overlaps.low + p * kRow;
      for (std::size_t c = 0; c < kRow; c += hn::Lanes(d))
        hn::Store(hn::Add(hn::Load(d, row + c), hn::Load(d, change[bits & 1] + c)), d, row + c);
    }
  }
}

/// A unit has changed: the sums of those that are still to be updated follow.
void CorrectLater(const LaneOverlaps& overlaps, const LaneBlock& block, std::size_t unit,
                  const std::int16_t* delta, std::int32_t (*sums)[kRow]) {
  std::int32_t differences[kLaneUnits] = {};
  for (std::size_t first = 0; first < overlaps.patterns; first += 64) {
    const std::uint64_t* const words = block.words + first / 64 * block.units;
    for (std::size_t u = unit + 1; u < block.units; ++u)
      differences[u] += std::popcount(words[u] ^ words[unit]);
  }
  for (std::size_t u = unit + 1; u < block.units; ++u)
    AddScaled(delta, static_cast<std::int32_t>(overlaps.patterns) - 2 * differences[u], sums[u]);
}

/// sum_p xi_p M_p of each unit: twice the sum where xi is up, less that of all.
void SumRows(const LaneOverlaps& overlaps, const LaneBlock& block, std::int32_t (*sums)[kRow]) {
  const D32 d;
  for (std::size_t u = 0; u < block.units; ++u) std::fill_n(sums[u], kRow, 0);
  HWY_ALIGN static constexpr std::int16_t zeros[kRow] = {};
  RowTables tables;
  for (std::size_t first = 0; first < overlaps.patterns; first += kRun) {
    tables.Make(overlaps.low + first * kRow);
    for (std::size_t u = 0; u < block.units; ++u) {
      const std::uint64_t bits = block.words[first / 64 * block.units + u] >> (first % 64);
      tables.Sum(static_cast<std::uint32_t>(bits), zeros,
                 [&](std::size_t c, auto sum) HWY_ATTR { AddWide(sum, sums[u] + c); });
    }
  }
  AddHighDigits(overlaps, block, tables, sums);
  for (std::size_t u = 0; u < block.units; ++u) {
    for (std::size_t c = 0; c < kRow; c += hn::Lanes(d)) {
      const auto sum = hn::Load(d, sums[u] + c);
      hn::Store(hn::Sub(hn::Add(sum, sum), hn::Load(d, overlaps.totals + c)), d, sums[u] + c);
    }
  }
}

std::int32_t UpdateLaneBlock(LaneOverlaps& overlaps, const LaneBlock& block, std::int64_t* flips) {
  HWY_ALIGN std::int32_t sums[kLaneUnits][kRow];
  HWY_ALIGN std::int16_t deltas[kLaneUnits][kRow] = {};
  SumRows(overlaps, block, sums);

  const auto patterns = static_cast<std::int32_t>(overlaps.patterns);
  std::size_t flipped[kLaneUnits];
  std::size_t count = 0;
  std::int32_t flips_here[kRow] = {};
  for (std::size_t u = 0; u < block.units; ++u) {
    const Comparison sign = Compare(sums[u], patterns, -patterns * block.down);
    const std::uint32_t up = block.up[u];
    const std::uint32_t flip = (up & sign.less) | (~up & sign.greater);
    if (flip == 0) continue;
    for (std::size_t c = 0; c < kRow; ++c) {
      const std::int32_t moved = static_cast<std::int32_t>(flip >> c & 1);
      const std::int32_t way = 1 - 2 * static_cast<std::int32_t>(up >> c & 1);
      deltas[u][c] = static_cast<std::int16_t>(moved * way * block.step);
      flips_here[c] += moved;
    }
    CorrectLater(overlaps, block, u, deltas[u], sums);
    block.up[u] ^= flip;
    flipped[count++] = u;
  }

  if (count == 0) return 0;
  for (std::size_t k = 0; k < count; ++k) {
    std::int32_t set = 0;
    for (std::size_t word = 0; 64 * word < overlaps.patterns; ++word)
      set += std::popcount(block.words[word * block.units + flipped[k]]);
    AddScaled(deltas[flipped[k]], 2 * set - patterns, overlaps.totals);
  }
  constexpr std::size_t kFew = 6;  // for which tables would take longer
  if (count <= kFew) {
    for (std::size_t k = 0; k < count; ++k) ChangeOverlapsBy(overlaps, block, flipped[k], deltas[flipped[k]]);
  } else {
    ChangeOverlaps(overlaps, block, deltas);
  }
  for (std::size_t c = 0; c < kRow; ++c) flips[c] += flips_here[c];
  return *std::max_element(flips_here, flips_here + kRow);
}

void NormalizeLanes(LaneOverlaps& overlaps) {
  overlaps.high_count = 0;
  for (std::size_t p = 0; p < overlaps.patterns; ++p) {
    std::int16_t* const low = overlaps.low + p * kRow;
    std::int16_t* const high = overlaps.high + p * kRow;
    // |low| stays below 2^15 - 512.
    const D16 d;
    auto any = hn::Zero(d);
    for (std::size_t c = 0; c < kRow; c += hn::Lanes(d)) {
      const auto value = hn::Load(d, low + c);
      const auto carry = hn::ShiftRight<10>(hn::Add(value, hn::Set(d, kLaneDigit / 2)));
      const auto sum = hn::Add(hn::Load(d, high + c), carry);
      hn::Store(hn::Sub(value, hn::ShiftLeft<10>(carry)), d, low + c);
      hn::Store(sum, d, high + c);
      any = hn::Or(any, sum);
    }
    if (!hn::AllTrue(d, hn::Eq(any, hn::Zero(d))))
      overlaps.high_rows[overlaps.high_count++] = static_cast<std::int32_t>(p);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(UpdateLaneBlock);
HWY_EXPORT(NormalizeLanes);

std::int32_t update_lane_block(LaneOverlaps& overlaps, const LaneBlock& block, std::int64_t* flips) {
  return HWY_DYNAMIC_DISPATCH(UpdateLaneBlock)(overlaps, block, flips);
}
void normalize_lanes(LaneOverlaps& overlaps) { HWY_DYNAMIC_DISPATCH(NormalizeLanes)(overlaps); }

}  // namespace hebb
#endif
