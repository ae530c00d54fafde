#include "kernels/bit_sums.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#define HWY_WANT_AVX3_DL  // which counts the bits of a vector
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bit_sums.cpp"  // NOLINT
#include <hwy/foreach_target.h>                    // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/bit_count-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

std::size_t PackBits(const float* values, std::size_t count, float down, std::uint64_t* words) {
  const hn::CappedTag<float, 64> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  if (lanes >= 8) {
    for (; i + 64 <= count; i += 64) {
      // What processors fetch ahead by themselves ends with a page, which is 16 turns.
      constexpr std::size_t kAhead = 2048;
      for (std::size_t k = 0; k < 64; k += 16) __builtin_prefetch(values + i + kAhead + k);
      std::uint8_t bytes[8];
      auto known = hn::Eq(hn::Zero(d), hn::Zero(d));
      for (std::size_t k = 0; k < 64; k += lanes) {
        const auto value = hn::LoadU(d, values + i + k);
        const auto up = hn::Eq(value, hn::Set(d, 1.0f));
        known = hn::And(known, hn::Or(up, hn::Eq(value, hn::Set(d, down))));
        hn::StoreMaskBits(d, up, bytes + k / 8);
      }
      if (!hn::AllTrue(d, known)) break;
      std::memcpy(words + i / 64, bytes, 8);
    }
  }
  for (; i < count; ++i) {
    if (values[i] == 1) {
      words[i / 64] |= std::uint64_t{1} << (i % 64);
    } else if (!(values[i] == down)) {
      return i;
    }
  }
  return count;
}

void UnpackBits(const std::uint64_t* words, std::size_t count, float down, float* values) {
  const hn::CappedTag<float, 64> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  if (lanes >= 8) {
    const auto* const from = reinterpret_cast<const std::uint8_t*>(words);
    for (; i + lanes <= count; i += lanes) {
      std::uint8_t bytes[8] = {};
      std::memcpy(bytes, from + i / 8, hn::MaxLanes(d) / 8);
      const auto up = hn::LoadMaskBits(d, bytes);
      hn::StoreU(hn::IfThenElse(up, hn::Set(d, 1.0f), hn::Set(d, down)), d, values + i);
    }
  }
  for (; i < count; ++i) values[i] = (words[i / 64] >> (i % 64) & 1) != 0 ? 1 : down;
}

/// Calls body(mask, place) for every bit of a vector of lanes of a line, from `lane` on: `mask` is negative
/// in the lanes whose bit is set, `place` the number of their first value.
template <class D, class Body>
HWY_INLINE void ForEachBitOf(D d, const std::uint64_t* line, std::size_t lane, const Body& body) {
  using T = hn::TFromD<D>;
  constexpr std::size_t kBits = 8 * sizeof(T);
  auto bits = hn::LoadU(d, reinterpret_cast<const T*>(line) + lane);
  // Each turn the next bit, from the highest down, comes to stand where the sign is.
  for (std::size_t bit = kBits; bit-- > 0;) {
    body(bits, bit * (kLineBits / kBits) + lane);
    bits = hn::Add(bits, bits);
  }
}

/// The same for the whole line.
template <class D, class Body>
HWY_INLINE void ForEachBit(D d, const std::uint64_t* line, const Body& body) {
  constexpr std::size_t kLanes = kLineBits / (8 * sizeof(hn::TFromD<D>));
  for (std::size_t lane = 0; lane < kLanes; lane += hn::Lanes(d)) ForEachBitOf(d, line, lane, body);
}

/// `yes` where bits are negative. (IfNegativeThenElse of doubles looks at their sign alone with vectors, but
/// compares with zero in the portable code, which takes the patterns of bits that are no numbers otherwise.)
template <class DF, class VI, class V>
HWY_INLINE V WhereNegative(DF df, VI bits, V yes, V no) {
#if HWY_TARGET == HWY_SCALAR
  (void)df;
  return hn::GetLane(bits) < 0 ? yes : no;
#else
  return hn::IfNegativeThenElse(hn::BitCast(df, bits), yes, no);
#endif
}

// At most one vector long, as a line is.
template <class T>
using LineTag = hn::CappedTag<T, kLineBits / (8 * sizeof(T))>;

