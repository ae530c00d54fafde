#include "kernels/whole_sums.hpp"

#include <cstddef>

#define HWY_WANT_AVX3_DL  // which counts the bits of a vector
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/whole_sums.cpp"  // NOLINT
#include <hwy/foreach_target.h>                      // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;

HWY_INLINE V Load(D d, const std::int32_t* values) {
  const hn::Rebind<std::int32_t, D> narrow;
  return hn::PromoteTo(d, hn::LoadU(narrow, values));
}

HWY_INLINE double Sum(D d, V v) { return hn::GetLane(hn::SumOfLanes(d, v)); }

void AddScaled(const std::int32_t* values, std::size_t count, double factor, double* y) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V f = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(hn::MulAdd(f, Load(d, values + i), hn::LoadU(d, y + i)), d, y + i);
  for (; i < count; ++i) y[i] += factor * values[i];
}

// Four rows at a time, which share what is read and written of y.
template <bool kTransposed>
void AddTileProducts(const std::int32_t* HWY_RESTRICT tile, const double* x, double* y, const double* tx,
                     double* ty) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t r = 0; r < kTileSide; r += 4, tile += 4 * kTileSide) {
    const V x0 = hn::Set(d, x[r]);
    const V x1 = hn::Set(d, x[r + 1]);
    const V x2 = hn::Set(d, x[r + 2]);
    const V x3 = hn::Set(d, x[r + 3]);
    V s0 = hn::Zero(d);
    V s1 = s0;
    V s2 = s0;
    V s3 = s0;
    for (std::int64_t c = 0; c < kTileSide; c += lanes) {
      const V t0 = Load(d, tile + c);
      const V t1 = Load(d, tile + kTileSide + c);
      const V t2 = Load(d, tile + 2 * kTileSide + c);
      const V t3 = Load(d, tile + 3 * kTileSide + c);
      const V even = hn::MulAdd(t0, x0, hn::MulAdd(t2, x2, hn::LoadU(d, y + c)));
      hn::StoreU(hn::Add(even, hn::MulAdd(t1, x1, hn::Mul(t3, x3))), d, y + c);
      if constexpr (kTransposed) {
        const V w = hn::LoadU(d, tx + c);
        s0 = hn::MulAdd(t0, w, s0);
        s1 = hn::MulAdd(t1, w, s1);
        s2 = hn::MulAdd(t2, w, s2);
        s3 = hn::MulAdd(t3, w, s3);
      }
    }
    if constexpr (kTransposed) {
      ty[r] += Sum(d, s0);
      ty[r + 1] += Sum(d, s1);
      ty[r + 2] += Sum(d, s2);
      ty[r + 3] += Sum(d, s3);
    }
  }
}

void AddTileProduct(const std::int32_t* tile, const double* x, double* y) {
  AddTileProducts<false>(tile, x, y, nullptr, nullptr);
}

void AddBothTileProducts(const std::int32_t* tile, const double* x, double* y, const double* tx, double* ty) {
  AddTileProducts<true>(tile, x, y, tx, ty);
}

void AddOuter(std::int32_t* values, const OuterChange& change, const double* a, const double* b) {
  const D d;
  const hn::Rebind<std::int32_t, D> narrow;
  const V growth = hn::Set(d, change.growth);
  const V a_i = hn::Set(d, change.a_i);
  const V b_i = hn::Set(d, change.b_i);
  const V bound = hn::Set(d, change.bound);
  for (std::size_t k = 0; k < kTileSide; k += hn::Lanes(d)) {
    const V outer = hn::Add(hn::Mul(a_i, hn::LoadU(d, b + k)), hn::Mul(b_i, hn::LoadU(d, a + k)));
    const V sum = hn::Round(hn::Add(hn::Mul(growth, Load(d, values + k)), outer));
    hn::StoreU(hn::DemoteTo(narrow, hn::Max(hn::Neg(bound), hn::Min(bound, sum))), narrow, values + k);
  }
}

