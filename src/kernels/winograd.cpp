#include "kernels/winograd.hpp"

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/winograd.cpp"  // NOLINT
#include <hwy/foreach_target.h>                    // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/channels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

// What is done to each column of a tile, then to each row of what that gives, of some neighbouring channels.

/// B'.
struct OfPixels {
  static constexpr int kFrom = 4;
  static constexpr int kTo = 4;
  static HWY_INLINE void Apply(const V* d, V* to) {
    to[0] = hn::Sub(d[0], d[2]);
    to[1] = hn::Add(d[1], d[2]);
    to[2] = hn::Sub(d[2], d[1]);
    to[3] = hn::Sub(d[1], d[3]);
  }
};

/// G.
struct OfTaps {
  static constexpr int kFrom = 3;
  static constexpr int kTo = 4;
  static HWY_INLINE void Apply(const V* g, V* to) {
    const V half = hn::Set(D(), 0.5F);
    const V ends = hn::Add(g[0], g[2]);
    to[0] = g[0];
    to[1] = hn::Mul(half, hn::Add(ends, g[1]));
    to[2] = hn::Mul(half, hn::Sub(ends, g[1]));
    to[3] = g[2];
  }
};

/// A'.
struct OfProducts {
  static constexpr int kFrom = 4;
  static constexpr int kTo = 2;
  static HWY_INLINE void Apply(const V* m, V* to) {
    to[0] = hn::Add(hn::Add(m[0], m[1]), m[2]);
    to[1] = hn::Sub(hn::Sub(m[1], m[2]), m[3]);
  }
};

/// A.
struct OfSlopes {
  static constexpr int kFrom = 2;
  static constexpr int kTo = 4;
  static HWY_INLINE void Apply(const V* y, V* to) {
    to[0] = y[0];
    to[1] = hn::Add(y[0], y[1]);
    to[2] = hn::Sub(y[0], y[1]);
    to[3] = hn::Neg(y[1]);
  }
};

/// G'.
struct OfSums {
  static constexpr int kFrom = 4;
  static constexpr int kTo = 3;
  static HWY_INLINE void Apply(const V* s, V* to) {
    const V half = hn::Set(D(), 0.5F);
    const V sum = hn::Mul(half, hn::Add(s[1], s[2]));
    to[0] = hn::Add(s[0], sum);
    to[1] = hn::Mul(half, hn::Sub(s[1], s[2]));
    to[2] = hn::Add(sum, s[3]);
  }
};

/// Reads the tile by load(y, x), and gives the result to store(y, x, value).
template <class T, class Load, class Store>
HWY_INLINE void Transform(const Load& load, const Store& store) {
  V columns[T::kFrom][T::kTo];
  HEBB_UNROLL
  for (int x = 0; x < T::kFrom; ++x) {
    V column[T::kFrom];
    HEBB_UNROLL
    for (int y = 0; y < T::kFrom; ++y) column[y] = load(y, x);
    T::Apply(column, columns[x]);
  }
  HEBB_UNROLL
  for (int y = 0; y < T::kTo; ++y) {
    V row[T::kFrom];
    HEBB_UNROLL
    for (int x = 0; x < T::kFrom; ++x) row[x] = columns[x][y];
    V result[T::kTo];
    T::Apply(row, result);
    HEBB_UNROLL
    for (int x = 0; x < T::kTo; ++x) store(y, x, result[x]);
  }
}

void Pixels(const WinogradPixels& w) {
  for (std::int64_t tile = 0; tile < w.tiles; ++tile) {
    ForEachVector(w.channels, [&](auto channels, std::int64_t c) HWY_ATTR {
      const float* from = w.pixels + 2 * tile * w.channels + c;
      float* to = w.to + tile * w.channels + c;
      Transform<OfPixels>(
          [&](int y, int x) HWY_ATTR { return channels.load(from + y * w.row_step + x * w.channels); },
          [&](int y, int x, V v) HWY_ATTR { channels.store(v, to + (4 * y + x) * w.position_step); });
    });
  }
}

void Outputs(const WinogradOutputs& w) {
  for (std::int64_t tile = 0; tile < w.tiles; ++tile) {
    ForEachVector(w.outputs, [&](auto outputs, std::int64_t o) HWY_ATTR {
      const float* from = w.products + tile * w.tile_step + o;
      float* to = w.to + 2 * tile * w.outputs + o;
      const V bias = w.bias == nullptr ? hn::Zero(D()) : outputs.load(w.bias + o);
      Transform<OfProducts>([&](int y, int x)
                                HWY_ATTR { return outputs.load(from + (4 * y + x) * w.position_step); },
                            [&](int y, int x, V v) HWY_ATTR {
                              if (y < w.rows && 2 * tile + x < w.columns)
                                outputs.store(hn::Add(v, bias), to + y * w.row_step + x * w.outputs);
                            });
    });
  }
}

void Slopes(const WinogradSlopes& w) {
  for (std::int64_t tile = 0; tile < w.tiles; ++tile) {
    ForEachVector(w.outputs, [&](auto outputs, std::int64_t o) HWY_ATTR {
      const float* from = w.slopes + 2 * tile * w.outputs + o;
      float* to = w.to + tile * w.tile_step + o;
      Transform<OfSlopes>(
          [&](int y, int x) HWY_ATTR {
            const bool is_there = y < w.rows && 2 * tile + x < w.columns;
            return is_there ? outputs.load(from + y * w.row_step + x * w.outputs) : hn::Zero(D());
          },
          [&](int y, int x, V v) HWY_ATTR { hn::StoreU(v, D(), to + (4 * y + x) * w.position_step); });
    });
  }
}

void Sums(const WinogradSums& w) {
  ForEachVector(w.outputs, [&](auto outputs, std::int64_t o) HWY_ATTR {
    Transform<OfSums>(
        [&](int y, int x) HWY_ATTR { return outputs.load(w.sums + (4 * y + x) * w.position_step + o); },
        [&](int y, int x, V v) HWY_ATTR { outputs.store(v, w.to + (3 * y + x) * w.tap_step + o); });
  });
}

void Filter(const WinogradFilter& w) {
  ForEachVector(w.outputs, [&](auto outputs, std::int64_t o) HWY_ATTR {
    Transform<OfTaps>(
        [&](int y, int x) HWY_ATTR { return outputs.load(w.taps[static_cast<std::size_t>(3 * y + x)] + o); },
        [&](int y, int x, V v) HWY_ATTR { outputs.store(v, w.to + (4 * y + x) * w.position_step + o); });
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Pixels);
HWY_EXPORT(Outputs);
HWY_EXPORT(Slopes);
HWY_EXPORT(Sums);
HWY_EXPORT(Filter);

void winograd_pixels(const WinogradPixels& w) { HWY_DYNAMIC_DISPATCH(Pixels)(w); }
void winograd_outputs(const WinogradOutputs& w) { HWY_DYNAMIC_DISPATCH(Outputs)(w); }
void winograd_slopes(const WinogradSlopes& w) { HWY_DYNAMIC_DISPATCH(Slopes)(w); }
void winograd_sums(const WinogradSums& w) { HWY_DYNAMIC_DISPATCH(Sums)(w); }
void winograd_filter(const WinogradFilter& w) { HWY_DYNAMIC_DISPATCH(Filter)(w); }

}  // namespace hebb
#endif
