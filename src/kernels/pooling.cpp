#include "kernels/pooling.hpp"

#include <cstring>

#include "core/parallel.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pooling.cpp"  // NOLINT
#include <hwy/foreach_target.h>                   // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/channels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

using Window = PoolShape::Window;

/// Calls visit(window, offset of its output, channels, offset of the first of these) for all windows of
/// output rows [row, row_end) and all channels, a vector at a time.
template <class Visit>
HWY_INLINE void ForEachWindow(const PoolShape& s, std::int64_t row, std::int64_t row_end,
                              const Visit& visit) {
  for (std::int64_t y = row; y < row_end; ++y) {
    for (std::int64_t x = 0; x < s.output_width; ++x) {
      const Window window = s.window(y, x);
      const std::int64_t output = (y * s.output_width + x) * s.channels;
      ForEachVector(s.channels,
                    [&](auto channels, std::int64_t c) HWY_ATTR { visit(window, output, channels, c); });
    }
  }
}

/// Calls visit(offset of a pixel) for those of a window, row by row.
template <class Visit>
HWY_INLINE void ForEachPixel(const PoolShape& s, const Window& window, const Visit& visit) {
  if (window.y_end - window.y == 2 && window.x_end - window.x == 2) {  // the usual size, without loops
    const std::int64_t pixel = (window.y * s.width + window.x) * s.channels;
    visit(pixel);
    visit(pixel + s.channels);
    visit(pixel + s.width * s.channels);
    visit(pixel + (s.width + 1) * s.channels);
    return;
  }
  for (std::int64_t y = window.y; y < window.y_end; ++y) {
    std::int64_t pixel = (y * s.width + window.x) * s.channels;
    for (std::int64_t x = window.x; x < window.x_end; ++x, pixel += s.channels) visit(pixel);
  }
}

/// Where x is the largest so far.
HWY_INLINE hn::Mask<D> IsLarger(V x, V largest) {
  return hn::And(hn::Not(hn::Le(x, largest)), hn::Eq(largest, largest));
}

void Mean(const PoolShape& s, const float* from, const float*, float* result, std::int64_t row,
          std::int64_t row_end) {
  const D d;
  ForEachWindow(
      s, row, row_end, [&](const Window& w, std::int64_t output, auto channels, std::int64_t c) HWY_ATTR {
        V sum = hn::Zero(d);
        ForEachPixel(
            s, w, [&](std::int64_t pixel) HWY_ATTR { sum = hn::Add(sum, channels.load(from + pixel + c)); });
        channels.store(hn::Mul(sum, hn::Set(d, 1.0F / static_cast<float>(w.pixels()))), result + output + c);
      });
}

void MeanTransposed(const PoolShape& s, const float* from, const float*, float* result, std::int64_t row,
                    std::int64_t row_end) {
  const D d;
  const bool apart = s.stride_y >= s.window_height && s.stride_x >= s.window_width;
  ForEachWindow(
      s, row, row_end, [&](const Window& w, std::int64_t output, auto channels, std::int64_t c) HWY_ATTR {
        const V share =
            hn::Mul(channels.load(from + output + c), hn::Set(d, 1.0F / static_cast<float>(w.pixels())));
        ForEachPixel(s, w, [&](std::int64_t pixel) HWY_ATTR {
          float* to = result + pixel + c;
          channels.store(apart ? share : hn::Add(channels.load(to), share), to);
        });
      });
}

void AtLargest(const PoolShape& s, const float* from, const float* order, float* result, std::int64_t row,
               std::int64_t row_end) {
  ForEachWindow(s, row, row_end,
                [&](const Window& w, std::int64_t output, auto channels, std::int64_t c) HWY_ATTR {
                  const std::int64_t first = (w.y * s.width + w.x) * s.channels + c;
                  V largest = channels.load(order + first);
                  V value = channels.load(from + first);
                  ForEachPixel(s, w, [&](std::int64_t pixel) HWY_ATTR {
                    const V x = channels.load(order + pixel + c);
                    const auto larger = IsLarger(x, largest);
                    largest = hn::IfThenElse(larger, x, largest);
                    value = hn::IfThenElse(larger, channels.load(from + pixel + c), value);
                  });
                  channels.store(value, result + output + c);
                });
}

