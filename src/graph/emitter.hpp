/// Element-wise programs: what fused chains of element-wise ops are compiled to.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/elementwise.hpp"

namespace hebb {

/// A value inside an element-wise program: the index of a virtual register.
struct Emitted {
  std::int32_t id = -1;
};

/// Collects the instructions of an element-wise program. An op's `emit` hook composes its value from
/// these; the names are those of the instructions in kernels/elementwise.hpp. Comparisons give 0 or 1.
class Emitter {
 public:
  struct Line {
    ElementwiseCode code;
    std::int32_t result;
    std::int32_t operands[3] = {-1, -1, -1};
  };

  /// A constant; equal constants share a register.
  Emitted constant(double value);
  /// An operand that is read from memory; `slot` is the caller's name for it.
  Emitted load(std::int32_t slot);

  Emitted add(Emitted a, Emitted b) { return push(ElementwiseCode::add, a, b); }
  Emitted sub(Emitted a, Emitted b) { return push(ElementwiseCode::sub, a, b); }
  Emitted mul(Emitted a, Emitted b) { return push(ElementwiseCode::mul, a, b); }
  Emitted div(Emitted a, Emitted b) { return push(ElementwiseCode::div, a, b); }
  Emitted min(Emitted a, Emitted b) { return push(ElementwiseCode::min, a, b); }
  Emitted max(Emitted a, Emitted b) { return push(ElementwiseCode::max, a, b); }
  Emitted pow(Emitted a, Emitted b) { return push(ElementwiseCode::pow, a, b); }
  Emitted neg(Emitted a) { return push(ElementwiseCode::neg, a); }
  Emitted abs(Emitted a) { return push(ElementwiseCode::abs, a); }
  Emitted sqrt(Emitted a) { return push(ElementwiseCode::sqrt, a); }
  Emitted exp(Emitted a) { return push(ElementwiseCode::exp, a); }
  Emitted expm1(Emitted a) { return push(ElementwiseCode::expm1, a); }
  Emitted log(Emitted a) { return push(ElementwiseCode::log, a); }
  Emitted log1p(Emitted a) { return push(ElementwiseCode::log1p, a); }
  Emitted tanh(Emitted a) { return push(ElementwiseCode::tanh, a); }
  Emitted sigmoid(Emitted a) { return push(ElementwiseCode::sigmoid, a); }
  Emitted erf(Emitted a) { return push(ElementwiseCode::erf, a); }
  Emitted less(Emitted a, Emitted b) { return push(ElementwiseCode::less, a, b); }
  Emitted less_equal(Emitted a, Emitted b) { return push(ElementwiseCode::less_equal, a, b); }
  Emitted equal(Emitted a, Emitted b) { return push(ElementwiseCode::equal, a, b); }
  /// a where condition is not zero, else b.
  Emitted select(Emitted condition, Emitted a, Emitted b) {
    return push(ElementwiseCode::select, condition, a, b);
  }
  /// a * b + c, rounded once.
  Emitted fma(Emitted a, Emitted b, Emitted c) { return push(ElementwiseCode::fma, a, b, c); }

  struct Constant {
    double value;
    std::int32_t id;
  };
  struct Load {
    std::int32_t slot;
    std::int32_t id;
  };
  const std::vector<Line>& lines() const { return lines_; }
  const std::vector<Constant>& constants() const { return constants_; }
  const std::vector<Load>& loads() const { return loads_; }
  std::int32_t values() const { return next_; }

 private:
  Emitted push(ElementwiseCode code, Emitted a, Emitted b = {}, Emitted c = {});

  std::vector<Line> lines_;
  std::vector<Constant> constants_;
  std::vector<Load> loads_;
  std::int32_t next_ = 0;
};

}  // namespace hebb
