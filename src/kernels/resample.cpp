#include "kernels/resample.hpp"

#include <algorithm>

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resample.cpp"  // NOLINT
#include <hwy/foreach_target.h>                    // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Where the pixels of a row come from, in the framed image.
struct Sources {
  std::int32_t* at;  ///< number of the pixel to the upper left
  float* right;      ///< how far the source is to the right of it, in [0, 1)
  float* down;
};

// Products are not contracted with sums, so that every instruction set computes the same bits.

/// Sources are limited to the frame, where interpolation yields its colour; the conversion to integers cuts
/// off, which for positive numbers is the floor. `dx` and `dy` may be null.
void Locate(const ImageExtents& e, const AffineMap& map, std::int64_t y, const float* dx, const float* dy,
            const Sources& to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const float middle_x = 0.5F * static_cast<float>(e.width - 1);
  const float middle_y = 0.5F * static_cast<float>(e.height - 1);
  const float from_y = static_cast<float>(y) - middle_y - map.shift_y;
  const auto zero = hn::Zero(d);
  const auto stride = hn::Set(di, static_cast<std::int32_t>(framed_width(e)));
  // The frame's first pixel is at 0: the image begins at 1.
  const auto base_x = hn::Set(d, map.xy * from_y + middle_x + 1);
  const auto base_y = hn::Set(d, map.yy * from_y + middle_y + 1);
  const auto left = hn::Set(d, middle_x + map.shift_x);
  for (std::int64_t x = 0; x < e.width; x += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto from_x = hn::Sub(hn::Iota(d, static_cast<float>(x)), left);
    auto sx = hn::Add(hn::Mul(hn::Set(d, map.xx), from_x), base_x);
    auto sy = hn::Add(hn::Mul(hn::Set(d, map.yx), from_x), base_y);
    if (dx != nullptr) {
      sx = hn::Add(sx, hn::LoadU(d, dx + x));
      sy = hn::Add(sy, hn::LoadU(d, dy + x));
    }
    sx = hn::Min(hn::Max(sx, zero), hn::Set(d, static_cast<float>(e.width + 1)));
    sy = hn::Min(hn::Max(sy, zero), hn::Set(d, static_cast<float>(e.height + 1)));
    const auto column = hn::ConvertTo(di, sx);
    const auto line = hn::ConvertTo(di, sy);
    hn::StoreU(hn::Add(hn::Mul(line, stride), column), di, to.at + x);
    hn::StoreU(hn::Sub(sx, hn::ConvertTo(d, column)), d, to.right + x);
    hn::StoreU(hn::Sub(sy, hn::ConvertTo(d, line)), d, to.down + x);
  }
}

/// One row. `channels` is their number where the compiler shall know it, otherwise 0. Instructions that
/// gather would not be faster than these loads.
template <int channels>
void Interpolate(const float* framed, const ImageExtents& e, const Sources& from,
                 float* HWY_RESTRICT result) {
  const std::int64_t depth = channels > 0 ? channels : e.channels;
  const std::int64_t stride = framed_width(e) * depth;
  for (std::int64_t x = 0; x < e.width; ++x) {
    const float* corner = framed + from.at[x] * depth;
    const float right = from.right[x];
    const float down = from.down[x];
    for (std::int64_t c = 0; c < depth; ++c) {
      const float upper = corner[c] + right * (corner[c + depth] - corner[c]);
      const float lower = corner[c + stride] + right * (corner[c + stride + depth] - corner[c + stride]);
      result[x * depth + c] = upper + down * (lower - upper);
    }
  }
}

/// result[i] = half[0] from[i] + sum over k of half[k] (from[i - k * step] + from[i + k * step]), for `count`
/// elements, whole registers.
void Convolve(const float* from, std::int64_t step, std::span<const float> half, std::int64_t count,
              float* result) {
  const hn::ScalableTag<float> d;
  for (std::int64_t i = 0; i < count; i += static_cast<std::int64_t>(hn::Lanes(d))) {
    auto sum = hn::Mul(hn::Set(d, half[0]), hn::LoadU(d, from + i));
    for (std::size_t k = 1; k < half.size(); ++k) {
      const std::int64_t offset = static_cast<std::int64_t>(k) * step;
      const auto pair = hn::Add(hn::LoadU(d, from + i - offset), hn::LoadU(d, from + i + offset));
      sum = hn::Add(sum, hn::Mul(hn::Set(d, half[k]), pair));
    }
    hn::StoreU(sum, d, result + i);
  }
}

void Resample(const ResampleInput& input, const ImageExtents& e, const AffineMap& map, float* result) {
  const std::int64_t width = resample_width(e);
  const Sources sources = {input.places, input.parts, input.parts + width};
  const float* dx = input.displacement;
  for (std::int64_t y = 0; y < e.height; ++y) {
    Locate(e, map, y, dx, dx == nullptr ? nullptr : dx + e.height * width, sources);
    switch (e.channels) {
      case 1: Interpolate<1>(input.framed, e, sources, result); break;
      case 3: Interpolate<3>(input.framed, e, sources, result); break;
      default: Interpolate<0>(input.framed, e, sources, result);
    }
    result += e.width * e.channels;
    if (dx != nullptr) dx += width;
  }
}

// Rows lie in the middle of zeros as wide as half the kernel.
void Smooth(float* field, const ImageExtents& e, std::span<const float> half, float* work) {
  const auto margin = static_cast<std::int64_t>(half.size()) - 1;
  const std::int64_t width = resample_width(e);
  float* row = work;
  float* tall = work + 2 * margin + width;
  std::fill_n(row, 2 * margin + width, 0.F);
  std::fill_n(tall, (2 * margin + e.height) * width, 0.F);
  for (std::int64_t y = 0; y < e.height; ++y) {
    std::copy_n(field + y * width, e.width, row + margin);
    Convolve(row + margin, 1, half, width, tall + (margin + y) * width);
  }
  for (std::int64_t y = 0; y < e.height; ++y) {
    Convolve(tall + (margin + y) * width, width, half, width, field + y * width);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Resample);
HWY_EXPORT(Smooth);

std::int64_t framed_floats(const ImageExtents& e) { return (e.height + 3) * framed_width(e) * e.channels; }

void put_frame(const float* image, const ImageExtents& e, float background, float* framed) {
  const std::int64_t row = e.width * e.channels;
  const std::int64_t stride = framed_width(e) * e.channels;
  std::fill_n(framed, stride, background);
  float* to = framed + stride;
  for (std::int64_t y = 0; y < e.height; ++y, image += row, to += stride) {
    std::fill_n(to, e.channels, background);
    std::copy_n(image, row, to + e.channels);
    std::fill_n(to + e.channels + row, 2 * e.channels, background);
  }
  std::fill_n(to, 2 * stride, background);
}

std::int64_t smooth_floats(const ImageExtents& e, std::size_t half) {
  const auto margin = static_cast<std::int64_t>(half) - 1;
  const std::int64_t width = resample_width(e);
  return (2 * margin + width) + (2 * margin + e.height) * width;
}

void resample(const ResampleInput& input, const ImageExtents& extents, const AffineMap& map, float* result) {
  HWY_DYNAMIC_DISPATCH(Resample)(input, extents, map, result);
}

void smooth(float* field, const ImageExtents& extents, std::span<const float> half, float* work) {
  HWY_DYNAMIC_DISPATCH(Smooth)(field, extents, half, work);
}

}  // namespace hebb
#endif