void LargestTransposed(const PoolShape& s, const float* from, const float* order, float* result,
                       std::int64_t row, std::int64_t row_end) {
  const D d;
  const bool apart = s.stride_y >= s.window_height && s.stride_x >= s.window_width;
  ForEachWindow(s, row, row_end,
                [&](const Window& w, std::int64_t output, auto channels, std::int64_t c) HWY_ATTR {
                  V largest = channels.load(order + (w.y * s.width + w.x) * s.channels + c);
                  V place = hn::Zero(d);  // the pixel's number in its window
                  const V one = hn::Set(d, 1.0F);
                  V number = hn::Zero(d);
                  ForEachPixel(s, w, [&](std::int64_t pixel) HWY_ATTR {
                    const V x = channels.load(order + pixel + c);
                    const auto larger = IsLarger(x, largest);
                    largest = hn::IfThenElse(larger, x, largest);
                    place = hn::IfThenElse(larger, number, place);
                    number = hn::Add(number, one);
                  });
                  const V value = channels.load(from + output + c);
                  number = hn::Zero(d);
                  ForEachPixel(s, w, [&](std::int64_t pixel) HWY_ATTR {
                    float* to = result + pixel + c;
                    const V share = hn::IfThenElseZero(hn::Eq(place, number), value);
                    channels.store(apart ? share : hn::Add(channels.load(to), share), to);
                    number = hn::Add(number, one);
                  });
                });
}

/// Output rows [row, row_end) of one image: what they are computed from, or what is computed from them.
using PoolRows = void (*)(const PoolShape& shape, const float* from, const float* order, float* result,
                          std::int64_t row, std::int64_t row_end);

PoolRows RowsOf(Pooling pooling) {
  switch (pooling) {
    case Pooling::mean: return Mean;
    case Pooling::mean_transposed: return MeanTransposed;
    case Pooling::at_largest: return AtLargest;
    default: return LargestTransposed;
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(RowsOf);

namespace {

/// Whether every pixel is in exactly one window.
bool covers_once(const PoolShape& s) {
  return s.stride_y == s.window_height && s.stride_x == s.window_width && s.top == 0 && s.left == 0 &&
         s.output_height * s.stride_y == s.height && s.output_width * s.stride_x == s.width;
}

}  // namespace

void pool(Pooling pooling, const PoolShape& s, const float* from, const float* order, float* result,
          const Epilogue& epilogue) {
  const bool transposed = pooling == Pooling::mean_transposed || pooling == Pooling::largest_transposed;
  const auto run = HWY_DYNAMIC_DISPATCH(RowsOf)(pooling);
  const std::int64_t pixels = transposed ? s.height * s.width : s.output_height * s.output_width;
  const bool clear = transposed && !covers_once(s);
  constexpr std::int64_t kElementsOfTask = 16384;  // about 2 us
  const std::int64_t images =
      std::max<std::int64_t>(1, kElementsOfTask / std::max<std::int64_t>(1, s.image_size()));
  parallel_for((s.batch + images - 1) / images, [&](std::int64_t task) {
    const std::int64_t end = std::min(s.batch, (task + 1) * images);
    for (std::int64_t n = task * images; n < end; ++n) {
      float* to = result + n * pixels * s.channels;
      if (clear) std::fill_n(to, pixels * s.channels, 0.0F);
      run(s, from + n * (transposed ? s.output_size() : s.image_size()),
          order == nullptr ? nullptr : order + n * s.image_size(), to, 0, s.output_height);
    }
    epilogue(task * images * pixels, end * pixels, 0, s.channels);
  });
}

}  // namespace hebb
#endif
