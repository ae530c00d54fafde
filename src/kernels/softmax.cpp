#include "kernels/softmax.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "core/parallel.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax.cpp"  // NOLINT
#include <hwy/foreach_target.h>                   // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// NaN needs no care of its own in the maximum: the difference to whatever comes out is NaN, and so is its
// exponential, and the sum.

/// The first `count` elements at p, the others `rest`; whole vectors cost no mask.
template <bool kWhole, class M>
HWY_INLINE V LoadOr(D d, M mask, const float* p, V rest) {
  if constexpr (kWhole) return hn::LoadU(d, p);
  return hn::IfThenElse(mask, hn::MaskedLoad(mask, d, p), rest);
}

template <bool kWhole, class M>
HWY_INLINE void StorePart(D d, M mask, V v, float* p) {
  if constexpr (kWhole) {
    hn::StoreU(v, d, p);
  } else {
    hn::BlendedStore(v, mask, d, p);
  }
}

// ---- rows
// ---------------------------------------------------------------------------------------------------------------

/// The largest of n > 0 elements, in every lane.
HWY_INLINE V Largest(D d, const float* HWY_RESTRICT x, std::size_t n) {
  const std::size_t lanes = hn::Lanes(d);
  const V lowest = hn::Set(d, -__builtin_inff());
  V m0 = lowest;
  V m1 = lowest;
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    m0 = hn::Max(m0, hn::LoadU(d, x + i));
    m1 = hn::Max(m1, hn::LoadU(d, x + i + lanes));
  }
  if (i + lanes <= n) {
    m0 = hn::Max(m0, hn::LoadU(d, x + i));
    i += lanes;
  }
  if (i < n) m1 = hn::Max(m1, LoadOr<false>(d, hn::FirstN(d, n - i), x + i, lowest));
  return hn::MaxOfLanes(d, hn::Max(m0, m1));
}

constexpr std::size_t kBlock = 2048;  // elements after which a partial sum is put aside

/// The sum of exp(x - largest) in every lane; `each(i, mask or none, difference, exponential)` sees them all.
template <class Each>
HWY_INLINE V SumOfExponentials(D d, const float* x, std::size_t n, V largest, const Each& each) {
  const std::size_t lanes = hn::Lanes(d);
  V total = hn::Zero(d);
  std::size_t i = 0;
  while (i + lanes <= n) {
    const std::size_t end = std::min(n / lanes * lanes, i + kBlock);
    V sum = hn::Zero(d);
    for (; i < end; i += lanes) {
      const V difference = hn::Sub(hn::LoadU(d, x + i), largest);
      const V e = Exp(d, difference);
      sum = hn::Add(sum, e);
      each.Whole(i, difference, e);
    }
    total = hn::Add(total, sum);
  }
  if (i < n) {
    const auto mask = hn::FirstN(d, n - i);
    const V difference = hn::IfThenElseZero(mask, hn::Sub(hn::MaskedLoad(mask, d, x + i), largest));
    const V e = hn::IfThenElseZero(mask, Exp(d, difference));
    total = hn::Add(total, e);
    each.Part(i, mask, difference, e);
  }
  return hn::SumOfLanes(d, total);
}

struct Ignore {
  HWY_INLINE void Whole(std::size_t, V, V) const {}
  template <class M>
  HWY_INLINE void Part(std::size_t, M, V, V) const {}
};

struct Keep {
  D d;
  float* y;
  HWY_INLINE void Whole(std::size_t i, V, V e) const { hn::StoreU(e, d, y + i); }
  template <class M>
  HWY_INLINE void Part(std::size_t i, M mask, V, V e) const {
    hn::BlendedStore(e, mask, d, y + i);
  }
};

struct AddDifferences {
  V* sum;
  D d;
  HWY_INLINE void Whole(std::size_t, V difference, V) const { *sum = hn::Add(*sum, difference); }
  template <class M>
  HWY_INLINE void Part(std::size_t, M, V difference, V) const {
    *sum = hn::Add(*sum, difference);
  }
};

