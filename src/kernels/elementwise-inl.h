// The instructions of element-wise programs, on vectors.
//
// No guard of the usual kind: the file is compiled once for every instruction set.
#if defined(HEBB_KERNELS_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEBB_KERNELS_ELEMENTWISE_INL_H_
#undef HEBB_KERNELS_ELEMENTWISE_INL_H_
#else
#define HEBB_KERNELS_ELEMENTWISE_INL_H_
#endif

#include <cmath>
#include <tuple>

#include "kernels/elementwise.hpp"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace {

// Each has the number of its operands and, as Apply, what it makes of them; operands beyond that number are not read.

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

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

/// In the order of ElementwiseCode.
using Instructions =
    std::tuple<CopyOp, AddOp, SubOp, MulOp, DivOp, MinOp, MaxOp, PowOp, NegOp, AbsOp, SqrtOp, ExpOp, Expm1Op, LogOp,
               Log1pOp, TanhOp, SigmoidOp, ErfOp, LessOp, LessEqualOp, EqualOp, SelectOp, FmaOp, FnmaOp>;
static_assert(std::tuple_size_v<Instructions> == static_cast<std::size_t>(ElementwiseCode::count));

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#endif
