/// The instructions of element-wise programs: each works on a run of floats that stays in the
/// first-level cache, so a fused chain of ops reads and writes memory once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hebb {

enum class ElementwiseCode : std::uint8_t {
  copy,
  add,
  sub,
  mul,
  div,
  min,
  max,
  pow,
  neg,
  abs,
  sqrt,
  exp,
  expm1,
  log,
  log1p,
  tanh,
  sigmoid,
  erf,
  less,
  less_equal,
  equal,
  select,
  fma,
  fnma,
  count
};

/// One instruction on `count` floats. Operands that are not used are null. `result` may be the same
/// address as an operand, but must not overlap one otherwise.
using ElementwiseRun = void (*)(const float* a, const float* b, const float* c, float* result,
                                std::size_t count);

/// The form of an instruction for operands that may be scalars: bit k of `scalars` says that operand k is one
/// float to be used for every element.
ElementwiseRun elementwise_run(ElementwiseCode code, unsigned scalars);

/// Number of operands of an instruction: 1, 2 or 3.
int operand_count(ElementwiseCode code);

}  // namespace hebb
