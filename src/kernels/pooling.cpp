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
  const bool inside = s.top == 0 && s.left == 0 &&
                      (s.output_height - 1) * s.stride_y + s.window_height <= s.height &&
                      (s.output_width - 1) * s.stride_x + s.window_width <= s.width;
  for (std::int64_t y = row; y < row_end; ++y) {
    for (std::int64_t x = 0; x < s.output_width; ++x) {
      const std::int64_t at_y = y * s.stride_y;
      const std::int64_t at_x = x * s.stride_x;
      const Window window =
          inside ? Window{at_y, at_y + s.window_height, at_x, at_x + s.window_width} : s.window(y, x);
      const std::int64_t output = (y * s.output_width + x) * s.channels;
      ForEachVector(s.channels,
                    [&](auto channels, std::int64_t c) HWY_ATTR { visit(window, output, channels, c); });
    }
  }
}

/// Calls visit(offset of a pixel, of the end of the image's row) for those of a window, row by row.
template <class Visit>
HWY_INLINE void ForEachPixel(const PoolShape& s, const Window& window, const Visit& visit) {
  const std::int64_t row = s.width * s.channels;
  if (window.y_end - window.y == 2 && window.x_end - window.x == 2) {  // the usual size, without loops
    const std::int64_t end = (window.y + 1) * row;
    const std::int64_t pixel = window.y * row + window.x * s.channels;
    visit(pixel, end);
    visit(pixel + s.channels, end);
    visit(pixel + row, end + row);
    visit(pixel + row + s.channels, end + row);
    return;
  }
  for (std::int64_t y = window.y; y < window.y_end; ++y) {
    std::int64_t pixel = y * row + window.x * s.channels;
    for (std::int64_t x = window.x; x < window.x_end; ++x, pixel += s.channels) visit(pixel, (y + 1) * row);
  }
}

/// One over the pixels of windows, most of which are whole.
class Shares {
 public:
  explicit Shares(const PoolShape& s) : whole_(s.window_height * s.window_width), share_(of(whole_)) {}
  float operator()(const Window& w) const { return w.pixels() == whole_ ? share_ : of(w.pixels()); }

 private:
  static float of(std::int64_t pixels) { return 1.0F / static_cast<float>(pixels); }
  std::int64_t whole_;
  float share_;
};

/// Where x is the largest so far.
HWY_INLINE hn::Mask<D> IsLarger(V x, V largest) {
  return hn::And(hn::Not(hn::Le(x, largest)), hn::Eq(largest, largest));
}

void Mean(const PoolShape& s, const float* from, const float*, float* result, std::int64_t row,
          std::int64_t row_end) {
  const D d;
  const Shares share(s);
  const float* end = result + row_end * s.output_width * s.channels;
  ForEachWindow(s, row, row_end,
                [&](const Window& w, std::int64_t output, auto channels, std::int64_t c) HWY_ATTR {
                  V sum = hn::Zero(d);
                  ForEachPixel(s, w, [&](std::int64_t pixel, std::int64_t) HWY_ATTR {
                    sum = hn::Add(sum, channels.load(from + pixel + c));
                  });
                  channels.store_over(hn::Mul(sum, hn::Set(d, share(w))), result + output + c, end);
                });
}

void MeanTransposed(const PoolShape& s, const float* from, const float*, float* result, std::int64_t row,
                    std::int64_t row_end) {
  const D d;
  const Shares share(s);
  const bool apart = s.stride_y >= s.window_height && s.stride_x >= s.window_width;
  // Whether pixels of a row are stored in order.
  const bool in_order = apart && s.channels < static_cast<std::int64_t>(hn::Lanes(d));
  ForEachWindow(s, row, row_end,
                [&](const Window& w, std::int64_t output, auto channels, std::int64_t c) HWY_ATTR {
                  const V mean = hn::Mul(channels.load(from + output + c), hn::Set(d, share(w)));
                  ForEachPixel(s, w, [&](std::int64_t pixel, std::int64_t end) HWY_ATTR {
                    float* to = result + pixel + c;
                    if (in_order) {
                      channels.store_over(mean, to, result + end);
                    } else {
                      channels.store(apart ? mean : hn::Add(channels.load(to), mean), to);
                    }
                  });
                });
}

