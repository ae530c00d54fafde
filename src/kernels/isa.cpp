#include "kernels/isa.hpp"

#include "core/environment.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/isa.cpp"  // NOLINT
#include <hwy/foreach_target.h>               // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

const char* Name() { return hwy::TargetName(HWY_TARGET); }

// Ten chains hide the latency of two multipliers of four or five cycles.
std::int64_t Chains(std::int64_t rounds) {
  const D d;
  const V x = hn::Set(d, 0.999F);
  const V y = hn::Set(d, 0.001F);
  V a = x, b = y, c = x, e = y, f = x, g = y, h = x, i = y, j = x, k = y;
  for (std::int64_t round = 0; round < rounds; ++round) {
    a = hn::MulAdd(a, x, y);
    b = hn::MulAdd(b, x, y);
    c = hn::MulAdd(c, x, y);
    e = hn::MulAdd(e, x, y);
    f = hn::MulAdd(f, x, y);
    g = hn::MulAdd(g, x, y);
    h = hn::MulAdd(h, x, y);
    i = hn::MulAdd(i, x, y);
    j = hn::MulAdd(j, x, y);
    k = hn::MulAdd(k, x, y);
  }
  const V sum = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)),
                        hn::Add(hn::Add(f, g), hn::Add(hn::Add(h, i), hn::Add(j, k))));
  // The result decides nothing, but the compiler cannot know.
  const bool odd = hn::GetLane(sum) == 12345.0F;
  return rounds * 20 * static_cast<std::int64_t>(hn::Lanes(d)) + (odd ? 1 : 0);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Name);
HWY_EXPORT(Chains);

std::string isa_name() {
  apply_isa_choice();
  return HWY_DYNAMIC_DISPATCH(Name)();
}

std::int64_t multiply_and_add(std::int64_t rounds) { return HWY_DYNAMIC_DISPATCH(Chains)(rounds); }

}  // namespace hebb
#endif
