#include "kernels/bernoulli.hpp"

#include <algorithm>

#include "hebb/random.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bernoulli.cpp"  // NOLINT
#include <hwy/foreach_target.h>                     // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

/// There are no vectors of blocks.
std::int64_t FillVectors(const Bernoulli&, std::int64_t block, std::int64_t, float*) { return block; }

#else

using D = hn::ScalableTag<std::uint32_t>;
using V = hn::Vec<D>;

/// The two halves of the products of 32-bit numbers.
struct Product {
  V low, high;
};

HWY_INLINE Product Multiply(V a, V b) {
  const D d;
  const hn::Repartition<std::uint64_t, D> wide;
  const auto even = hn::BitCast(d, hn::MulEven(a, b));
  const auto odd = hn::BitCast(d, hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, a))), b));
  const auto even_high = hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, even)));
  const auto odd_low = hn::BitCast(d, hn::ShiftLeft<32>(hn::BitCast(wide, odd)));
  return {hn::OddEven(odd_low, even), hn::OddEven(odd, even_high)};
}

/// As many whole vectors of blocks as there are; returns the first block that is left. The blocks' upper
/// halves must be equal.
std::int64_t FillVectors(const Bernoulli& b, std::int64_t block, std::int64_t block_end, float* out) {
  const D d;
  const hn::RebindToFloat<D> df;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  // Multipliers and Weyl constants: Salmon et al. 2011, section 3.3.
  const V m0 = hn::Set(d, 0xD2511F53);
  const V m1 = hn::Set(d, 0xCD9E8D57);
  const V threshold = hn::Set(d, b.threshold);
  for (; block + lanes <= block_end; block += lanes) {
    V c0 = hn::Iota(d, static_cast<std::uint32_t>(block));
    V c1 = hn::Set(d, static_cast<std::uint32_t>(block >> 32));
    V c2 = hn::Set(d, b.stream);
    V c3 = hn::Set(d, b.step);
    std::uint32_t k0 = b.key[0];
    std::uint32_t k1 = b.key[1];
    for (int round = 0; round < 10; ++round) {
      const Product p0 = Multiply(c0, m0);
      const Product p1 = Multiply(c2, m1);
      c0 = hn::Xor(hn::Xor(p1.high, c1), hn::Set(d, k0));
      c1 = p1.low;
      c2 = hn::Xor(hn::Xor(p0.high, c3), hn::Set(d, k1));
      c3 = p0.low;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    const auto one_below = [&](V bits) HWY_ATTR {
      const auto below = hn::Lt(hn::ShiftRight<8>(bits), threshold);
      return hn::IfThenElseZero(hn::RebindMask(df, below), hn::Set(df, 1.0F));
    };
    hn::StoreInterleaved4(one_below(c0), one_below(c1), one_below(c2), one_below(c3), df, out + 4 * block);
  }
  return block;
}

#endif

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(FillVectors);

void Bernoulli::fill(std::int64_t block, std::int64_t block_end, std::int64_t elements, float* out) const {
  // Vectors hold whole blocks whose counters differ in the lower half alone.
  const std::int64_t whole = std::min(block_end, elements / 4);
  if (whole > block && block >> 32 == (whole - 1) >> 32)
    block = HWY_DYNAMIC_DISPATCH(FillVectors)(*this, block, whole, out);
  for (; block < block_end; ++block) {
    const auto bits = philox(
        {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), stream, step}, key);
    const std::int64_t end = std::min(elements, 4 * block + 4);
    for (std::int64_t i = 4 * block; i < end; ++i)
      out[i] = bits[static_cast<std::size_t>(i - 4 * block)] >> 8 < threshold ? 1.0F : 0.0F;
  }
}

}  // namespace hebb
#endif