std::int64_t SumWhereSet16(const std::uint64_t* line, const std::int16_t* values) {
  const LineTag<std::int16_t> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  auto even = hn::Zero(wide);
  auto odd = hn::Zero(wide);
  ForEachBit(d, line, [&](auto bits, std::size_t place) {
    // -1 where set: products of pairs are summed in 32 bits, where 512 of them cannot overflow.
    even = hn::ReorderWidenMulAccumulate(wide, hn::Load(d, values + place), hn::BroadcastSignBit(bits), even,
                                         odd);
  });
  return -static_cast<std::int64_t>(hn::GetLane(hn::SumOfLanes(wide, hn::Add(even, odd))));
}

std::int64_t SumWhereSet32(const std::uint64_t* line, const std::int32_t* values) {
  const LineTag<std::int32_t> d;
  std::int64_t total = 0;
  for (std::size_t lane = 0; lane < kLineBits / 32; lane += hn::Lanes(d)) {
    auto sum = hn::Zero(d);
    // A lane sums 32 values, which are at most 2^24; the lanes together need more than 32 bits.
    ForEachBitOf(d, line, lane, [&](auto bits, std::size_t place) {
      sum = hn::Add(sum, hn::And(hn::BroadcastSignBit(bits), hn::Load(d, values + place)));
    });
    HWY_ALIGN std::int32_t sums[hn::MaxLanes(d)];
    hn::Store(sum, d, sums);
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) total += sums[i];
  }
  return total;
}

double SumWhereSetF64(const std::uint64_t* line, const double* values) {
  const LineTag<std::int64_t> d;
  const hn::Rebind<double, decltype(d)> df;
  auto sum = hn::Zero(df);
  auto other = hn::Zero(df);
  ForEachBit(d, line, [&](auto bits, std::size_t place) {
    const auto value = WhereNegative(df, bits, hn::Load(df, values + place), hn::Zero(df));
    const auto next = hn::Add(other, value);  // two chains, for an addition takes longer than the rest
    other = sum;
    sum = next;
  });
  return hn::GetLane(hn::SumOfLanes(df, hn::Add(sum, other)));
}

double DifferenceByBits(const std::uint64_t* line, const double* plus, const double* minus) {
  const LineTag<std::int64_t> d;
  const hn::Rebind<double, decltype(d)> df;
  auto sum = hn::Zero(df);
  auto other = hn::Zero(df);
  ForEachBit(d, line, [&](auto bits, std::size_t place) {
    const auto value =
        WhereNegative(df, bits, hn::Load(df, plus + place), hn::Neg(hn::Load(df, minus + place)));
    const auto next = hn::Add(other, value);
    other = sum;
    sum = next;
  });
  return hn::GetLane(hn::SumOfLanes(df, hn::Add(sum, other)));
}

template <class T>
void AddByBits(const std::uint64_t* line, T* values, std::int32_t delta) {
  const LineTag<T> d;
  const auto down = hn::Set(d, static_cast<T>(-delta));
  const auto both = hn::Set(d, static_cast<T>(2 * delta));
  ForEachBit(d, line, [&](auto bits, std::size_t place) {
    const auto change = hn::Add(down, hn::And(hn::BroadcastSignBit(bits), both));
    hn::Store(hn::Add(hn::Load(d, values + place), change), d, values + place);
  });
}

void AddByBits16(const std::uint64_t* line, std::int16_t* values, std::int32_t delta) {
  AddByBits(line, values, delta);
}
void AddByBits32(const std::uint64_t* line, std::int32_t* values, std::int32_t delta) {
  AddByBits(line, values, delta);
}

void AddByBitsF64(const std::uint64_t* line, double* values, double delta) {
  const LineTag<std::int64_t> d;
  const hn::Rebind<double, decltype(d)> df;
  const auto up = hn::Set(df, delta);
  const auto down = hn::Set(df, -delta);
  ForEachBit(d, line, [&](auto bits, std::size_t place) {
    const auto change = WhereNegative(df, bits, up, down);
    hn::Store(hn::Add(hn::Load(df, values + place), change), df, values + place);
  });
}

/// Counters of as many bits as a vector has, held as planes of binary digits: carry-save addition takes five
/// operations for each vector of bits that is counted (Warren, Hacker's Delight, 2nd ed., section 5-1).
template <class D>
class Counters {
 public:
  using V = hn::Vec<D>;

