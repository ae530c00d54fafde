#include "kernels/elementwise.hpp"

#include <array>
#include <cmath>

#include "kernels/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cpp"  // NOLINT
#include <hwy/foreach_target.h>                       // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// ---- the instructions: one element-wise function of up to three vectors each
// -----------------------------------

template <class M>
HWY_INLINE V OneWhere(D d, M mask) {
  return hn::IfThenElseZero(mask, hn::Set(d, 1.0F));
}

// Precise, not fast: powers with a constant small exponent never get here.
HWY_INLINE V PowLanes(D d, V a, V b) {
  HWY_ALIGN float x[hn::MaxLanes(D())];
  HWY_ALIGN float y[hn::MaxLanes(D())];
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) x[i] = std::pow(x[i], y[i]);
  return hn::Load(d, x);
}

#define HEBB_UNARY(name, expression)            \
  struct name {                                 \
    static constexpr int kOperands = 1;         \
    static HWY_INLINE V Apply(D d, V a, V, V) { \
      (void)d;                                  \
      return expression;                        \
    }                                           \
  }
#define HEBB_BINARY(name, expression)             \
  struct name {                                   \
    static constexpr int kOperands = 2;           \
    static HWY_INLINE V Apply(D d, V a, V b, V) { \
      (void)d;                                    \
      return expression;                          \
    }                                             \
  }
#define HEBB_TERNARY(name, expression)              \
  struct name {                                     \
    static constexpr int kOperands = 3;             \
    static HWY_INLINE V Apply(D d, V a, V b, V c) { \
      (void)d;                                      \
      return expression;                            \
    }                                               \
  }

HEBB_UNARY(CopyOp, a);
HEBB_BINARY(AddOp, hn::Add(a, b));
HEBB_BINARY(SubOp, hn::Sub(a, b));
HEBB_BINARY(MulOp, hn::Mul(a, b));
HEBB_BINARY(DivOp, hn::Div(a, b));
// NaN in either operand gives NaN, which the processor's own instructions do not promise.
HEBB_BINARY(MinOp, hn::IfThenElse(hn::Lt(a, b), a, hn::IfThenElse(hn::Eq(a, a), b, a)));
HEBB_BINARY(MaxOp, hn::IfThenElse(hn::Gt(a, b), a, hn::IfThenElse(hn::Eq(a, a), b, a)));
HEBB_BINARY(PowOp, PowLanes(d, a, b));
HEBB_UNARY(NegOp, hn::Neg(a));
HEBB_UNARY(AbsOp, hn::Abs(a));
HEBB_UNARY(SqrtOp, hn::Sqrt(a));
HEBB_UNARY(ExpOp, Exp(d, a));
HEBB_UNARY(Expm1Op, Expm1(d, a));
HEBB_UNARY(LogOp, Log(d, a));
HEBB_UNARY(Log1pOp, Log1p(d, a));
HEBB_UNARY(TanhOp, Tanh(d, a));
HEBB_UNARY(SigmoidOp, Sigmoid(d, a));
HEBB_UNARY(ErfOp, Erf(d, a));
HEBB_BINARY(LessOp, OneWhere(d, hn::Lt(a, b)));
HEBB_BINARY(LessEqualOp, OneWhere(d, hn::Le(a, b)));
HEBB_BINARY(EqualOp, OneWhere(d, hn::Eq(a, b)));
HEBB_TERNARY(SelectOp, hn::IfThenElse(hn::Not(hn::Eq(a, hn::Zero(d))), b, c));
HEBB_TERNARY(FmaOp, hn::MulAdd(a, b, c));
HEBB_TERNARY(FnmaOp, hn::NegMulAdd(a, b, c));

#undef HEBB_UNARY
#undef HEBB_BINARY
#undef HEBB_TERNARY

// ---- the loop around them
// --------------------------------------------------------------------------------------------

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
  hn::BlendedStore(F::Apply(d, Part<kA>(d, mask, a, i, splat_a), Part<kB>(d, mask, b, i, splat_b),
                            Part<kC>(d, mask, c, i, splat_c)),
                   mask, d, result + i);
}

using Row = std::array<ElementwiseRun, 8>;

template <class F>
constexpr Row RowOf() {
  // Bits of operands that do not exist are ignored.
  constexpr unsigned kMask = (1U << F::kOperands) - 1;
  return {Run<F, 0 & kMask>, Run<F, 1 & kMask>, Run<F, 2 & kMask>, Run<F, 3 & kMask>,
          Run<F, 4 & kMask>, Run<F, 5 & kMask>, Run<F, 6 & kMask>, Run<F, 7 & kMask>};
}

const Row* Table() {
  static constexpr std::array<Row, static_cast<std::size_t>(ElementwiseCode::count)> kTable = {
      RowOf<CopyOp>(),  RowOf<AddOp>(),     RowOf<SubOp>(),   RowOf<MulOp>(),  RowOf<DivOp>(),
      RowOf<MinOp>(),   RowOf<MaxOp>(),     RowOf<PowOp>(),   RowOf<NegOp>(),  RowOf<AbsOp>(),
      RowOf<SqrtOp>(),  RowOf<ExpOp>(),     RowOf<Expm1Op>(), RowOf<LogOp>(),  RowOf<Log1pOp>(),
      RowOf<TanhOp>(),  RowOf<SigmoidOp>(), RowOf<ErfOp>(),   RowOf<LessOp>(), RowOf<LessEqualOp>(),
      RowOf<EqualOp>(), RowOf<SelectOp>(),  RowOf<FmaOp>(),   RowOf<FnmaOp>()};
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
