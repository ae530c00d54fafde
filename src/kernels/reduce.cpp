#include "kernels/reduce.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "core/parallel.hpp"
#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/reduce.cpp"  // NOLINT
#include <hwy/foreach_target.h>                  // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// ---- how two values are combined
// -------------------------------------------------------------------------------

struct Add {
  static HWY_INLINE V Identity(D d) { return hn::Zero(d); }
  static HWY_INLINE V Combine(D, V a, V b) { return hn::Add(a, b); }
  static HWY_INLINE float Combine(float a, float b) { return a + b; }
  static HWY_INLINE float Lanes(D d, V v) { return hn::GetLane(hn::SumOfLanes(d, v)); }
};

// The processor's own maximum and minimum forget a NaN in one of the two operands.
struct Max {
  static HWY_INLINE V Identity(D d) { return hn::Set(d, -__builtin_inff()); }
  static HWY_INLINE V Combine(D, V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Le(b, a), hn::IsNaN(a)), a, b);
  }
  static HWY_INLINE float Combine(float a, float b) { return b <= a || a != a ? a : b; }
  static HWY_INLINE float Lanes(D d, V v) {
    if (!hn::AllFalse(d, hn::IsNaN(v))) return __builtin_nanf("");
    return hn::GetLane(hn::MaxOfLanes(d, v));
  }
};

struct Min {
  static HWY_INLINE V Identity(D d) { return hn::Set(d, __builtin_inff()); }
  static HWY_INLINE V Combine(D, V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Ge(b, a), hn::IsNaN(a)), a, b);
  }
  static HWY_INLINE float Combine(float a, float b) { return b >= a || a != a ? a : b; }
  static HWY_INLINE float Lanes(D d, V v) {
    if (!hn::AllFalse(d, hn::IsNaN(v))) return __builtin_nanf("");
    return hn::GetLane(hn::MinOfLanes(d, v));
  }
};

// ---- what is combined: the elements, or a function of them and the shift
// -------------------------------------------

struct Itself {
  static constexpr bool kShifted = false;
  static HWY_INLINE V Of(D, V x, V) { return x; }
};

struct Square {
  static constexpr bool kShifted = true;
  static HWY_INLINE V Of(D, V x, V shift) {
    const V distance = hn::Sub(x, shift);
    return hn::Mul(distance, distance);
  }
};

struct Exponential {
  static constexpr bool kShifted = true;
  static HWY_INLINE V Of(D d, V x, V shift) { return Exp(d, hn::Sub(x, shift)); }
};

// ---- runs of neighbours
// ------------------------------------------------------------------------------------------------

constexpr std::size_t kStepsOfBlock = 64;  // steps of four vectors after which partial sums are put aside

template <class F, class M>
HWY_INLINE float FoldRun(const float* HWY_RESTRICT x, std::size_t n, float shift_value) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  if constexpr (!M::kShifted) {
    if (n - 1 < 4) {  // n is 1 to 4
      float result = x[0];
      for (std::size_t i = 1; i < n; ++i) result = F::Combine(result, x[i]);
      return result;
    }
  }
  const V shift = hn::Set(d, shift_value);
  const auto at = [&](std::size_t i) HWY_ATTR { return M::Of(d, hn::LoadU(d, x + i), shift); };
  V total = F::Identity(d);
  std::size_t i = 0;
  while (n - i >= 4 * lanes) {
    const std::size_t end = i + std::min(kStepsOfBlock, (n - i) / (4 * lanes)) * 4 * lanes;
    V a0 = at(i);
    V a1 = at(i + lanes);
    V a2 = at(i + 2 * lanes);
    V a3 = at(i + 3 * lanes);
    for (i += 4 * lanes; i < end; i += 4 * lanes) {
      a0 = F::Combine(d, a0, at(i));
      a1 = F::Combine(d, a1, at(i + lanes));
      a2 = F::Combine(d, a2, at(i + 2 * lanes));
      a3 = F::Combine(d, a3, at(i + 3 * lanes));
    }
    total = F::Combine(d, total, F::Combine(d, F::Combine(d, a0, a1), F::Combine(d, a2, a3)));
  }
  for (; i + lanes <= n; i += lanes) total = F::Combine(d, total, at(i));
  if (i < n) {
    const auto mask = hn::FirstN(d, n - i);
    const V last = M::Of(d, hn::MaskedLoad(mask, d, x + i), shift);
    total = F::Combine(d, total, hn::IfThenElse(mask, last, F::Identity(d)));
  }
  return F::Lanes(d, total);
}