  explicit Counters(D d) : d_(d) {
    for (std::size_t k = 0; k < kDigits; ++k) hn::Store(hn::Zero(d), d, planes_ + k * hn::Lanes(d));
  }

  /// Sum and carry of three digits.
  static HWY_INLINE V AddDigits(V a, V b, V c, V& carry) {
    const V half = hn::Xor(a, b);
    carry = hn::Or(hn::And(a, b), hn::And(half, c));
    return hn::Xor(half, c);
  }

  /// Counts a digit of value 2^k.
  void Add(V carry, std::size_t k) {
    for (; k < kDigits && !hn::AllTrue(d_, hn::Eq(carry, hn::Zero(d_))); ++k) {
      std::uint64_t* const plane = planes_ + k * hn::Lanes(d_);
      const V old = hn::Load(d_, plane);
      hn::Store(hn::Xor(old, carry), d_, plane);
      carry = hn::And(old, carry);
    }
  }

  /// Adds what was counted, which needs so many digits.
  void AddTo(std::uint32_t* counts, std::size_t digits) const {
    const std::size_t lanes = hn::Lanes(d_);
    for (std::size_t k = 0; k < digits; ++k) {
      for (std::size_t i = 0; i < 64 * lanes; ++i)
        counts[i] += static_cast<std::uint32_t>(planes_[k * lanes + i / 64] >> (i % 64) & 1) << k;
    }
  }

 private:
  static constexpr std::size_t kDigits = 31;
  D d_;
  HWY_ALIGN std::uint64_t planes_[kDigits * hn::MaxLanes(D())];
};

/// Sixteen rows at a time go through a tree of carry-save adders, so that the planes are touched once for
/// all.
template <bool kAgreements>
void CountBitsOf(const std::uint64_t* lines, std::size_t units, const std::uint64_t* state,
                 std::size_t patterns, std::uint32_t* counts) {
  const LineTag<std::uint64_t> d;
  using V = hn::Vec<decltype(d)>;
  using Planes = Counters<decltype(d)>;
  std::fill(counts, counts + kLineBits, 0);
  for (std::size_t word = 0; 64 * word < patterns; word += hn::Lanes(d)) {
    Planes counters(d);
    V ones = hn::Zero(d);
    V twos = hn::Zero(d);
    V fours = hn::Zero(d);
    V eights = hn::Zero(d);
    // A line as it is where the unit is up; where it is down its complement, or nothing.
    const auto row = [&](std::size_t unit) {
      const V down = hn::Set(d, (state[unit / 64] >> (unit % 64) & 1) - 1);  // all ones where down
      const V bits = hn::LoadU(d, lines + unit * kLineWords + word);
      return kAgreements ? hn::Xor(bits, down) : hn::AndNot(down, bits);
    };
    // Counts eight rows; returns the carry of value eight.
    const auto eight_rows = [&](std::size_t unit) HWY_ATTR {
      V twos_a, twos_b, fours_a, fours_b, carry;
      ones = Planes::AddDigits(ones, row(unit), row(unit + 1), twos_a);
      ones = Planes::AddDigits(ones, row(unit + 2), row(unit + 3), twos_b);
      twos = Planes::AddDigits(twos, twos_a, twos_b, fours_a);
      ones = Planes::AddDigits(ones, row(unit + 4), row(unit + 5), twos_a);
      ones = Planes::AddDigits(ones, row(unit + 6), row(unit + 7), twos_b);
      twos = Planes::AddDigits(twos, twos_a, twos_b, fours_b);
      fours = Planes::AddDigits(fours, fours_a, fours_b, carry);
      return carry;
    };
    std::size_t unit = 0;
    for (; unit + 16 <= units; unit += 16) {
      V carries[2];
      HEBB_UNROLL
      for (std::size_t k = 0; k < 2; ++k) carries[k] = eight_rows(unit + 8 * k);
      V sixteens;
      eights = Planes::AddDigits(eights, carries[0], carries[1], sixteens);
      counters.Add(sixteens, 4);
    }
    counters.Add(ones, 0);
    counters.Add(twos, 1);
    counters.Add(fours, 2);
    counters.Add(eights, 3);
    for (; unit < units; ++unit) counters.Add(row(unit), 0);
    counters.AddTo(counts + 64 * word, std::bit_width(units));
  }
}

