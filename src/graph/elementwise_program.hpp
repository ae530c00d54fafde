/// An element-wise program as it will run: what the emitter wrote, without what nobody needs, products joined
/// with sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "graph/emitter.hpp"
#include "kernels/fused.hpp"

namespace hebb {

/// A value that a program stores: the emitted id, and the memory slot it goes to.
struct ElementwiseStore {
  std::int32_t id;
  std::int32_t slot;
  bool after_all = false;  ///< written when the whole block has been computed: its memory is also an operand
};

class ElementwiseProgram {
 public:
  ElementwiseProgram(const Emitter& emitter, std::vector<ElementwiseStore> stores);

  const std::vector<Emitter::Line>& lines() const { return lines_; }
  /// Every one stores the result of a line.
  const std::vector<ElementwiseStore>& stores() const { return stores_; }
  /// Values are numbered from 0 to this.
  std::size_t values() const { return values_; }

 private:
  void copy_what_is_only_read();
  void join_products();

  std::vector<Emitter::Line> lines_;
  std::vector<ElementwiseStore> stores_;
  std::size_t values_ = 0;
};

/// A program in the form by which kernels for all of it are found: lines in the order of a walk from the
/// results to what they are made of, so that it does not depend on the order in which the graph was traced.
class FusedForm {
 public:
  FusedForm(const ElementwiseProgram& program, const std::function<bool(std::int32_t id)>& is_scalar);

  FusedProgram program() const { return {lines_, stored_, scalars_, static_cast<int>(operands_.size())}; }
  /// The values read from memory, in the order of their numbers; and the slots of the results, likewise.
  const std::vector<std::int32_t>& operands() const { return operands_; }
  const std::vector<std::int32_t>& slots() const { return slots_; }

 private:
  std::vector<FusedLine> lines_;
  std::vector<std::int8_t> stored_;
  std::uint32_t scalars_ = 0;
  std::vector<std::int32_t> operands_, slots_;
};

}  // namespace hebb
