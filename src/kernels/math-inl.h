// Vectorised f32 functions. The errors stated are the largest over all floats of the domain, measured by
// tests/kernels/math_test.cpp against double.
//
// No guard of the usual kind: the file is compiled once for every instruction set.
#if defined(HEBB_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEBB_KERNELS_MATH_INL_H_
#undef HEBB_KERNELS_MATH_INL_H_
#else
#define HEBB_KERNELS_MATH_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hebb {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// a * b + c is one rounding on targets with FMA and two elsewhere; the error bounds hold for both.

/// 2^n for integral n in [-126, 127], as i32 lanes.
template <class D, class VI>
HWY_INLINE hn::Vec<D> PowerOfTwo(D d, VI n) {
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
}

/// e^x. Argument reduction x = n ln 2 + r, |r| <= ln(2)/2, then the Taylor polynomial of degree 7 (truncation
/// below 2^-27). Overflows to infinity, underflows gradually to 0; NaN stays NaN. At most 2 ulp.
template <class D, class V>
HWY_INLINE V Exp(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V low = hn::Set(d, -104.0F);
  const V high = hn::Set(d, 89.0F);
#if HWY_TARGET == HWY_SCALAR
  // Here Min and Max would drop NaN, which compares false with everything.
  x = hn::IfThenElse(hn::Lt(x, low), low, hn::IfThenElse(hn::Gt(x, high), high, x));
#else
  // Min and Max return their second operand for NaN on x86: the order keeps NaN.
  x = hn::Max(low, hn::Min(high, x));
#endif
  const V n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504F)));
  // ln 2 in two parts, the first with 9 bits so that n times it is exact.
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), r);
  V p = hn::Set(d, 1.0F / 5040.0F);
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 720.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 120.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 24.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 6.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5F));
  p = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), hn::Set(d, 1.0F));
  // Scaled in two steps, since 2^n itself may not be a normal number at the ends of the range.
  const auto ni = hn::ConvertTo(di, n);
  const auto half = hn::ShiftRight<1>(ni);
  return hn::Mul(hn::Mul(p, PowerOfTwo(d, half)), PowerOfTwo(d, hn::Sub(ni, half)));
}

/// e^x - 1 without cancellation near 0: Taylor for |x| < 1/2. At most 3 ulp.
template <class D, class V>
HWY_INLINE V Expm1(D d, V x) {
  V p = hn::Set(d, 1.0F / 362880.0F);
  p = hn::MulAdd(p, x, hn::Set(d, 1.0F / 40320.0F));
  p = hn::MulAdd(p, x, hn::Set(d, 1.0F / 5040.0F));
  p = hn::MulAdd(p, x, hn::Set(d, 1.0F / 720.0F));
  p = hn::MulAdd(p, x, hn::Set(d, 1.0F / 120.0F));
  p = hn::MulAdd(p, x, hn::Set(d, 1.0F / 24.0F));
  p = hn::MulAdd(p, x, hn::Set(d, 1.0F / 6.0F));
  p = hn::MulAdd(p, x, hn::Set(d, 0.5F));
  const V near = hn::MulAdd(p, hn::Mul(x, x), x);
  const V far = hn::Sub(Exp(d, x), hn::Set(d, 1.0F));
  return hn::IfThenElse(hn::Lt(hn::Abs(x), hn::Set(d, 0.5F)), near, far);
}

/// The natural logarithm: x = 2^n m with m in [sqrt(1/2), sqrt(2)), then log(m) by the series of atanh in
/// s = f / (2 + f), f = m - 1. -infinity at 0, NaN below. At most 2 ulp.
template <class D, class V>
HWY_INLINE V Log(D d, V x) {
  const hn::RebindToSigned<D> di;
  // Denormals are brought into the normal range first.
  const auto denormal = hn::Lt(x, hn::Set(d, 1.17549435e-38F));
  const V scaled = hn::IfThenElse(denormal, hn::Mul(x, hn::Set(d, 8388608.0F)), x);
  const auto bits = hn::BitCast(di, scaled);
  // Subtracting the bits of sqrt(1/2) puts the cut between exponents there.
  const auto shifted = hn::Sub(bits, hn::Set(di, 0x3F3504F3));
  const auto exponent = hn::ShiftRight<23>(shifted);
  const auto mantissa =
      hn::Add(hn::And(shifted, hn::Set(di, 0x007FFFFF)), hn::Set(di, 0x3F3504F3));
  V n = hn::ConvertTo(d, exponent);
  n = hn::Sub(n, hn::IfThenElseZero(denormal, hn::Set(d, 23.0F)));
  const V f = hn::Sub(hn::BitCast(d, mantissa), hn::Set(d, 1.0F));
  const V s = hn::Div(f, hn::Add(hn::Set(d, 2.0F), f));
  const V s2 = hn::Mul(s, s);
  V p = hn::Set(d, 2.0F / 9.0F);
  p = hn::MulAdd(p, s2, hn::Set(d, 2.0F / 7.0F));
  p = hn::MulAdd(p, s2, hn::Set(d, 2.0F / 5.0F));
  p = hn::MulAdd(p, s2, hn::Set(d, 2.0F / 3.0F));
  const V tail = hn::Mul(p, s2);
  const V half_square = hn::Mul(hn::Mul(f, f), hn::Set(d, 0.5F));
  // log(1 + f) = f - (f^2/2 - s (f^2/2 + tail)); ln 2 in two parts as in Exp.
  V low = hn::Mul(s, hn::Add(half_square, tail));
  low = hn::MulAdd(n, hn::Set(d, -2.12194440e-4F), low);
  V result = hn::Sub(f, hn::Sub(half_square, low));
  result = hn::MulAdd(n, hn::Set(d, 0.693359375F), result);
  const V infinity = hn::Set(d, __builtin_inff());
  result = hn::IfThenElse(hn::Eq(x, infinity), infinity, result);
  result = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), result);
  // Below zero, and NaN itself, which compares false with everything.
  return hn::IfThenElse(hn::Ge(x, hn::Zero(d)), result, hn::Set(d, __builtin_nanf("")));
}

