#include "kernels/depthwise.hpp"

#include <algorithm>

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise.cpp"  // NOLINT
#include <hwy/foreach_target.h>                     // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/channels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

constexpr int kSums = 8;  // in registers at once

/// `kPixels` neighbouring outputs of some channels.
template <int kPixels, class Channels>
void Pixels(const DepthwiseRow& r, std::int64_t x, Channels channels, std::int64_t c) {
  const D d;
  V sum[kPixels];
  const V start = r.bias == nullptr ? hn::Zero(d) : channels.load(r.bias + c);
  HEBB_UNROLL
  for (int i = 0; i < kPixels; ++i) sum[i] = start;
  const float* filter = r.filter + c;
  for (std::int64_t u = 0; u < r.rows; ++u) {
    const float* pixel = r.image + x * r.pixel_step + u * r.row_step + c;
    for (std::int64_t v = 0; v < r.columns; ++v, pixel += r.column_step, filter += r.channels) {
      const V tap = channels.load(filter);
      HEBB_UNROLL
      for (int i = 0; i < kPixels; ++i)
        sum[i] = hn::MulAdd(channels.load(pixel + i * r.pixel_step), tap, sum[i]);
    }
  }
  HEBB_UNROLL
  for (int i = 0; i < kPixels; ++i) channels.store(sum[i], r.result + (x + i) * r.result_step + c);
}

void Row(const DepthwiseRow& r) {
  ForEachVector(r.channels, [&](auto channels, std::int64_t c) HWY_ATTR {
    std::int64_t x = 0;
    for (; x + kSums <= r.pixels; x += kSums) Pixels<kSums>(r, x, channels, c);
    for (; x < r.pixels; ++x) Pixels<1>(r, x, channels, c);
  });
}

/// `kTaps` neighbouring elements of a row of the filter.
template <int kTaps, class Channels>
void Taps(const DepthwiseGradientRow& r, std::int64_t u, std::int64_t v, Channels channels, std::int64_t c) {
  const D d;
  V sum[kTaps];
  float* filter = r.filter + (u * r.columns + v) * r.channels + c;
  HEBB_UNROLL
  for (int i = 0; i < kTaps; ++i)
    sum[i] = r.accumulate ? channels.load(filter + i * r.channels) : hn::Zero(d);
  const float* pixel = r.image + u * r.row_step + v * r.column_step + c;
  const float* slope = r.slope + c;
  for (std::int64_t x = 0; x < r.pixels; ++x, pixel += r.pixel_step, slope += r.channels) {
    const V s = channels.load(slope);
    HEBB_UNROLL
    for (int i = 0; i < kTaps; ++i) sum[i] = hn::MulAdd(channels.load(pixel + i * r.column_step), s, sum[i]);
  }
  HEBB_UNROLL
  for (int i = 0; i < kTaps; ++i) channels.store(sum[i], filter + i * r.channels);
}

void GradientRow(const DepthwiseGradientRow& r) {
  ForEachVector(r.channels, [&](auto channels, std::int64_t c) HWY_ATTR {
    for (std::int64_t u = 0; u < r.rows; ++u) {
      std::int64_t v = 0;
      for (; v + kSums <= r.columns; v += kSums) Taps<kSums>(r, u, v, channels, c);
      for (; v + 3 <= r.columns; v += 3) Taps<3>(r, u, v, channels, c);  // the usual filter
      for (; v < r.columns; ++v) Taps<1>(r, u, v, channels, c);
    }
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Row);
HWY_EXPORT(GradientRow);

void depthwise_row(const DepthwiseRow& row) { HWY_DYNAMIC_DISPATCH(Row)(row); }

void depthwise_gradient_row(const DepthwiseGradientRow& row) { HWY_DYNAMIC_DISPATCH(GradientRow)(row); }

}  // namespace hebb
#endif
