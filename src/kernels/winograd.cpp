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

/// Four numbers of one column or row of a tile, of some neighbouring channels.
struct Four {
  V at0, at1, at2, at3;
};

/// B' times a column.
HWY_INLINE Four OfPixels(V d0, V d1, V d2, V d3) {
  return {hn::Sub(d0, d2), hn::Add(d1, d2), hn::Sub(d2, d1), hn::Sub(d1, d3)};
}

/// G times a column.
HWY_INLINE Four OfTaps(V g0, V g1, V g2) {
  const V half = hn::Set(D(), 0.5F);
  const V ends = hn::Add(g0, g2);
  return {g0, hn::Mul(half, hn::Add(ends, g1)), hn::Mul(half, hn::Sub(ends, g1)), g2};
}

struct Two {
  V at0, at1;
};

/// A' times a column.
HWY_INLINE Two OfProducts(V m0, V m1, V m2, V m3) {
  return {hn::Add(hn::Add(m0, m1), m2), hn::Sub(hn::Sub(m1, m2), m3)};
}

template <class Channels>
void PixelsOfTile(const WinogradPixels& w, std::int64_t tile, Channels channels, std::int64_t c) {
  const float* from = w.pixels + 2 * tile * w.channels + c;
  const auto column = [&](std::int64_t x) HWY_ATTR {
    const float* p = from + x * w.channels;
    return OfPixels(channels.load(p), channels.load(p + w.row_step), channels.load(p + 2 * w.row_step),
                    channels.load(p + 3 * w.row_step));
  };
  const Four c0 = column(0);
  const Four c1 = column(1);
  const Four c2 = column(2);
  const Four c3 = column(3);
  float* to = w.to + tile * w.channels + c;
  const auto row = [&](std::int64_t y, V d0, V d1, V d2, V d3) HWY_ATTR {
    const Four r = OfPixels(d0, d1, d2, d3);
    float* at = to + 4 * y * w.position_step;
    channels.store(r.at0, at);
    channels.store(r.at1, at + w.position_step);
    channels.store(r.at2, at + 2 * w.position_step);
    channels.store(r.at3, at + 3 * w.position_step);
  };
  row(0, c0.at0, c1.at0, c2.at0, c3.at0);
  row(1, c0.at1, c1.at1, c2.at1, c3.at1);
  row(2, c0.at2, c1.at2, c2.at2, c3.at2);
  row(3, c0.at3, c1.at3, c2.at3, c3.at3);
}

void Pixels(const WinogradPixels& w) {
  for (std::int64_t tile = 0; tile < w.tiles; ++tile) {
    ForEachVector(w.channels,
                  [&](auto channels, std::int64_t c) HWY_ATTR { PixelsOfTile(w, tile, channels, c); });
  }
}

template <class Channels>
void OutputsOfTile(const WinogradOutputs& w, std::int64_t tile, Channels channels, std::int64_t c) {
  const D d;
  const float* from = w.products + tile * w.tile_step + c;
  const auto column = [&](std::int64_t x) HWY_ATTR {
    const float* p = from + x * w.position_step;
    return OfProducts(channels.load(p), channels.load(p + 4 * w.position_step),
                      channels.load(p + 8 * w.position_step), channels.load(p + 12 * w.position_step));
  };
  const Two c0 = column(0);
  const Two c1 = column(1);
  const Two c2 = column(2);
  const Two c3 = column(3);
  const V bias = w.bias == nullptr ? hn::Zero(d) : channels.load(w.bias + c);
  float* to = w.to + 2 * tile * w.outputs + c;
  const bool both = 2 * tile + 1 < w.columns;
  const Two upper = OfProducts(c0.at0, c1.at0, c2.at0, c3.at0);
  channels.store(hn::Add(upper.at0, bias), to);
  if (both) channels.store(hn::Add(upper.at1, bias), to + w.outputs);
  if (w.rows == 1) return;
  const Two lower = OfProducts(c0.at1, c1.at1, c2.at1, c3.at1);
  channels.store(hn::Add(lower.at0, bias), to + w.row_step);
  if (both) channels.store(hn::Add(lower.at1, bias), to + w.row_step + w.outputs);
}

void Outputs(const WinogradOutputs& w) {
  for (std::int64_t tile = 0; tile < w.tiles; ++tile) {
    ForEachVector(w.outputs,
                  [&](auto channels, std::int64_t c) HWY_ATTR { OutputsOfTile(w, tile, channels, c); });
  }
}