void CountBits(const std::uint64_t* lines, std::size_t units, const std::uint64_t* state, bool agreements,
               std::size_t patterns, std::uint32_t* counts) {
  (agreements ? CountBitsOf<true> : CountBitsOf<false>)(lines, units, state, patterns, counts);
}

std::int64_t CountSet(const std::uint64_t* line, const std::uint64_t* other) {
  alignas(64) static constexpr std::uint64_t none[kLineWords] = {};
  return CountDifferences(line, other == nullptr ? none : other, 1, 0);
}

// ---- Sums of many lines ----

#if HWY_TARGET == HWY_SCALAR  // no byte shuffles

void AddSumsWhereSet(const std::uint64_t* lines, std::size_t units, const std::int16_t* values,
                     std::int64_t scale, std::int64_t* result) {
  for (std::size_t unit = 0; unit < units; ++unit) {
    std::int32_t sum = 0;
    for (std::size_t word = 0; word < kLineWords; ++word) {
      for (std::uint64_t bits = lines[unit * kLineWords + word]; bits != 0; bits &= bits - 1)
        sum += values[64 * word + static_cast<std::size_t>(std::countr_zero(bits))];
    }
    result[unit] += scale * sum;
  }
}

#else

// Four bits are an index into a table of the 16 sums of their four values, which a byte shuffle looks up for
// as many units as a vector has bytes. The two bytes of the sums come from two tables. Two such groups are
// the halves of a byte.

constexpr std::size_t kBytes = kLineBits / 8;
constexpr std::size_t kColumn = 16;  ///< bytes of a line that are worked on at a time
constexpr std::size_t kColumns = kBytes / kColumn;

struct SumTables {
  struct Byte {
    alignas(64) std::uint8_t low[2][16];
    std::uint8_t high[2][16];
  };
  struct Step {
    std::uint8_t byte;  ///< of the column
    bool widen_before;  ///< 16-bit sums could overflow otherwise
  };
  Byte bytes[kBytes];
  Step steps[kBytes];  ///< by columns; bytes whose values are all zero are left out
  std::size_t ends[kColumns];
};

/// The 16 sums of four values, their bytes apart.
HWY_INLINE void MakeTable(const std::int16_t* v, std::uint8_t* low, std::uint8_t* high) {
  const hn::Full128<std::int16_t> d;
  const hn::Full128<std::uint8_t> bytes;
  alignas(16) static constexpr std::int16_t kTaken[3][8] = {
      {0, -1, 0, -1, 0, -1, 0, -1}, {0, 0, -1, -1, 0, 0, -1, -1}, {0, 0, 0, 0, -1, -1, -1, -1}};
  auto sums = hn::Zero(d);
  for (std::size_t k = 0; k < 3; ++k) sums = hn::Add(sums, hn::And(hn::Set(d, v[k]), hn::Load(d, kTaken[k])));
  const auto first = hn::BitCast(bytes, sums);
  const auto second = hn::BitCast(bytes, hn::Add(sums, hn::Set(d, v[3])));
  hn::Store(hn::ConcatEven(bytes, second, first), bytes, low);
  hn::Store(hn::ConcatOdd(bytes, second, first), bytes, high);
}

void MakeTables(const std::int16_t* values, SumTables& tables) {
  int reach = 0;
  std::size_t step = 0;
  for (std::size_t byte = 0; byte < kBytes; ++byte) {
    const std::int16_t* const v = values + 8 * byte;
    int byte_reach = 0;
    for (std::size_t k = 0; k < 8; ++k) byte_reach += std::abs(static_cast<int>(v[k]));
    if (byte_reach != 0) {
      reach += byte_reach;
      const bool widen = reach > 32767;
      if (widen) reach = byte_reach;
      for (std::size_t half = 0; half < 2; ++half)
        MakeTable(v + 4 * half, tables.bytes[byte].low[half], tables.bytes[byte].high[half]);
      tables.steps[step++] = {static_cast<std::uint8_t>(byte % kColumn), widen};
    }
    if (byte % kColumn == kColumn - 1) tables.ends[byte / kColumn] = step;
  }
}

using Bytes = hn::ScalableTag<std::uint8_t>;
constexpr std::size_t kMostBytes = hn::MaxLanes(Bytes());