/// y[i] = f(x[i]) for n elements.
template <class F>
HWY_INLINE void Transform(D d, const float* x, std::size_t n, float* y, const F& f) {
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(hn::LoadU(d, x + i)), d, y + i);
  if (i == n) return;
  const auto mask = hn::FirstN(d, n - i);
  hn::BlendedStore(f(hn::MaskedLoad(mask, d, x + i)), mask, d, y + i);
}

void SoftmaxRows(const float* x, float* y, std::int64_t rows, std::int64_t classes) {
  const D d;
  const auto n = static_cast<std::size_t>(classes);
  const V one = hn::Set(d, 1.0F);
  if (n <= hn::Lanes(d)) {  // a row is one vector: nothing goes through memory twice
    const auto mask = hn::FirstN(d, n);
    const V lowest = hn::Set(d, -__builtin_inff());
    for (std::int64_t row = 0; row < rows; ++row, x += n, y += n) {
      const V v = LoadOr<false>(d, mask, x, lowest);
      const V e = hn::IfThenElseZero(mask, Exp(d, hn::Sub(v, hn::MaxOfLanes(d, v))));
      hn::BlendedStore(hn::Div(e, hn::SumOfLanes(d, e)), mask, d, y);
    }
    return;
  }
  for (std::int64_t row = 0; row < rows; ++row, x += n, y += n) {
    const V largest = Largest(d, x, n);
    const V factor = hn::Div(one, SumOfExponentials(d, x, n, largest, Keep{d, y}));
    Transform(d, y, n, y, [&](V e) HWY_ATTR { return hn::Mul(e, factor); });
  }
}

void LogSoftmaxRows(const float* x, float* y, std::int64_t rows, std::int64_t classes) {
  const D d;
  const auto n = static_cast<std::size_t>(classes);
  for (std::int64_t row = 0; row < rows; ++row, x += n, y += n) {
    const V largest = Largest(d, x, n);
    const V logarithm = Log(d, SumOfExponentials(d, x, n, largest, Ignore()));
    // The two are subtracted one after the other: their sum would lose the small one beside large logits.
    Transform(d, x, n, y, [&](V v) HWY_ATTR { return hn::Sub(hn::Sub(v, largest), logarithm); });
  }
}

// ---- columns
// ---------------------------------------------------------------------------------------------------------------

/// One vector of columns, `classes` elements `inner` apart each.
template <bool kLog, bool kWhole>
HWY_INLINE void Column(const float* x, float* y, std::int64_t classes, std::int64_t inner,
                       std::size_t width) {
  const D d;
  const auto mask = hn::FirstN(d, width);
  const V zero = hn::Zero(d);
  V largest = hn::Set(d, -__builtin_inff());
  for (std::int64_t k = 0; k < classes; ++k) {
    largest = hn::Max(largest, LoadOr<kWhole>(d, mask, x + k * inner, zero));
  }
  V sum = zero;
  for (std::int64_t k = 0; k < classes; ++k) {
    const V e = Exp(d, hn::Sub(LoadOr<kWhole>(d, mask, x + k * inner, zero), largest));
    if constexpr (!kLog) StorePart<kWhole>(d, mask, e, y + k * inner);
    sum = hn::Add(sum, e);
  }
  const V last = kLog ? Log(d, sum) : hn::Div(hn::Set(d, 1.0F), sum);
  for (std::int64_t k = 0; k < classes; ++k) {
    V v;
    if constexpr (kLog) {
      v = hn::Sub(hn::Sub(LoadOr<kWhole>(d, mask, x + k * inner, zero), largest), last);
    } else {
      v = hn::Mul(LoadOr<kWhole>(d, mask, y + k * inner, zero), last);
    }
    StorePart<kWhole>(d, mask, v, y + k * inner);
  }
}

