#include "kernels/bf16.hpp"

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bf16.cpp"  // NOLINT
#include <hwy/foreach_target.h>                // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

/// Adding just under half of the last place that stays, and its own last bit, carries into it when it must.
template <class Df>
HWY_INLINE hn::Vec<Df> Rounded(Df d, hn::Vec<Df> v) {
  const hn::RebindToUnsigned<Df> du;
  const auto bits = hn::BitCast(du, v);
  const auto last = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1U));
  const auto sum = hn::Add(hn::Add(bits, hn::Set(du, 0x7FFFU)), last);
  const auto rounded = hn::BitCast(d, hn::And(sum, hn::Set(du, 0xFFFF0000U)));
  return hn::IfThenElse(hn::IsNaN(v), v, rounded);
}

void Round(float* values, std::int64_t count) {
  const D d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(Rounded(d, hn::LoadU(d, values + i)), d, values + i);
  for (; i < count; ++i) hn::StoreU(Rounded(one, hn::LoadU(one, values + i)), one, values + i);
}

/// Two rounded numbers in one: their upper halves.
template <class Df>
HWY_INLINE hn::Vec<Df> Paired(Df d, hn::Vec<Df> first, hn::Vec<Df> second) {
  const hn::RebindToUnsigned<Df> du;
  const auto low = hn::ShiftRight<16>(hn::BitCast(du, Rounded(d, first)));
  return hn::BitCast(d, hn::Or(low, hn::BitCast(du, Rounded(d, second))));
}

void PairRows(const float* first, const float* second, std::int64_t count, float* to) {
  const D d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto load = [second](auto tag, std::int64_t i)
                        HWY_ATTR { return second == nullptr ? hn::Zero(tag) : hn::LoadU(tag, second + i); };
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(Paired(d, hn::LoadU(d, first + i), load(d, i)), d, to + i);
  for (; i < count; ++i) hn::StoreU(Paired(one, hn::LoadU(one, first + i), load(one, i)), one, to + i);
}

void PairNeighbours(const float* from, std::int64_t count, float* to) {
  const hn::CappedTag<float, 1> one;
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const auto a = hn::LoadU(d, from + i);
    const auto b = hn::LoadU(d, from + i + lanes);
    hn::StoreU(Paired(d, hn::ConcatEven(d, b, a), hn::ConcatOdd(d, b, a)), d, to + i / 2);
  }
#endif
  for (; i < count; i += 2) {
    const auto second = i + 1 < count ? hn::LoadU(one, from + i + 1) : hn::Zero(one);
    hn::StoreU(Paired(one, hn::LoadU(one, from + i), second), one, to + i / 2);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Round);
HWY_EXPORT(PairRows);
HWY_EXPORT(PairNeighbours);

void round_to_bf16(float* values, std::int64_t count) { HWY_DYNAMIC_DISPATCH(Round)(values, count); }

void pair_rows(const float* first, const float* second, std::int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(PairRows)(first, second, count, to);
}

void pair_neighbours(const float* from, std::int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(PairNeighbours)(from, count, to);
}

}  // namespace hebb
#endif