/// 16 bytes of lines 0, 16, 32... from `line` on, in the blocks of a vector. Lines from `some` on are like
/// the last one.
template <class D>
HWY_INLINE hn::Vec<D> LoadBlocks(D d, const std::uint64_t* lines, std::size_t line, std::size_t some) {
  if constexpr (hn::MaxLanes(D()) == 16) {
    return hn::LoadU(d, reinterpret_cast<const std::uint8_t*>(lines + std::min(line, some - 1) * kLineWords));
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, LoadBlocks(half, lines, line + hn::Lanes(half), some),
                       LoadBlocks(half, lines, line, some));
  }
}

/// Interleaves the first half of 16 vectors with the second, in each block of 16 bytes; four times that is a
/// transposition.
template <class Row>
HWY_INLINE void Interleave16(Bytes d, const Row& row, std::uint8_t* to) {
  const std::size_t n = hn::Lanes(d);
  HEBB_UNROLL
  for (std::size_t k = 0; k < 8; ++k) {
    const auto a = row(k);
    const auto b = row(k + 8);
    hn::Store(hn::InterleaveLower(d, a, b), d, to + 2 * k * n);
    hn::Store(hn::InterleaveUpper(d, a, b), d, to + (2 * k + 1) * n);
  }
}

/// Sums of as many units as a vector has bytes.
class TileSums {
 public:
  explicit TileSums(const SumTables& tables) : tables_(tables) {
    const hn::Repartition<std::int32_t, Bytes> d;
    for (std::size_t k = 0; k < hn::Lanes(d_); k += hn::Lanes(d)) hn::Store(hn::Zero(d), d, wide_ + k);
  }

  void Run(const std::uint64_t* lines, std::size_t units) {
    auto first = hn::Zero(words_);   // units 0-7 of each block of 16
    auto second = hn::Zero(words_);  // units 8-15
    std::size_t step = 0;
    for (std::size_t column = 0; column < kColumns; ++column) {
      if (step == tables_.ends[column]) continue;
      // Row k gets byte k of the column, of all units.
      HWY_ALIGN std::uint8_t rows[kColumn * kMostBytes];
      TransposeColumn(lines + 2 * column, units, rows);
      for (; step < tables_.ends[column]; ++step) {
        const SumTables::Step now = tables_.steps[step];
        if (now.widen_before) Widen(first, second);
        const SumTables::Byte& tables = tables_.bytes[kColumn * column + now.byte];
        const auto bytes = hn::Load(d_, rows + now.byte * hn::Lanes(d_));
        AddLookups(tables.low[0], tables.high[0], hn::And(bytes, hn::Set(d_, 15)), first, second);
        AddLookups(tables.low[1], tables.high[1], hn::ShiftRight<4>(bytes), first, second);
      }
    }
    Widen(first, second);
  }

  std::int32_t operator[](std::size_t unit) const { return wide_[unit]; }

 private:
  using Words = hn::Repartition<std::int16_t, Bytes>;
  using Vector = hn::Vec<Words>;

  void TransposeColumn(const std::uint64_t* column, std::size_t units, std::uint8_t* rows) const {
    const std::size_t n = hn::Lanes(d_);
    HWY_ALIGN std::uint8_t other[kColumn * kMostBytes];
    const auto row_of = [&](const std::uint8_t* from) {
      return [=, this](std::size_t k) { return hn::Load(d_, from + k * n); };
    };
    Interleave16(
        d_, [&](std::size_t k) { return LoadBlocks(d_, column, k, units); }, other);
    Interleave16(d_, row_of(other), rows);
    Interleave16(d_, row_of(rows), other);
    Interleave16(d_, row_of(other), rows);
  }

  HWY_INLINE void AddLookups(const std::uint8_t* low_table, const std::uint8_t* high_table,
                             hn::Vec<Bytes> index, Vector& first, Vector& second) const {
    const auto low = hn::TableLookupBytes(hn::LoadDup128(d_, low_table), index);
    const auto high = hn::TableLookupBytes(hn::LoadDup128(d_, high_table), index);
    first = hn::Add(first, hn::BitCast(words_, hn::InterleaveLower(d_, low, high)));
    second = hn::Add(second, hn::BitCast(words_, hn::InterleaveUpper(d_, low, high)));
  }