template <class F, class M>
void Rows(const float* x, std::int64_t count, std::int64_t stride, std::int64_t n, const float* shift,
          float* result) {
  for (std::int64_t row = 0; row < count; ++row) {
    result[row] =
        FoldRun<F, M>(x + row * stride, static_cast<std::size_t>(n), M::kShifted ? shift[row] : 0.0F);
  }
}

// ---- columns
// -----------------------------------------------------------------------------------------------------------

constexpr std::int64_t kRowsOfBlock = 256;  // rows after which partial sums are put aside

/// `kVectors` vectors of columns (1, 2 or 4); several rows at a time where that makes four independent sums.
template <class F, class M, int kVectors, bool kPart>
HWY_INLINE void FoldStrip(const float* x, std::int64_t rows, std::int64_t stride, std::size_t width,
                          const float* shift, float* result) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  constexpr std::int64_t kRows = 4 / kVectors;
  const auto mask = hn::FirstN(d, width);
  const auto load = [&](const float* p)
                        HWY_ATTR { return kPart ? hn::MaskedLoad(mask, d, p) : hn::LoadU(d, p); };
  const auto offset = [&](std::int64_t k) HWY_ATTR { return k / kVectors * stride + k % kVectors * lanes; };
  const std::int64_t at1 = offset(1);
  const std::int64_t at2 = offset(2);
  const std::int64_t at3 = offset(3);
  const auto shift_at = [&](std::int64_t k) HWY_ATTR {
    return M::kShifted ? load(shift + k % kVectors * lanes) : hn::Zero(d);
  };
  const V s0 = shift_at(0);
  const V s1 = shift_at(1);
  const V s2 = shift_at(2);
  const V s3 = shift_at(3);
  V t0 = F::Identity(d);
  V t1 = t0;
  V t2 = t0;
  V t3 = t0;
  std::int64_t row = 0;
  while (row + kRows <= rows) {
    const std::int64_t end = row + std::min(kRowsOfBlock, (rows - row) / kRows * kRows);
    V a0 = F::Identity(d);
    V a1 = a0;
    V a2 = a0;
    V a3 = a0;
    for (; row < end; row += kRows) {
      const float* p = x + row * stride;
      a0 = F::Combine(d, a0, M::Of(d, load(p), s0));
      a1 = F::Combine(d, a1, M::Of(d, load(p + at1), s1));
      a2 = F::Combine(d, a2, M::Of(d, load(p + at2), s2));
      a3 = F::Combine(d, a3, M::Of(d, load(p + at3), s3));
    }
    t0 = F::Combine(d, t0, a0);
    t1 = F::Combine(d, t1, a1);
    t2 = F::Combine(d, t2, a2);
    t3 = F::Combine(d, t3, a3);
  }
  if constexpr (kVectors == 1) {
    t0 = F::Combine(d, F::Combine(d, t0, t1), F::Combine(d, t2, t3));
  } else if constexpr (kVectors == 2) {
    t0 = F::Combine(d, t0, t2);
    t1 = F::Combine(d, t1, t3);
  }
  for (; row < rows; ++row) {
    const float* p = x + row * stride;
    t0 = F::Combine(d, t0, M::Of(d, load(p), s0));
    if constexpr (kVectors == 2) t1 = F::Combine(d, t1, M::Of(d, load(p + lanes), s1));
  }
  if constexpr (kPart) {
    hn::BlendedStore(t0, mask, d, result);
    return;
  }
  hn::StoreU(t0, d, result);
  if constexpr (kVectors >= 2) hn::StoreU(t1, d, result + lanes);
  if constexpr (kVectors == 4) {
    hn::StoreU(t2, d, result + 2 * lanes);
    hn::StoreU(t3, d, result + 3 * lanes);
  }
}

template <class F, class M>
void Columns(const float* x, std::int64_t rows, std::int64_t stride, std::int64_t width, const float* shift,
             float* result) {
  const std::size_t lanes = hn::Lanes(D());
  const auto columns = static_cast<std::size_t>(width);
  std::size_t i = 0;
  const auto shifted = [&]() HWY_ATTR { return M::kShifted ? shift + i : nullptr; };
  for (; i + 4 * lanes <= columns; i += 4 * lanes) {
    FoldStrip<F, M, 4, false>(x + i, rows, stride, lanes, shifted(), result + i);
  }
  if (i + 2 * lanes <= columns) {
    FoldStrip<F, M, 2, false>(x + i, rows, stride, lanes, shifted(), result + i);
    i += 2 * lanes;
  }
  if (i + lanes <= columns) {
    FoldStrip<F, M, 1, false>(x + i, rows, stride, lanes, shifted(), result + i);
    i += lanes;
  }
  if (i < columns) FoldStrip<F, M, 1, true>(x + i, rows, stride, columns - i, shifted(), result + i);
}

