// Storing the first lanes of a vector.
//
// No guard of the usual kind: the file is compiled once for every instruction set.
#if defined(HEBB_KERNELS_PARTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEBB_KERNELS_PARTIAL_INL_H_
#undef HEBB_KERNELS_PARTIAL_INL_H_
#else
#define HEBB_KERNELS_PARTIAL_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Stores the first `count` lanes of a vector of floats, fewer than all of them; writes nothing else.
template <class D>
HWY_INLINE void StoreFirst(hn::Vec<D> v, D d, float* to, std::size_t count) {
#if HWY_TARGET == HWY_AVX2
  // The masked store of AVX is dozens of micro-operations on AMD's processors.
  const hn::FixedTag<float, 4> d4;
  const hn::FixedTag<float, 2> d2;
  (void)d;
  auto four = hn::LowerHalf(d4, v);
  if (count & 4U) {
    hn::StoreU(four, d4, to);
    four = hn::UpperHalf(d4, v);
    to += 4;
  }
  auto two = hn::LowerHalf(d2, four);
  if (count & 2U) {
    hn::StoreU(two, d2, to);
    two = hn::UpperHalf(d2, four);
    to += 2;
  }
  if (count & 1U) *to = hn::GetLane(two);
#else
  hn::BlendedStore(v, hn::FirstN(d, count), d, to);
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#endif