std::int64_t LeastProduct(const SignedSums& sums, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V scale = hn::Set(d, sums.scale);
  const V shift = hn::Set(d, sums.shift);
  const auto at = [&](std::size_t i) HWY_ATTR {
    const V part = hn::Mul(scale, hn::LoadU(d, sums.part + i));
    const V sum = hn::Add(hn::Sub(hn::LoadU(d, sums.sum + i), part), shift);
    return hn::Mul(hn::LoadU(d, sums.sign + i), sum);
  };
  const auto one = [&](std::size_t i) HWY_ATTR {
    return sums.sign[i] * (sums.sum[i] - sums.scale * sums.part[i] + sums.shift);
  };
  const std::size_t whole = count / lanes * lanes;
  V least = hn::Set(d, __builtin_inf());
  for (std::size_t i = 0; i < whole; i += lanes) least = hn::Min(least, at(i));
  double value = hn::GetLane(hn::MinOfLanes(d, least));
  for (std::size_t i = whole; i < count; ++i) value = one(i) < value ? one(i) : value;
  const V wanted = hn::Set(d, value);
  for (std::size_t i = 0; i < whole; i += lanes) {
    const auto found = hn::FindFirstTrue(d, hn::Eq(at(i), wanted));
    if (found >= 0) return static_cast<std::int64_t>(i) + found;
  }
  for (std::size_t i = whole; i < count; ++i) {
    if (one(i) == value) return static_cast<std::int64_t>(i);
  }
  return 0;
}

void AddCommonBits(const std::uint64_t* HWY_RESTRICT bits, const std::uint64_t* rows, std::size_t words,
                   std::size_t count, std::int32_t* HWY_RESTRICT counts) {
  const hn::ScalableTag<std::uint64_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = words / lanes * lanes;
  const auto rest = hn::FirstN(d, words - whole);
  for (std::size_t k = 0; k < count; ++k, rows += words) {
    auto sum = hn::Zero(d);
    for (std::size_t i = 0; i < whole; i += lanes)
      sum = hn::Add(sum, hn::PopulationCount(hn::And(hn::LoadU(d, bits + i), hn::LoadU(d, rows + i))));
    if (whole < words) {
      const auto last = hn::And(hn::MaskedLoad(rest, d, bits + whole), hn::MaskedLoad(rest, d, rows + whole));
      sum = hn::Add(sum, hn::PopulationCount(last));
    }
    counts[k] += static_cast<std::int32_t>(hn::GetLane(hn::SumOfLanes(d, sum)));
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(AddScaled);
HWY_EXPORT(AddTileProduct);
HWY_EXPORT(AddBothTileProducts);
HWY_EXPORT(AddOuter);
HWY_EXPORT(LeastProduct);
HWY_EXPORT(AddCommonBits);

void add_scaled(const std::int32_t* values, std::int64_t count, double factor, double* y) {
  HWY_DYNAMIC_DISPATCH(AddScaled)(values, static_cast<std::size_t>(count), factor, y);
}

void add_scaled_strided(const std::int32_t* values, std::int64_t stride, std::int64_t count, double factor,
                        double* y) {
  for (std::int64_t i = 0; i < count; ++i) y[i] += factor * values[i * stride];
}

void add_tile_product(const std::int32_t* tile, const double* x, double* y) {
  HWY_DYNAMIC_DISPATCH(AddTileProduct)(tile, x, y);
}

void add_tile_products(const std::int32_t* tile, const double* x, double* y, const double* transposed_x,
                       double* transposed_y) {
  HWY_DYNAMIC_DISPATCH(AddBothTileProducts)(tile, x, y, transposed_x, transposed_y);
}

void add_outer(std::int32_t* values, const OuterChange& change, const double* a, const double* b) {
  HWY_DYNAMIC_DISPATCH(AddOuter)(values, change, a, b);
}

std::int64_t least_product(const SignedSums& sums, std::int64_t count) {
  return HWY_DYNAMIC_DISPATCH(LeastProduct)(sums, static_cast<std::size_t>(count));
}

void add_common_bits(const std::uint64_t* bits, const std::uint64_t* rows, std::int64_t words,
                     std::int64_t count, std::int32_t* counts) {
  HWY_DYNAMIC_DISPATCH(AddCommonBits)
  (bits, rows, static_cast<std::size_t>(words), static_cast<std::size_t>(count), counts);
}

}  // namespace hebb
#endif
