#include "kernels/weighted_sums.hpp"

#include <algorithm>
#include <cstddef>

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/weighted_sums.cpp"  // NOLINT
#include <hwy/foreach_target.h>                         // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;

HWY_INLINE V Load(D d, const float* values) {
  const hn::Rebind<float, D> narrow;
  return hn::PromoteTo(d, hn::LoadU(narrow, values));
}

HWY_INLINE double Sum(D d, V v) { return hn::GetLane(hn::SumOfLanes(d, v)); }

// Two sums a row are under way at once, so that additions need not wait for one another; they are the same
// whatever number of rows goes side by side.
template <std::size_t kRows>
HWY_INLINE void Sums(const WeightRows& rows, const float* HWY_RESTRICT x, double* HWY_RESTRICT sums) {
  const D d;
  const auto n = static_cast<std::size_t>(rows.n);
  const auto stride = static_cast<std::size_t>(rows.stride);
  const std::size_t lanes = hn::Lanes(d);
  V even[kRows];
  V odd[kRows];
  HEBB_UNROLL
  for (std::size_t r = 0; r < kRows; ++r) even[r] = odd[r] = hn::Zero(d);
  std::size_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes) {
    const V x0 = Load(d, x + j);
    const V x1 = Load(d, x + j + lanes);
    HEBB_UNROLL
    for (std::size_t r = 0; r < kRows; ++r) {
      const double* w = rows.weights + r * stride + j;
      even[r] = hn::MulAdd(x0, hn::LoadU(d, w), even[r]);
      odd[r] = hn::MulAdd(x1, hn::LoadU(d, w + lanes), odd[r]);
    }
  }
  HEBB_UNROLL
  for (std::size_t r = 0; r < kRows; ++r) {
    double rest = 0;
    for (std::size_t i = j; i < n; ++i) rest += rows.weights[r * stride + i] * static_cast<double>(x[i]);
    sums[r] = Sum(d, hn::Add(even[r], odd[r])) + rest;
  }
}

void WeightedSums(const WeightRows& rows, const float* x, double* sums) {
  switch (rows.rows) {
    case 1: return Sums<1>(rows, x, sums);
    case 2: return Sums<2>(rows, x, sums);
    case 3: return Sums<3>(rows, x, sums);
    case 4: return Sums<4>(rows, x, sums);
    default: return Sums<5>(rows, x, sums);
  }
}

void MoveAlong(double* HWY_RESTRICT w, std::size_t n, double keep, double step, const float* HWY_RESTRICT x) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V keeps = hn::Set(d, keep);
  const V steps = hn::Set(d, step);
  std::size_t j = 0;
  if (keep == 1) {
    for (; j + lanes <= n; j += lanes)
      hn::StoreU(hn::MulAdd(steps, Load(d, x + j), hn::LoadU(d, w + j)), d, w + j);
    for (; j < n; ++j) w[j] += step * static_cast<double>(x[j]);
    return;
  }
  for (; j + lanes <= n; j += lanes) {
    hn::StoreU(hn::MulAdd(steps, Load(d, x + j), hn::Mul(keeps, hn::LoadU(d, w + j))), d, w + j);
  }
  for (; j < n; ++j) w[j] = keep * w[j] + step * static_cast<double>(x[j]);
}

void Soften(double* w, std::size_t n, double amount) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V amounts = hn::Set(d, amount);
  std::size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    const V v = hn::LoadU(d, w + j);
    const V left = hn::Max(hn::Zero(d), hn::Sub(hn::Abs(v), amounts));
    hn::StoreU(hn::IfThenZeroElse(hn::Eq(left, hn::Zero(d)), hn::CopySignToAbs(left, v)), d, w + j);
  }
  for (; j < n; ++j) {
    const double left = std::max(0.0, (w[j] < 0 ? -w[j] : w[j]) - amount);
    w[j] = left == 0 ? 0 : (w[j] < 0 ? -left : left);
  }
}

bool AllFinite(const float* x, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  // x - x is 0 for every finite number, and no number for the others.
  hn::Vec<decltype(d)> sum = hn::Zero(d);
  std::size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    const auto v = hn::LoadU(d, x + j);
    sum = hn::Add(sum, hn::Sub(v, v));
  }
  float rest = 0;
  for (; j < n; ++j) rest += x[j] - x[j];
  return hn::GetLane(hn::SumOfLanes(d, sum)) + rest == 0;
}

void AddMultiple(double* HWY_RESTRICT y, std::size_t n, double factor, const double* HWY_RESTRICT x) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V f = hn::Set(d, factor);
  std::size_t j = 0;
  for (; j + lanes <= n; j += lanes)
    hn::StoreU(hn::MulAdd(f, hn::LoadU(d, x + j), hn::LoadU(d, y + j)), d, y + j);
  for (; j < n; ++j) y[j] += factor * x[j];
}

double Dot(const double* a, const double* b, std::size_t n) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V sum = hn::Zero(d);
  std::size_t j = 0;
  for (; j + lanes <= n; j += lanes) sum = hn::MulAdd(hn::LoadU(d, a + j), hn::LoadU(d, b + j), sum);
  double rest = 0;
  for (; j < n; ++j) rest += a[j] * b[j];
  return Sum(d, sum) + rest;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {
HWY_EXPORT(WeightedSums);
HWY_EXPORT(MoveAlong);
HWY_EXPORT(Soften);
HWY_EXPORT(AllFinite);
HWY_EXPORT(AddMultiple);
HWY_EXPORT(Dot);

void weighted_sums(const WeightRows& rows, const float* x, double* sums) {
  const auto run = HWY_DYNAMIC_DISPATCH(WeightedSums);
  for (std::int64_t row = 0; row < rows.rows; row += kMostSums) {
    const WeightRows part = {.weights = rows.weights + row * rows.stride,
                             .rows = std::min(kMostSums, rows.rows - row),
                             .stride = rows.stride,
                             .n = rows.n};
    run(part, x, sums + row);
  }
}

void move_along(double* w, std::int64_t n, double keep, double step, const float* x) {
  HWY_DYNAMIC_DISPATCH(MoveAlong)(w, static_cast<std::size_t>(n), keep, step, x);
}

void soften(double* w, std::int64_t n, double amount) {
  HWY_DYNAMIC_DISPATCH(Soften)(w, static_cast<std::size_t>(n), amount);
}

bool all_finite(const float* x, std::int64_t n) {
  return HWY_DYNAMIC_DISPATCH(AllFinite)(x, static_cast<std::size_t>(n));
}

void add_multiple(double* y, std::int64_t n, double factor, const double* x) {
  HWY_DYNAMIC_DISPATCH(AddMultiple)(y, static_cast<std::size_t>(n), factor, x);
}

double dot(const double* a, const double* b, std::int64_t n) {
  return HWY_DYNAMIC_DISPATCH(Dot)(a, b, static_cast<std::size_t>(n));
}

}  // namespace hebb
#endif
