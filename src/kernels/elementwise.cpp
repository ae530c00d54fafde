#include "kernels/elementwise.hpp"

#include <array>

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cpp"  // NOLINT
#include <hwy/foreach_target.h>                       // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/elementwise-inl.h"
#include "kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

template <bool scalar>
HWY_INLINE V Whole(D d, const float* p, std::size_t i, V splat) {
  if constexpr (scalar) return splat;
  return hn::LoadU(d, p + i);
}

template <bool scalar, class M>
HWY_INLINE V Part(D d, M mask, const float* p, std::size_t i, V splat) {
  if constexpr (scalar) return splat;
  return hn::MaskedLoad(mask, d, p + i);
}

template <class F, unsigned kScalars>
void Run(const float* a, const float* b, const float* c, float* result, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr bool kA = (kScalars & 1) != 0;
  constexpr bool kB = F::kOperands < 2 || (kScalars & 2) != 0;
  constexpr bool kC = F::kOperands < 3 || (kScalars & 4) != 0;
  const V zero = hn::Zero(d);
  const V splat_a = kA ? hn::Set(d, *a) : zero;
  const V splat_b = F::kOperands >= 2 && kB ? hn::Set(d, *b) : zero;
  const V splat_c = F::kOperands >= 3 && kC ? hn::Set(d, *c) : zero;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(
        F::Apply(d, Whole<kA>(d, a, i, splat_a), Whole<kB>(d, b, i, splat_b), Whole<kC>(d, c, i, splat_c)), d,
        result + i);
  }
  if (i == count) return;
  const auto mask = hn::FirstN(d, count - i);
  StoreFirst(F::Apply(d, Part<kA>(d, mask, a, i, splat_a), Part<kB>(d, mask, b, i, splat_b),
                      Part<kC>(d, mask, c, i, splat_c)),
             d, result + i, count - i);
}

using Row = std::array<ElementwiseRun, 8>;

template <class F>
constexpr Row RowOf() {
  // Bits of operands that do not exist are ignored.
  constexpr unsigned kMask = (1U << F::kOperands) - 1;
  return {Run<F, 0 & kMask>, Run<F, 1 & kMask>, Run<F, 2 & kMask>, Run<F, 3 & kMask>,
          Run<F, 4 & kMask>, Run<F, 5 & kMask>, Run<F, 6 & kMask>, Run<F, 7 & kMask>};
}

template <class... F>
constexpr std::array<Row, sizeof...(F)> RowsOf(std::tuple<F...>*) {
  return {RowOf<F>()...};
}

const Row* Table() {
  static constexpr auto kTable = RowsOf(static_cast<Instructions*>(nullptr));
  return kTable.data();
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hebb {

HWY_EXPORT(Table);

ElementwiseRun elementwise_run(ElementwiseCode code, unsigned scalars) {
  return HWY_DYNAMIC_DISPATCH(Table)()[static_cast<std::size_t>(code)][scalars & 7U];
}

int operand_count(ElementwiseCode code) {
  switch (code) {
    case ElementwiseCode::select:
    case ElementwiseCode::fma:
    case ElementwiseCode::fnma: return 3;
    case ElementwiseCode::add:
    case ElementwiseCode::sub:
    case ElementwiseCode::mul:
    case ElementwiseCode::div:
    case ElementwiseCode::min:
    case ElementwiseCode::max:
    case ElementwiseCode::pow:
    case ElementwiseCode::less:
    case ElementwiseCode::less_equal:
    case ElementwiseCode::equal: return 2;
    default: return 1;
  }
}

}  // namespace hebb
#endif