const Reduction::Pass* Passes() {
  static constexpr std::array<Reduction::Pass, static_cast<std::size_t>(Reduction::Fold::count)> kPasses = {
      {{Rows<Add, Itself>, Columns<Add, Itself>},
       {Rows<Max, Itself>, Columns<Max, Itself>},
       {Rows<Min, Itself>, Columns<Min, Itself>},
       {Rows<Add, Square>, Columns<Add, Square>},
       {Rows<Add, Exponential>, Columns<Add, Exponential>}}};
  return kPasses.data();
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Passes);

namespace {

constexpr std::int64_t kBatch = 128;             // outputs that are taken through all passes together
constexpr std::int64_t kStrip = 64;              // columns of a unit of work
constexpr std::int64_t kElementsOfTask = 16384;  // about 2 us from the second-level cache
constexpr std::int64_t kMostChunks = 64;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

const Reduction::Pass& Reduction::pass_of(Fold fold) {
  return HWY_DYNAMIC_DISPATCH(Passes)()[static_cast<std::size_t>(fold)];
}

void Reduction::Walk::push(Axis axis) {
  axes.push_back(axis);
  count *= axis.extent;
}

std::int64_t Reduction::Walk::offset(std::int64_t index) const {
  if (axes.size() == 1) return index * axes.front().stride;
  std::int64_t offset = 0;
  for (std::size_t k = axes.size(); k-- > 0;) {
    offset += index % axes[k].extent * axes[k].stride;
    index /= axes[k].extent;
  }
  return offset;
}

Reduction::Reduction(ReduceCode code, std::span<const std::int64_t> extents,
                     std::span<const std::int64_t> reduced)
    : code_(code), passes_(HWY_DYNAMIC_DISPATCH(Passes)()) {
  struct Group {
    std::int64_t extent;
    bool reduced;
  };
  std::vector<Group> groups;  // axes of extent 1 vanish, neighbours of one kind are merged
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    const bool is_reduced = reduced[axis] != 0;
    (is_reduced ? count_ : outputs_) *= extents[axis];
    if (extents[axis] == 1) continue;
    if (!groups.empty() && groups.back().reduced == is_reduced) {
      groups.back().extent *= extents[axis];
    } else {
      groups.push_back({extents[axis], is_reduced});
    }
  }
  if (outputs_ == 0 || count_ == 0) return;
  scale_ = static_cast<float>(1.0 / static_cast<double>(count_));
  if (!groups.empty()) {
    run_ = groups.back().extent;
    run_is_reduced_ = groups.back().reduced;
  }
  std::int64_t stride = outputs_ * count_;
  for (std::size_t g = 0; g + 1 < groups.size(); ++g) {
    stride /= groups[g].extent;
    (groups[g].reduced ? reduced_ : kept_).push({groups[g].extent, stride});
  }
  strips_ = run_is_reduced_ ? 1 : ceil_div(run_, kStrip);
  units_ = kept_.count * strips_;
  const std::int64_t total = outputs_ * count_;
  units_of_task_ = std::max<std::int64_t>(1, kElementsOfTask / (total / units_));
  const bool few = kept_.axes.empty() && units_ <= 2 && reduced_.axes.size() <= 1;
  if (few && total >= 4 * kElementsOfTask) chunks_ = std::min(kMostChunks, total / kElementsOfTask);
}

float Reduction::identity() const {
  switch (code_) {
    case ReduceCode::sum: return 0.0F;
    case ReduceCode::max:
    case ReduceCode::logsumexp: return -std::numeric_limits<float>::infinity();
    case ReduceCode::min: return std::numeric_limits<float>::infinity();
    default: return std::numeric_limits<float>::quiet_NaN();
  }
}