template <bool kLog>
void Columns(const float* x, float* y, std::int64_t classes, std::int64_t inner, std::int64_t width) {
  const std::size_t lanes = hn::Lanes(D());
  const auto columns = static_cast<std::size_t>(width);
  std::size_t i = 0;
  for (; i + lanes <= columns; i += lanes) Column<kLog, true>(x + i, y + i, classes, inner, lanes);
  if (i < columns) Column<kLog, false>(x + i, y + i, classes, inner, columns - i);
}

void SoftmaxColumns(const float* x, float* y, std::int64_t classes, std::int64_t inner, std::int64_t width) {
  Columns<false>(x, y, classes, inner, width);
}

void LogSoftmaxColumns(const float* x, float* y, std::int64_t classes, std::int64_t inner,
                       std::int64_t width) {
  Columns<true>(x, y, classes, inner, width);
}

// ---- cross-entropy
// ---------------------------------------------------------------------------------------------------------

/// Sum of exponentials of a row, and the target's mean of (largest - x), to which its logarithm is to be
/// added.
struct RowLoss {
  float sum;
  float distance;
};

HWY_INLINE RowLoss LossOfRow(D d, const float* x, std::size_t n, std::size_t label, float smoothing) {
  const V largest = Largest(d, x, n);
  const float at_label = x[label] - hn::GetLane(largest);
  if (smoothing == 0.0F) return {hn::GetLane(SumOfExponentials(d, x, n, largest, Ignore())), -at_label};
  V differences = hn::Zero(d);
  const V sum = SumOfExponentials(d, x, n, largest, AddDifferences{&differences, d});
  const float mean = hn::GetLane(hn::SumOfLanes(d, differences)) / static_cast<float>(n);
  return {hn::GetLane(sum), -((1.0F - smoothing) * at_label + smoothing * mean)};
}

void LossRows(const CrossEntropyRows& p, float* loss, std::int64_t begin, std::int64_t end) {
  const D d;
  constexpr std::int64_t kRows = 64;  // logarithms are taken of many rows at once
  HWY_ALIGN float sums[kRows];
  HWY_ALIGN float distances[kRows];
  const auto n = static_cast<std::size_t>(p.classes);
  for (std::int64_t first = begin; first < end; first += kRows) {
    const std::int64_t count = std::min(kRows, end - first);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto label = static_cast<std::uint32_t>(p.labels[first + i]);
      RowLoss row = {1.0F, __builtin_nanf("")};
      if (label < n) row = LossOfRow(d, p.logits + (first + i) * p.classes, n, label, p.smoothing);
      sums[i] = row.sum;
      distances[i] = row.distance;
    }
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    for (std::int64_t i = 0; i < count; i += lanes) {
      const auto mask = hn::FirstN(d, static_cast<std::size_t>(std::min(lanes, count - i)));
      const V sum = hn::IfThenElse(mask, hn::Load(d, sums + i), hn::Set(d, 1.0F));
      const V distance = hn::IfThenElseZero(mask, hn::Load(d, distances + i));
      hn::BlendedStore(hn::Add(Log(d, sum), distance), mask, d, loss + first + i);
    }
  }
}

