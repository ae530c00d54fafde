// Channels of a pixel, a vector at a time.
//
// No guard of the usual kind: the file is compiled once for every instruction set.
#if defined(HEBB_KERNELS_CHANNELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEBB_KERNELS_CHANNELS_INL_H_
#undef HEBB_KERNELS_CHANNELS_INL_H_
#else
#define HEBB_KERNELS_CHANNELS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// Some neighbouring channels: a vector of them, or fewer.
template <bool kWhole>
struct Channels {
  std::size_t count;

  V load(const float* p) const {
    const D d;
    if constexpr (kWhole) return hn::LoadU(d, p);
    return hn::MaskedLoad(hn::FirstN(d, count), d, p);
  }
  void store(V v, float* p) const {
    const D d;
    if constexpr (kWhole) {
      hn::StoreU(v, d, p);
    } else {
      StoreFirst(v, d, p, count);
    }
  }
  /// The same where what lies behind the channels, up to `end`, will be stored later: that may be overwritten.
  void store_over(V v, float* p, const float* end) const {
    const D d;
    if (kWhole || end - p >= static_cast<std::ptrdiff_t>(hn::Lanes(d))) {
      hn::StoreU(v, d, p);
    } else {
      StoreFirst(v, d, p, count);
    }
  }
};

/// Calls visit(channels, the first of them) for all of a pixel.
template <class Visit>
HWY_INLINE void ForEachVector(std::int64_t channels, const Visit& visit) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  std::int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) visit(Channels<true>{0}, c);
  if (c < channels) visit(Channels<false>{static_cast<std::size_t>(channels - c)}, c);
}

}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#endif