/// The passes that make up a reduction; `run_pass(fold, shift, result)` folds every output's elements once.
template <class RunPass>
void Reduction::all_passes(std::int64_t width, float* result, const RunPass& run_pass) const {
  std::array<float, kBatch> shift;
  const auto scale = [&](float* values) {
    for (std::int64_t i = 0; i < width; ++i) values[i] *= scale_;
  };
  switch (code_) {
    case ReduceCode::sum: run_pass(Fold::sum, nullptr, result); break;
    case ReduceCode::max: run_pass(Fold::max, nullptr, result); break;
    case ReduceCode::min: run_pass(Fold::min, nullptr, result); break;
    case ReduceCode::mean:
      run_pass(Fold::sum, nullptr, result);
      scale(result);
      break;
    case ReduceCode::var:
      run_pass(Fold::sum, nullptr, shift.data());
      scale(shift.data());
      run_pass(Fold::squares, shift.data(), result);
      scale(result);
      break;
    case ReduceCode::logsumexp:
      run_pass(Fold::max, nullptr, shift.data());
      // Infinite ones would make NaN of infinity - infinity; unshifted, the exponentials say 0 or infinity
      // themselves.
      for (std::int64_t i = 0; i < width; ++i) {
        float& s = shift[static_cast<std::size_t>(i)];
        if (std::isinf(s)) s = 0.0F;
      }
      run_pass(Fold::exponentials, shift.data(), result);
      for (std::int64_t i = 0; i < width; ++i)
        result[i] = std::log(result[i]) + shift[static_cast<std::size_t>(i)];
      break;
  }
}

namespace {

/// result[i] = result[i] combined with more[i].
void combine(Reduction::Fold fold, std::int64_t width, const float* more, float* result) {
  for (std::int64_t i = 0; i < width; ++i) {
    const float a = result[i];
    const float b = more[i];
    switch (fold) {
      case Reduction::Fold::max: result[i] = b <= a || std::isnan(a) ? a : b; break;
      case Reduction::Fold::min: result[i] = b >= a || std::isnan(a) ? a : b; break;
      default: result[i] = a + b;
    }
  }
}

}  // namespace

/// Outputs [begin, end), each the fold of many separate runs.
void Reduction::one_by_one(const float* x, float* result, std::int64_t begin, std::int64_t end) const {
  for (std::int64_t output = begin; output < end; ++output) {
    const float* base = x + kept_.offset(output);
    all_passes(1, result + output, [&](Fold fold, const float* shift, float* to) {
      const auto fold_rows = pass(fold).rows;
      fold_rows(base, 1, 0, run_, shift, to);
      for (std::int64_t r = 1; r < reduced_.count; ++r) {
        float more;
        fold_rows(base + reduced_.offset(r), 1, 0, run_, shift, &more);
        combine(fold, 1, &more, to);
      }
    });
  }
}

/// Outputs [begin, end), each the fold of one run.
void Reduction::rows(const float* x, float* result, std::int64_t begin, std::int64_t end) const {
  const std::int64_t stride = kept_.axes.empty() ? 0 : kept_.axes.front().stride;
  for (std::int64_t output = begin; output < end; output += kBatch) {
    const std::int64_t width = std::min(kBatch, end - output);
    all_passes(width, result + output, [&](Fold fold, const float* shift, float* to) {
      pass(fold).rows(x + output * stride, width, stride, run_, shift, to);
    });
  }
}

/// A strip of a kept run: neighbouring outputs, folded over all rows.
void Reduction::strip(const float* x, float* result, std::int64_t unit) const {
  const std::int64_t block = unit / strips_;
  const std::int64_t column = unit % strips_ * kStrip;
  const std::int64_t width = std::min(kStrip, run_ - column);
  const float* base = x + kept_.offset(block) + column;
  // The innermost reduced axis makes the rows, the others are walked.
  const bool nothing = reduced_.axes.empty();
  const Axis inner = nothing ? Axis{1, 0} : reduced_.axes.back();
  const std::int64_t outer = nothing ? 1 : reduced_.count / inner.extent;
  all_passes(width, result + block * run_ + column, [&](Fold fold, const float* shift, float* to) {
    const auto fold_columns = pass(fold).columns;
    fold_columns(base, inner.extent, inner.stride, width, shift, to);
    for (std::int64_t r = 1; r < outer; ++r) {
      std::array<float, kStrip> more;
      fold_columns(base + reduced_.offset(r * inner.extent), inner.extent, inner.stride, width, shift,
                   more.data());
      combine(fold, width, more.data(), to);
    }
  });
}