void GradientRows(const CrossEntropyRows& p, const float* weight, float* gradient, std::int64_t begin,
                  std::int64_t end) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto n = static_cast<std::size_t>(p.classes);
  const bool one_vector = n <= hn::Lanes(d);
  const auto mask = hn::FirstN(d, n);
  const V lowest = hn::Set(d, -__builtin_inff());
  for (std::int64_t i = begin; i < end; ++i) {
    const float* x = p.logits + i * p.classes;
    float* y = gradient + i * p.classes;
    const auto label = static_cast<std::uint32_t>(p.labels[i]);
    if (label >= n) {
      std::fill_n(y, n, __builtin_nanf(""));
      continue;
    }
    const V w = hn::Set(d, weight[i]);
    const V everywhere = hn::Mul(w, hn::Set(d, p.smoothing / static_cast<float>(n)));
    const V at_label = hn::Mul(w, hn::Set(d, 1.0F - p.smoothing));
    if (one_vector) {
      const V v = LoadOr<false>(d, mask, x, lowest);
      const V e = hn::IfThenElseZero(mask, Exp(d, hn::Sub(v, hn::MaxOfLanes(d, v))));
      const auto is_label =
          hn::RebindMask(d, hn::Eq(hn::Iota(di, 0), hn::Set(di, static_cast<std::int32_t>(label))));
      const V target = hn::Add(everywhere, hn::IfThenElseZero(is_label, at_label));
      hn::BlendedStore(hn::MulSub(e, hn::Div(w, hn::SumOfLanes(d, e)), target), mask, d, y);
      continue;
    }
    const V factor = hn::Div(w, SumOfExponentials(d, x, n, Largest(d, x, n), Keep{d, y}));
    Transform(d, y, n, y, [&](V e) HWY_ATTR { return hn::MulSub(e, factor, everywhere); });
    y[label] -= hn::GetLane(at_label);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(SoftmaxRows);
HWY_EXPORT(SoftmaxColumns);
HWY_EXPORT(LogSoftmaxRows);
HWY_EXPORT(LogSoftmaxColumns);
HWY_EXPORT(LossRows);
HWY_EXPORT(GradientRows);

namespace {

constexpr std::int64_t kElementsOfTask = 4096;  // about 2 us of exponentials

/// Splits `count` things of `elements` elements each into tasks: `run(begin, end)`.
template <class Run>
void split(std::int64_t count, std::int64_t elements, const Run& run) {
  const std::int64_t share = std::max<std::int64_t>(1, kElementsOfTask / std::max<std::int64_t>(1, elements));
  if (count <= share) {
    run(std::int64_t{0}, count);
    return;
  }
  parallel_for((count + share - 1) / share,
               [&](std::int64_t task) { run(task * share, std::min(count, (task + 1) * share)); });
}

using RowsFunction = void (*)(const float*, float*, std::int64_t, std::int64_t);
using ColumnsFunction = void (*)(const float*, float*, std::int64_t, std::int64_t, std::int64_t);

void along_axis(const SoftmaxShape& s, const float* x, float* y, RowsFunction rows, ColumnsFunction columns) {
  if (s.classes == 0) return;
  if (s.inner == 1) {
    split(s.outer, s.classes, [&](std::int64_t begin, std::int64_t end) {
      rows(x + begin * s.classes, y + begin * s.classes, end - begin, s.classes);
    });
    return;
  }
  constexpr std::int64_t kStrip = 64;
  const std::int64_t strips = (s.inner + kStrip - 1) / kStrip;
  split(s.outer * strips, s.classes * std::min(kStrip, s.inner), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t column = unit % strips * kStrip;
      const std::int64_t at = unit / strips * s.classes * s.inner + column;
      columns(x + at, y + at, s.classes, s.inner, std::min(kStrip, s.inner - column));
    }
  });
}

}  // namespace

void softmax(const SoftmaxShape& shape, const float* x, float* y) {
  along_axis(shape, x, y, HWY_DYNAMIC_DISPATCH(SoftmaxRows), HWY_DYNAMIC_DISPATCH(SoftmaxColumns));
}

void log_softmax(const SoftmaxShape& shape, const float* x, float* y) {
  along_axis(shape, x, y, HWY_DYNAMIC_DISPATCH(LogSoftmaxRows), HWY_DYNAMIC_DISPATCH(LogSoftmaxColumns));
}

void softmax_cross_entropy(const CrossEntropyRows& rows, float* loss) {
  const auto run = HWY_DYNAMIC_DISPATCH(LossRows);
  split(rows.rows, rows.classes, [&](std::int64_t begin, std::int64_t end) { run(rows, loss, begin, end); });
}

void softmax_cross_entropy_gradient(const CrossEntropyRows& rows, const float* weight, float* gradient) {
  const auto run = HWY_DYNAMIC_DISPATCH(GradientRows);
  split(rows.rows, rows.classes,
        [&](std::int64_t begin, std::int64_t end) { run(rows, weight, gradient, begin, end); });
}

}  // namespace hebb
#endif