/// A times two numbers.
HWY_INLINE Four OfSlopes(V y0, V y1) { return {y0, hn::Add(y0, y1), hn::Sub(y0, y1), hn::Neg(y1)}; }

template <class Channels>
void SlopesOfTile(const WinogradSlopes& w, std::int64_t tile, Channels channels, std::int64_t c) {
  const D d;
  const float* from = w.slopes + 2 * tile * w.outputs + c;
  const bool both = 2 * tile + 1 < w.columns;
  const auto column = [&](std::int64_t x) HWY_ATTR {
    const float* p = from + x * w.outputs;
    return OfSlopes(channels.load(p), w.rows == 1 ? hn::Zero(d) : channels.load(p + w.row_step));
  };
  const Four c0 = column(0);
  const Four none = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  const Four c1 = both ? column(1) : none;
  float* to = w.to + tile * w.tile_step + c;
  const auto row = [&](std::int64_t y, V y0, V y1) HWY_ATTR {
    const Four r = OfSlopes(y0, y1);
    float* at = to + 4 * y * w.position_step;
    hn::StoreU(r.at0, d, at);
    hn::StoreU(r.at1, d, at + w.position_step);
    hn::StoreU(r.at2, d, at + 2 * w.position_step);
    hn::StoreU(r.at3, d, at + 3 * w.position_step);
  };
  row(0, c0.at0, c1.at0);
  row(1, c0.at1, c1.at1);
  row(2, c0.at2, c1.at2);
  row(3, c0.at3, c1.at3);
}

void Slopes(const WinogradSlopes& w) {
  for (std::int64_t tile = 0; tile < w.tiles; ++tile) {
    ForEachVector(w.outputs,
                  [&](auto channels, std::int64_t c) HWY_ATTR { SlopesOfTile(w, tile, channels, c); });
  }
}

struct Three {
  V at0, at1, at2;
};

/// G' times a column.
HWY_INLINE Three OfSums(V s0, V s1, V s2, V s3) {
  const V half = hn::Set(D(), 0.5F);
  const V sum = hn::Mul(half, hn::Add(s1, s2));
  return {hn::Add(s0, sum), hn::Mul(half, hn::Sub(s1, s2)), hn::Add(sum, s3)};
}

void Sums(const WinogradSums& w) {
  ForEachVector(w.outputs, [&](auto outputs, std::int64_t o) HWY_ATTR {
    const auto column = [&](std::int64_t x) HWY_ATTR {
      const float* p = w.sums + x * w.position_step + o;
      return OfSums(outputs.load(p), outputs.load(p + 4 * w.position_step),
                    outputs.load(p + 8 * w.position_step), outputs.load(p + 12 * w.position_step));
    };
    const Three c0 = column(0);
    const Three c1 = column(1);
    const Three c2 = column(2);
    const Three c3 = column(3);
    const auto row = [&](std::int64_t u, V s0, V s1, V s2, V s3) HWY_ATTR {
      const Three r = OfSums(s0, s1, s2, s3);
      float* at = w.to + 3 * u * w.tap_step + o;
      outputs.store(r.at0, at);
      outputs.store(r.at1, at + w.tap_step);
      outputs.store(r.at2, at + 2 * w.tap_step);
    };
    row(0, c0.at0, c1.at0, c2.at0, c3.at0);
    row(1, c0.at1, c1.at1, c2.at1, c3.at1);
    row(2, c0.at2, c1.at2, c2.at2, c3.at2);
  });
}

void Filter(const WinogradFilter& w) {
  ForEachVector(w.outputs, [&](auto outputs, std::int64_t o) HWY_ATTR {
    const auto column = [&](std::size_t v) HWY_ATTR {
      return OfTaps(outputs.load(w.taps[v] + o), outputs.load(w.taps[3 + v] + o),
                    outputs.load(w.taps[6 + v] + o));
    };
    const Four c0 = column(0);
    const Four c1 = column(1);
    const Four c2 = column(2);
    const auto row = [&](std::int64_t u, V g0, V g1, V g2) HWY_ATTR {
      const Four r = OfTaps(g0, g1, g2);
      float* at = w.to + 4 * u * w.position_step + o;
      outputs.store(r.at0, at);
      outputs.store(r.at1, at + w.position_step);
      outputs.store(r.at2, at + 2 * w.position_step);
      outputs.store(r.at3, at + 3 * w.position_step);
    };
    row(0, c0.at0, c1.at0, c2.at0);
    row(1, c0.at1, c1.at1, c2.at1);
    row(2, c0.at2, c1.at2, c2.at2);
    row(3, c0.at3, c1.at3, c2.at3);
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
