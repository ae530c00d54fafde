#include "kernels/bytes.hpp"

#include <algorithm>

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bytes.cpp"  // NOLINT
#include <hwy/foreach_target.h>                 // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A subtraction followed by a multiplication cannot be contracted to a fused one, so lanes and tail agree.
void ScaleBytes(const std::uint8_t* bytes, float* result, std::size_t count, float mean, float inverse) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::int32_t, decltype(d)> words;
  const hn::Rebind<std::uint8_t, decltype(d)> octets;
  const auto shift = hn::Set(d, mean);
  const auto scale = hn::Set(d, inverse);
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::ConvertTo(d, hn::PromoteTo(words, hn::LoadU(octets, bytes + i)));
    hn::StoreU(hn::Mul(hn::Sub(value, shift), scale), d, result + i);
  }
  for (; i < count; ++i) result[i] = (static_cast<float>(bytes[i]) - mean) * inverse;
}

// Blocks are short enough for 32-bit partial sums: 2^14 * 255^2 < 2^32. Left to the compiler to vectorise.
ByteSums SumBytes(const std::uint8_t* bytes, std::size_t count) {
  constexpr std::size_t kBlock = std::size_t{1} << 14;
  ByteSums total;
  for (std::size_t start = 0; start < count; start += kBlock) {
    const std::size_t end = std::min(count, start + kBlock);
    std::uint32_t sum = 0;
    std::uint32_t squares = 0;
    std::uint8_t low = 255;
    std::uint8_t high = 0;
    for (std::size_t i = start; i < end; ++i) {
      const std::uint32_t byte = bytes[i];
      sum += byte;
      squares += byte * byte;
      low = std::min(low, bytes[i]);
      high = std::max(high, bytes[i]);
    }
    total.sum += sum;
    total.squares += squares;
    total.low = std::min(total.low, low);
    total.high = std::max(total.high, high);
  }
  return total;
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(ScaleBytes);
HWY_EXPORT(SumBytes);

void scale_bytes(const std::uint8_t* bytes, float* result, std::size_t count, float mean, float inverse) {
  HWY_DYNAMIC_DISPATCH(ScaleBytes)(bytes, result, count, mean, inverse);
}

ByteSums sum_bytes(const std::uint8_t* bytes, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(SumBytes)(bytes, count);
}

}  // namespace hebb
#endif