/// log(1 + x) without cancellation near 0 (the correction factor is Kahan's). At most 4 ulp.
template <class D, class V>
HWY_INLINE V Log1p(D d, V x) {
  const V one = hn::Set(d, 1.0F);
  const V u = hn::Add(one, x);
  const V log_u = Log(d, u);
  const V corrected = hn::Mul(log_u, hn::Div(x, hn::Sub(u, one)));
  const auto as_is = hn::Or(hn::Eq(u, hn::Set(d, __builtin_inff())), hn::Eq(u, hn::Zero(d)));
  return hn::IfThenElse(hn::Eq(u, one), x, hn::IfThenElse(as_is, log_u, corrected));
}

/// The hyperbolic tangent, -m / (2 + m) with m = e^(-2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1), reduced as in Exp:
/// near 0, where n is 0, nothing cancels. At most 3 ulp.
template <class D, class V>
HWY_INLINE V Tanh(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V one = hn::Set(d, 1.0F);
  const V most = hn::Set(d, 9.02F);  // from here on it rounds to 1
#if HWY_TARGET == HWY_SCALAR
  const V magnitude = hn::IfThenElse(hn::Gt(hn::Abs(x), most), most, hn::Abs(x));
#else
  const V magnitude = hn::Min(most, hn::Abs(x));  // keeps NaN, as in Exp
#endif
  const V n = hn::Round(hn::Mul(magnitude, hn::Set(d, -2.88539008F)));
  const V twice = hn::Mul(magnitude, hn::Set(d, -2.0F));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), twice);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), r);
  V p = hn::Set(d, 1.0F / 5040.0F);
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 720.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 120.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 24.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 6.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5F));
  p = hn::MulAdd(p, hn::Mul(r, r), r);
  const V scale = PowerOfTwo(d, hn::ConvertTo(di, n));
  const V m = hn::MulAdd(scale, p, hn::Sub(scale, one));
  return hn::CopySign(hn::Div(m, hn::Add(m, hn::Set(d, 2.0F))), x);
}

/// 1 / (1 + e^-x). At most 3 ulp where the result is a normal number.
template <class D, class V>
HWY_INLINE V Sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0F);
  return hn::Div(one, hn::Add(one, Exp(d, hn::Neg(x))));
}

/// The error function: its Taylor series for |x| < 1, else 1 - erfc by Abramowitz and Stegun (1964), formula
/// 7.1.26 (absolute error 1.5e-7). At most 5 ulp.
template <class D, class V>
HWY_INLINE V Erf(D d, V x) {
  const V one = hn::Set(d, 1.0F);
  const V magnitude = hn::Abs(x);
  const V x2 = hn::Mul(x, x);
  // 2/sqrt(pi) * (-1)^k / (k! (2k + 1)), from k = 10 down to k = 1.
  V p = hn::Set(d, 1.48071928e-8F);
  p = hn::MulAdd(p, x2, hn::Set(d, -1.63658447e-7F));
  p = hn::MulAdd(p, x2, hn::Set(d, 1.64621143e-6F));
  p = hn::MulAdd(p, x2, hn::Set(d, -1.49256503e-5F));
  p = hn::MulAdd(p, x2, hn::Set(d, 1.20553329e-4F));
  p = hn::MulAdd(p, x2, hn::Set(d, -8.54832702e-4F));
  p = hn::MulAdd(p, x2, hn::Set(d, 5.22397762e-3F));
  p = hn::MulAdd(p, x2, hn::Set(d, -2.68661706e-2F));
  p = hn::MulAdd(p, x2, hn::Set(d, 1.12837917e-1F));
  p = hn::MulAdd(p, x2, hn::Set(d, -3.76126389e-1F));
  p = hn::MulAdd(p, x2, hn::Set(d, 1.12837917F));
  const V near = hn::Mul(p, x);
  const V t = hn::Div(one, hn::MulAdd(magnitude, hn::Set(d, 0.3275911F), one));
  V q = hn::Set(d, 1.061405429F);
  q = hn::MulAdd(q, t, hn::Set(d, -1.453152027F));
  q = hn::MulAdd(q, t, hn::Set(d, 1.421413741F));
  q = hn::MulAdd(q, t, hn::Set(d, -0.284496736F));
  q = hn::MulAdd(q, t, hn::Set(d, 0.254829592F));
  const V tail = hn::Mul(hn::Mul(q, t), Exp(d, hn::Neg(x2)));
  const V far = hn::CopySign(hn::Sub(one, tail), x);
  return hn::IfThenElse(hn::Lt(magnitude, one), near, far);
}

}  // namespace HWY_NAMESPACE
}  // namespace hebb
HWY_AFTER_NAMESPACE();

#endif