void Reduction::run_units(const float* x, float* result, std::int64_t begin, std::int64_t end) const {
  if (!run_is_reduced_) {
    for (std::int64_t unit = begin; unit < end; ++unit) strip(x, result, unit);
  } else if (reduced_.axes.empty() && kept_.axes.size() <= 1) {
    rows(x, result, begin, end);
  } else {
    one_by_one(x, result, begin, end);
  }
}

/// Where the reduced elements are cut, and how a piece of them is folded.
struct Reduction::Chunks {
  const Reduction& of;
  std::int64_t width;
  std::int64_t length;

  explicit Chunks(const Reduction& reduction)
      : of(reduction),
        width(of.run_is_reduced_ ? 1 : of.run_),
        // Without outer axes a reduced run is one column of n rows as far as the cutting is concerned.
        length(of.run_is_reduced_ && of.reduced_.axes.empty() ? of.run_ : of.reduced_.count) {}
  std::int64_t begin(std::int64_t chunk) const { return length * chunk / of.chunks_; }
  std::int64_t rows(std::int64_t chunk) const { return begin(chunk + 1) - begin(chunk); }
  void fold(Fold fold, std::int64_t chunk, const float* x, const float* shift, float* part) const {
    if (of.run_is_reduced_) {
      of.pass(fold).rows(x + begin(chunk), 1, 0, rows(chunk), shift, part);
    } else {
      of.pass(fold).columns(x + begin(chunk) * width, rows(chunk), width, width, shift, part);
    }
  }
};

/// The variance of each chunk about its own mean, while it is in the cache, and those put together
/// (Chan, Golub and LeVeque 1979): one walk through memory instead of two.
void Reduction::run_variance_chunks(const float* x, float* result) const {
  const Chunks cut(*this);
  std::array<float, kMostChunks * 2 * kStrip> means;
  std::array<float, kMostChunks * 2 * kStrip> squares;
  parallel_for(chunks_, [&](std::int64_t chunk) {
    float* mean = means.data() + chunk * cut.width;
    cut.fold(Fold::sum, chunk, x, nullptr, mean);
    for (std::int64_t c = 0; c < cut.width; ++c) mean[c] /= static_cast<float>(cut.rows(chunk));
    cut.fold(Fold::squares, chunk, x, mean, squares.data() + chunk * cut.width);
  });
  for (std::int64_t c = 0; c < cut.width; ++c) {
    const auto at = [&](std::int64_t chunk) { return static_cast<std::size_t>(chunk * cut.width + c); };
    double mean = 0;
    for (std::int64_t k = 0; k < chunks_; ++k)
      mean += static_cast<double>(means[at(k)]) * static_cast<double>(cut.rows(k));
    mean /= static_cast<double>(cut.length);
    double sum = 0;
    for (std::int64_t k = 0; k < chunks_; ++k) {
      const double distance = static_cast<double>(means[at(k)]) - mean;
      sum += static_cast<double>(squares[at(k)]) + static_cast<double>(cut.rows(k)) * distance * distance;
    }
    result[c] = static_cast<float>(sum / static_cast<double>(cut.length));
  }
}

/// Few outputs and many elements: each pass is cut along the reduced axis, and the pieces' results are
/// combined.
void Reduction::run_chunks(const float* x, float* result) const {
  const Chunks cut(*this);
  const std::int64_t width = cut.width;
  std::array<float, kMostChunks * 2 * kStrip> parts;
  all_passes(width, result, [&](Fold fold, const float* shift, float* to) {
    parallel_for(chunks_,
                 [&](std::int64_t chunk) { cut.fold(fold, chunk, x, shift, parts.data() + chunk * width); });
    const Fold last = fold == Fold::max || fold == Fold::min ? fold : Fold::sum;
    pass(last).columns(parts.data(), chunks_, width, width, nullptr, to);
  });
}

void Reduction::run(const float* x, float* result) const {
  if (outputs_ == 0) return;
  if (count_ == 0) {
    std::fill_n(result, outputs_, identity());
    return;
  }
  if (chunks_ > 1) {
    code_ == ReduceCode::var ? run_variance_chunks(x, result) : run_chunks(x, result);
    return;
  }
  if (units_ <= units_of_task_) {
    run_units(x, result, 0, units_);
    return;
  }
  parallel_for(ceil_div(units_, units_of_task_), [&](std::int64_t task) {
    const std::int64_t begin = task * units_of_task_;
    run_units(x, result, begin, std::min(units_, begin + units_of_task_));
  });
}

}  // namespace hebb
#endif
