// Bits in which two lines differ.
//
// No guard of the usual kind: the file is compiled once for every instruction set.
#if defined(HEBB_KERNELS_BIT_COUNT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEBB_KERNELS_BIT_COUNT_INL_H_
#undef HEBB_KERNELS_BIT_COUNT_INL_H_
#else
#define HEBB_KERNELS_BIT_COUNT_INL_H_
#endif

#include <hwy/highway.h>

#include <bit>

#include "kernels/bit_sums.hpp"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {

/// Of `lines` lines at a with those at b; from one to the next it is `stride` words.
HWY_INLINE std::int32_t CountDifferences(const std::uint64_t* a, const std::uint64_t* b, std::size_t lines,
                                         std::size_t stride) {
#if HWY_TARGET == HWY_AVX3_DL  // elsewhere a vector takes longer than its words one by one
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::FixedTag<std::uint64_t, kLineWords> d;
  auto sum = hn::Zero(d);
  for (std::size_t k = 0; k < lines; ++k, a += stride, b += stride)
    sum = hn::Add(sum, hn::PopulationCount(hn::Xor(hn::LoadU(d, a), hn::LoadU(d, b))));
  return static_cast<std::int32_t>(hn::GetLane(hn::SumOfLanes(d, sum)));
#else
  std::int32_t sum = 0;
  for (std::size_t k = 0; k < lines; ++k, a += stride, b += stride) {
    for (std::size_t w = 0; w < kLineWords; ++w) sum += std::popcount(a[w] ^ b[w]);
  }
  return sum;
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#endif
