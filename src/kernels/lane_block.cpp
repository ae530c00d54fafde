#include "kernels/lane_block.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#define HWY_WANT_AVX3_DL  // which counts the bits of a vector
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lane_block.cpp"  // NOLINT
#include <hwy/foreach_target.h>                      // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/bit_count-inl.h"

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

// Four bits tell the place of a sum in a table. Bits are turned into places in advance, for many at once:
// what is left is to load a byte, which an address takes times 8.
constexpr std::size_t kPlaceUnit = 8;
constexpr std::size_t kPlacesOfLine = kLineBits / 4;
static_assert(kRow * sizeof(std::int16_t) == 8 * kPlaceUnit && 15 * kPlaceUnit < 256);

/// The places of 512 bits, four by four: 8 times each half of every byte.
template <class Word>
void MakePlaces(const Word* line, std::uint8_t* places) {
  const hn::CappedTag<std::uint16_t, kLineBits / 8> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  auto* const pairs = reinterpret_cast<std::uint16_t*>(places);
  for (std::size_t k = 0; k < kLineBits / 8; k += hn::Lanes(d)) {
    const auto byte = hn::PromoteTo(d, hn::Load(bytes, reinterpret_cast<const std::uint8_t*>(line) + k));
    const auto low = hn::And(hn::ShiftLeft<3>(byte), hn::Set(d, 15 * kPlaceUnit));
    const auto high = hn::And(hn::ShiftLeft<7>(byte), hn::Set(d, 15 * kPlaceUnit << 8));
    hn::Store(hn::Or(low, high), d, pairs + k);
  }
}

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

  /// Calls take(c, start + the sum of the rows whose bit is set), for the lanes from c on; by the places of
  /// 32 bits.
  template <class Take>
  HWY_INLINE void Sum(const std::uint8_t* places, const std::int16_t* start, const Take& take) const {
    const D16 d;
    constexpr std::size_t kOne = hn::MaxLanes(D16());
    constexpr std::size_t kStep = kOne < kRow ? 2 * kOne : kOne;
    for (std::size_t c = 0; c < kRow; c += kStep) {
      auto first = hn::Load(d, start + c);
      auto second = kStep > kOne ? hn::Load(d, start + c + kStep - kOne) : hn::Zero(d);
      HEBB_UNROLL
      for (std::size_t g = 0; g < kGroups; ++g) {
        const std::int16_t* const entry = sums[g][0] + places[g] * (kPlaceUnit / sizeof(std::int16_t)) + c;
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

/// A unit's bits in 512 patterns.
HWY_INLINE const std::uint64_t* LineOf(const LaneBlock& block, std::size_t number, std::size_t unit) {
  return block.lines + (number * block.units + unit) * kLineWords;
}

/// Adds, to the sum of each unit, the high digits of patterns that are up at it: kRun of the listed rows at a
/// time.
void AddHighDigits(const LaneOverlaps& overlaps, const LaneBlock& block, RowTables& tables,
                   std::int32_t (*sums)[kRow]) {
  HWY_ALIGN static constexpr std::int16_t zeros[kRow] = {};
  for (std::size_t first = 0; first < overlaps.high_count; first += kRun) {
    const std::size_t count = std::min(kRun, overlaps.high_count - first);
    HWY_ALIGN std::int16_t rows[kRun][kRow] = {};
    HWY_ALIGN std::uint32_t bits[kLaneUnits] = {};
    for (std::size_t k = 0; k < count; ++k) {
      const auto p = static_cast<std::size_t>(overlaps.high_rows[first + k]);
      std::copy_n(overlaps.high + p * kRow, kRow, rows[k]);
      for (std::size_t u = 0; u < block.units; ++u) {
        const std::uint64_t word = LineOf(block, p / kLineBits, u)[p % kLineBits / 64];
        bits[u] |= static_cast<std::uint32_t>(word >> (p % 64) & 1) << k;
      }
    }
    tables.Make(rows[0]);
    HWY_ALIGN std::uint8_t places[kLaneUnits * kGroups];
    for (std::size_t u = 0; u < kLaneUnits; u += kLineBits / kRun) MakePlaces(bits + u, places + u * kGroups);
    const D32 wide;
    for (std::size_t u = 0; u < block.units; ++u) {
      HWY_ALIGN std::int32_t high[kRow] = {};
      tables.Sum(places + u * kGroups, zeros,
                 [&](std::size_t c, auto sum) HWY_ATTR { AddWide(sum, high + c); });
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

/// The lanes whose bit is set.
HWY_INLINE hn::Mask<D16> LanesOf(D16 d, std::uint32_t bits) {
  std::uint8_t bytes[8] = {};
  std::memcpy(bytes, &bits, sizeof(bits));
  return hn::LoadMaskBits(d, bytes);
}

/// What a unit changes by in the lanes where it flips, `step` up or down; and one flip more for them.
void TakeFlips(std::uint32_t flip, std::uint32_t was_up, std::int32_t step, std::int16_t* delta,
               std::int16_t* flips) {
  const D16 d;
  const auto rise = hn::Set(d, static_cast<std::int16_t>(step));
  for (std::size_t c = 0; c < kRow; c += hn::Lanes(d)) {
    const auto flipped = LanesOf(d, flip >> c);
    const auto change = hn::IfThenElse(LanesOf(d, was_up >> c), hn::Neg(rise), rise);
    hn::Store(hn::IfThenElseZero(flipped, change), d, delta + c);
    const auto one = hn::IfThenElseZero(flipped, hn::Set(d, std::int16_t{1}));
    hn::Store(hn::Add(hn::Load(d, flips + c), one), d, flips + c);
  }
}

constexpr std::size_t kWords32 = kLineBits / 32;

/// The block's bits in 512 patterns, by patterns: bit u of rows[j][w] is that of unit u in pattern 32 w + j.
/// In each word, 32 of them are transposed as by transpose64 (kernels/bit_transpose.hpp).
void TransposeLines(const LaneBlock& block, std::size_t number, std::uint32_t (*rows)[kWords32]) {
  const hn::CappedTag<std::uint32_t, kWords32> d;
  std::memcpy(rows, LineOf(block, number, 0), block.units * sizeof(rows[0]));
  std::memset(rows + block.units, 0, (kLaneUnits - block.units) * sizeof(rows[0]));
  std::uint32_t ones = 0x0000ffff;
  for (int half = 16; half != 0; half /= 2, ones ^= ones << half) {
    const auto mask = hn::Set(d, ones);
    for (int i = 0; i < 32; i = (i + half + 1) & ~half) {
      for (std::size_t w = 0; w < kWords32; w += hn::Lanes(d)) {
        const auto a = hn::Load(d, rows[i] + w);
        const auto b = hn::Load(d, rows[i + half] + w);
        const auto exchanged = hn::And(hn::Xor(hn::ShiftRightSame(a, half), b), mask);
        hn::Store(hn::Xor(a, hn::ShiftLeftSame(exchanged, half)), d, rows[i] + w);
        hn::Store(hn::Xor(b, exchanged), d, rows[i + half] + w);
      }
    }
  }
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
  for (std::size_t first = 0; first < overlaps.patterns; first += kLineBits) {
    HWY_ALIGN std::uint32_t rows[kLaneUnits][kWords32];
    HWY_ALIGN std::uint8_t places[kLaneUnits][kPlacesOfLine];
    TransposeLines(block, first / kLineBits, rows);
    for (std::size_t j = 0; j < 32; ++j) MakePlaces(rows[j], places[j]);
    const std::size_t count = std::min(kLineBits, overlaps.patterns - first);
    for (std::size_t p = 0; p < count; ++p) {
      std::int16_t* const row = overlaps.low + (first + p) * kRow;
      tables.Sum(places[p % 32] + p / 32 * kGroups, all, [&](std::size_t c, auto change) HWY_ATTR {
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
    std::uint64_t bits = LineOf(block, first / kLineBits, unit)[first % kLineBits / 64];
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
  const std::size_t lines = (overlaps.patterns + kLineBits - 1) / kLineBits;
  for (std::size_t u = unit + 1; u < block.units; ++u) {
    const std::int32_t differences =
        CountDifferences(LineOf(block, 0, u), LineOf(block, 0, unit), lines, block.units * kLineWords);
    AddScaled(delta, static_cast<std::int32_t>(overlaps.patterns) - 2 * differences, sums[u]);
  }
}

/// sum_p xi_p M_p of each unit: twice the sum where xi is up, less that of all.
void SumRows(const LaneOverlaps& overlaps, const LaneBlock& block, std::int32_t (*sums)[kRow]) {
  const D32 d;
  for (std::size_t u = 0; u < block.units; ++u) std::fill_n(sums[u], kRow, 0);
  HWY_ALIGN static constexpr std::int16_t zeros[kRow] = {};
  RowTables tables;
  for (std::size_t first = 0; first < overlaps.patterns; first += kLineBits) {
    HWY_ALIGN std::uint8_t places[kLaneUnits][kPlacesOfLine];
    for (std::size_t u = 0; u < block.units; ++u) MakePlaces(LineOf(block, first / kLineBits, u), places[u]);
    const std::size_t end = std::min(overlaps.patterns, first + kLineBits);
    for (std::size_t p = first; p < end; p += kRun) {
      tables.Make(overlaps.low + p * kRow);
      for (std::size_t u = 0; u < block.units; ++u)
        tables.Sum(places[u] + (p - first) / 4, zeros,
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
  HWY_ALIGN std::int16_t flips_here[kRow] = {};
  for (std::size_t u = 0; u < block.units; ++u) {
    const Comparison sign = Compare(sums[u], patterns, -patterns * block.down);
    const std::uint32_t up = block.up[u];
    const std::uint32_t flip = (up & sign.less) | (~up & sign.greater);
    if (flip == 0) continue;
    TakeFlips(flip, up, block.step, deltas[u], flips_here);
    CorrectLater(overlaps, block, u, deltas[u], sums);
    block.up[u] ^= flip;
    flipped[count++] = u;
  }

  if (count == 0) return 0;
  const std::uint64_t none[kLineWords] = {};
  for (std::size_t k = 0; k < count; ++k) {
    std::int32_t set = 0;
    for (std::size_t first = 0; first < overlaps.patterns; first += kLineBits)
      set += CountDifferences(LineOf(block, first / kLineBits, flipped[k]), none, 1, 0);
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
