/// Element-wise programs compiled as a whole: their values stay in registers, where an ElementwiseRun for
/// each instruction writes and reads the first-level cache. For the programs in which training spends its
/// time.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/elementwise.hpp"

namespace hebb {

/// One instruction. Values are numbered: a program's operands first, then the results of its lines, in order.
struct FusedLine {
  ElementwiseCode code = ElementwiseCode::copy;
  std::int8_t a = -1, b = -1, c = -1;
  bool operator==(const FusedLine&) const = default;
};

/// A program in the form by which it is recognised: operands numbered as the lines name them for the first
/// time.
struct FusedProgram {
  std::span<const FusedLine> lines;
  std::span<const std::int8_t> stored;  ///< the values that are results, ascending
  std::uint32_t scalars = 0;            ///< bit i: operand i is one number for a whole row
  int operands = 0;
};

/// An operand or a result: its first element, and the elements between rows.
struct FusedArray {
  float* data = nullptr;
  std::int64_t row = 0;
};

/// Runs a program on rows x columns elements. `arrays` holds the operands, then the results, which may be at
/// the addresses of operands but must not overlap them otherwise.
using FusedRun = void (*)(const FusedArray* arrays, std::int64_t rows, std::int64_t columns);

/// All programs that have a compiled form.
std::span<const FusedProgram> fused_programs();

/// The compiled form of a program, null where there is none.
FusedRun find_fused(const FusedProgram& program);

}  // namespace hebb
