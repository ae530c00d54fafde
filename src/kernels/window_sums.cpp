#include "kernels/window_sums.hpp"

#include <algorithm>

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/window_sums.cpp"  // NOLINT
#include <hwy/foreach_target.h>                       // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/channels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

void Sums(const WindowSums& s) {
  const D d;
  const Channels<false> channels{static_cast<std::size_t>(s.channels)};
  const V start = s.bias == nullptr ? hn::Zero(d) : channels.load(s.bias);
  const float* row_end = s.row + s.pixels * s.channels;
  for (std::int64_t x = 0; x < s.pixels; ++x) {
    // Window i has the pixel as its tap x + before - i * stride.
    const std::int64_t at = x + s.before;
    const std::int64_t first = at < s.taps ? 0 : (at - s.taps) / s.stride + 1;
    const std::int64_t end = std::min(at / s.stride + 1, s.count);
    V sum = start;
    const float* from = s.windows + first * s.window_step + (at - first * s.stride) * s.channels;
    for (std::int64_t i = first; i < end; ++i, from += s.window_step - s.stride * s.channels)
      sum = hn::Add(sum, hn::LoadU(d, from));
    channels.store_over(sum, s.row + x * s.channels, row_end);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Sums);

void window_sums(const WindowSums& sums) { HWY_DYNAMIC_DISPATCH(Sums)(sums); }

}  // namespace hebb
#endif
