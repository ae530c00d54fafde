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

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Round);

void round_to_bf16(float* values, std::int64_t count) { HWY_DYNAMIC_DISPATCH(Round)(values, count); }

}  // namespace hebb
#endif