/// `kItself`: whether the largest elements themselves are wanted.
template <bool kItself>
void AtLargest(const PoolShape& s, const float* from, const float* order, float* result, std::int64_t row,
               std::int64_t row_end) {
  const float* end = result + row_end * s.output_width * s.channels;
  ForEachWindow(s, row, row_end,
                [&](const Window& w, std::int64_t output, auto channels, std::int64_t c) HWY_ATTR {
                  const std::int64_t first = (w.y * s.width + w.x) * s.channels + c;
                  V largest = channels.load(order + first);
                  V value = kItself ? largest : channels.load(from + first);
                  ForEachPixel(s, w, [&](std::int64_t pixel, std::int64_t) HWY_ATTR {
                    const V x = channels.load(order + pixel + c);
                    const auto larger = IsLarger(x, largest);
                    largest = hn::IfThenElse(larger, x, largest);
                    if (!kItself) value = hn::IfThenElse(larger, channels.load(from + pixel + c), value);
                  });
                  channels.store_over(kItself ? largest : value, result + output + c, end);
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
                  ForEachPixel(s, w, [&](std::int64_t pixel, std::int64_t) HWY_ATTR {
                    const V x = channels.load(order + pixel + c);
                    const auto larger = IsLarger(x, largest);
                    largest = hn::IfThenElse(larger, x, largest);
                    place = hn::IfThenElse(larger, number, place);
                    number = hn::Add(number, one);
                  });
                  const V value = channels.load(from + output + c);
                  number = hn::Zero(d);
                  ForEachPixel(s, w, [&](std::int64_t pixel, std::int64_t) HWY_ATTR {
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

/// `itself`: whether `order` is what is pooled.
PoolRows RowsOf(Pooling pooling, bool itself) {
  switch (pooling) {
    case Pooling::mean: return Mean;
    case Pooling::mean_transposed: return MeanTransposed;
    case Pooling::at_largest: return itself ? AtLargest<true> : AtLargest<false>;
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
  const auto run = HWY_DYNAMIC_DISPATCH(RowsOf)(pooling, from == order);
  const std::int64_t pixels = transposed ? s.height * s.width : s.output_height * s.output_width;
  const bool clear = transposed && !covers_once(s);
  constexpr std::int64_t kElementsOfTask = 16384;  // about 2 us
  constexpr std::int64_t kElementsOfBand = 4096;
  constexpr std::int64_t kLeastTasks = 4;  // few large images are cut into bands of rows, for the threads
  const std::int64_t size = std::max<std::int64_t>(1, s.image_size());
  const std::int64_t images = std::max<std::int64_t>(1, kElementsOfTask / size);
  const std::int64_t wanted =
      transposed || s.batch == 0 ? 1 : std::min(kLeastTasks / s.batch, size / kElementsOfBand);
  const std::int64_t bands = images > 1 ? 1 : std::clamp<std::int64_t>(wanted, 1, s.output_height);
  parallel_for((s.batch + images - 1) / images * bands, [&](std::int64_t task) {
    const std::int64_t first = task / bands * images;
    const std::int64_t end = std::min(s.batch, first + images);
    const std::int64_t row = s.output_height * (task % bands) / bands;
    const std::int64_t row_end = s.output_height * (task % bands + 1) / bands;
    for (std::int64_t n = first; n < end; ++n) {
      float* to = result + n * pixels * s.channels;
      if (clear) std::fill_n(to, pixels * s.channels, 0.0F);
      run(s, from + n * (transposed ? s.output_size() : s.image_size()),
          order == nullptr ? nullptr : order + n * s.image_size(), to, row, row_end);
    }
    if (bands == 1) {
      epilogue(first * pixels, end * pixels, 0, s.channels);
    } else {  // of one image
      epilogue(first * pixels + row * s.output_width, first * pixels + row_end * s.output_width, 0,
               s.channels);
    }
  });
}

}  // namespace hebb
#endif