  void Widen(Vector& first, Vector& second) {
    HWY_ALIGN std::int16_t sums[2][kMostBytes / 2];
    hn::Store(first, words_, sums[0]);
    hn::Store(second, words_, sums[1]);
    const std::size_t n = hn::Lanes(d_);
    for (std::size_t block = 0; block < n / 16; ++block) {
      for (std::size_t k = 0; k < 8; ++k) wide_[16 * block + k] += sums[0][8 * block + k];
      for (std::size_t k = 0; k < 8; ++k) wide_[16 * block + 8 + k] += sums[1][8 * block + k];
    }
    first = hn::Zero(words_);
    second = hn::Zero(words_);
  }

  const SumTables& tables_;
  Bytes d_;
  Words words_;
  HWY_ALIGN std::int32_t wide_[kMostBytes];
};

void AddSumsWhereSet(const std::uint64_t* lines, std::size_t units, const std::int16_t* values,
                     std::int64_t scale, std::int64_t* result) {
  SumTables tables;
  MakeTables(values, tables);
  const std::size_t n = hn::Lanes(Bytes());
  for (std::size_t unit = 0; unit < units; unit += n) {
    const std::size_t some = std::min(n, units - unit);
    TileSums sums(tables);
    sums.Run(lines + unit * kLineWords, some);
    for (std::size_t k = 0; k < some; ++k) result[unit + k] += scale * sums[k];
  }
}

#endif

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(CountSet);
HWY_EXPORT(PackBits);
HWY_EXPORT(UnpackBits);
HWY_EXPORT(SumWhereSet16);
HWY_EXPORT(SumWhereSet32);
HWY_EXPORT(SumWhereSetF64);
HWY_EXPORT(DifferenceByBits);
HWY_EXPORT(AddByBits16);
HWY_EXPORT(AddByBits32);
HWY_EXPORT(AddByBitsF64);
HWY_EXPORT(CountBits);
HWY_EXPORT(AddSumsWhereSet);

std::int64_t count_set(const std::uint64_t* line) { return HWY_DYNAMIC_DISPATCH(CountSet)(line, nullptr); }
std::int64_t count_differences(const std::uint64_t* line, const std::uint64_t* other) {
  return HWY_DYNAMIC_DISPATCH(CountSet)(line, other);
}
std::size_t pack_bits(const float* values, std::size_t count, float down, std::uint64_t* words) {
  return HWY_DYNAMIC_DISPATCH(PackBits)(values, count, down, words);
}
void unpack_bits(const std::uint64_t* words, std::size_t count, float down, float* values) {
  HWY_DYNAMIC_DISPATCH(UnpackBits)(words, count, down, values);
}
std::int64_t sum_where_set(const std::uint64_t* line, const std::int16_t* values) {
  return HWY_DYNAMIC_DISPATCH(SumWhereSet16)(line, values);
}
std::int64_t sum_where_set(const std::uint64_t* line, const std::int32_t* values) {
  return HWY_DYNAMIC_DISPATCH(SumWhereSet32)(line, values);
}
double sum_where_set(const std::uint64_t* line, const double* values) {
  return HWY_DYNAMIC_DISPATCH(SumWhereSetF64)(line, values);
}
double difference_by_bits(const std::uint64_t* line, const double* plus, const double* minus) {
  return HWY_DYNAMIC_DISPATCH(DifferenceByBits)(line, plus, minus);
}
void add_by_bits(const std::uint64_t* line, std::int16_t* values, std::int32_t delta) {
  HWY_DYNAMIC_DISPATCH(AddByBits16)(line, values, delta);
}
void add_by_bits(const std::uint64_t* line, std::int32_t* values, std::int32_t delta) {
  HWY_DYNAMIC_DISPATCH(AddByBits32)(line, values, delta);
}
void add_by_bits(const std::uint64_t* line, double* values, double delta) {
  HWY_DYNAMIC_DISPATCH(AddByBitsF64)(line, values, delta);
}
void count_bits(const std::uint64_t* lines, std::size_t units, const std::uint64_t* state, bool agreements,
                std::size_t patterns, std::uint32_t* counts) {
  HWY_DYNAMIC_DISPATCH(CountBits)(lines, units, state, agreements, patterns, counts);
}
void add_sums_where_set(const std::uint64_t* lines, std::size_t units, const std::int16_t* values,
                        std::int64_t scale, std::int64_t* result) {
  HWY_DYNAMIC_DISPATCH(AddSumsWhereSet)(lines, units, values, scale, result);
}

}  // namespace hebb
#endif
