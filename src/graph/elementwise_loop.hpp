/// An element-wise program laid over memory: which registers, which operands, which loops.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/elementwise_program.hpp"
#include "graph/emitter.hpp"
#include "hebb/shape.hpp"
#include "kernels/fused.hpp"

namespace hebb {

/// Compiled form of an Emitter's program for one iteration shape, seen as rows x columns. Immutable; the
/// memory it works on is given to `run`.
class ElementwiseLoop {
 public:
  using Store = ElementwiseStore;

  /// Slots number the memory operands from 0; `slot_shapes[s]` broadcasts to `iteration`. With
  /// `two_dimensional` the rows are all axes but the last, else axes are merged as far as all slots allow.
  ElementwiseLoop(const Emitter& emitter, const std::vector<Store>& stores, const Shape& iteration,
                  const std::vector<Shape>& slot_shapes, bool two_dimensional);

  /// Whether a slot's elements can be addressed by row and column of an iteration over all axes but the last.
  static bool fits_rows(const Shape& iteration, const Shape& slot);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  /// Whether one kernel computes the whole program.
  bool fused() const { return fused_.run != nullptr; }
  /// Instructions per element; a measure of work.
  std::size_t length() const { return instructions_.size(); }

  /// Computes the block [row, row_end) x [column, column_end); `slots[s]` is the first element of slot s.
  void run(float* const* slots, std::int64_t row, std::int64_t row_end, std::int64_t column,
           std::int64_t column_end) const;
  /// The whole iteration, in parallel where it is long enough.
  void run_all(float* const* slots) const;

  /// One instruction, bound to addresses.
  struct Call {
    ElementwiseRun run = nullptr;
    const float* a = nullptr;
    const float* b = nullptr;
    const float* c = nullptr;
    float* result = nullptr;
    std::size_t count = 0;
    void operator()() const { run(a, b, c, result, count); }
  };
  /// For iterations so small that walking them costs as much as computing: `run_all` is the same as these
  /// calls, with intermediate values in `scratch`, of scratch_floats() elements. Empty for larger ones.
  std::vector<Call> calls(float* const* slots, float* scratch) const;
  /// The same where one kernel computes the whole program: it alone, bound to addresses. Its run is null
  /// otherwise.
  struct FusedCall {
    FusedRun run = nullptr;
    std::vector<FusedArray> arrays;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    void operator()() const { run(arrays.data(), rows, columns); }
  };
  FusedCall fused_call(float* const* slots) const;
  std::size_t scratch_floats() const { return static_cast<std::size_t>(registers_ * columns_); }

  /// The last instruction that reads a slot, -1 for none; and the one after which a stored value is complete.
  std::int32_t last_read(std::int32_t slot) const;
  std::int32_t completion(std::int32_t slot) const;

 private:
  /// Where an operand or result is found: a scratch register, a memory slot, or a constant.
  struct Place {
    enum class Kind : std::uint8_t { none, scratch, slot, constant } kind = Kind::none;
    std::int32_t index = 0;
  };
  struct Instruction {
    ElementwiseRun run = nullptr;
    std::int32_t a = 0, b = 0, c = 0, result = 0;  // entries of the pointer table
  };
  struct Walk {
    std::vector<std::int64_t> outer;  // strides along the outer axes
    std::int64_t column = 0;          // 0 or 1
  };

  /// By value of a program: where it is, and whether it is one number for a whole row.
  class Places {
   public:
    explicit Places(std::size_t values) : places_(values), is_scalar_(values, false) {}
    Place& at(std::int32_t id) { return places_[static_cast<std::size_t>(id)]; }
    const Place& at(std::int32_t id) const { return places_[static_cast<std::size_t>(id)]; }
    bool is_scalar(std::int32_t id) const { return is_scalar_[static_cast<std::size_t>(id)]; }
    void set_scalar(std::int32_t id, bool scalar) { is_scalar_[static_cast<std::size_t>(id)] = scalar; }

   private:
    std::vector<Place> places_;
    std::vector<bool> is_scalar_;
  };

  void choose_axes(const Shape& iteration, const std::vector<Shape>& slot_shapes, bool two_dimensional);
  void compile(const Emitter& emitter, const std::vector<Store>& stores);
  void place_operands(const Emitter& emitter, Places& places);
  void find_fused(const ElementwiseProgram& program, const Places& places);
  std::vector<bool> place_results(const ElementwiseProgram& program, Places& places);
  void place_intermediate(const ElementwiseProgram& program, const std::vector<bool>& written,
                          Places& places);
  void write_instructions(const ElementwiseProgram& program, const std::vector<bool>& written,
                          const Places& places);
  void bind_fused(float* const* slots, std::int64_t row, std::int64_t column, FusedArray* arrays) const;
  std::int64_t row_offset(const Walk& walk, std::int64_t row) const;
  template <class Pointers>
  void run_instructions(const Pointers& table, std::int64_t count) const;
  void run_repeated(float* const* slots, std::int64_t row, std::int64_t row_end, float** table) const;

  std::vector<std::int64_t> outer_;  // extents of the axes that make up the rows
  std::int64_t rows_ = 1;
  std::int64_t columns_ = 1;
  std::vector<Walk> walks_;  // by slot
  bool contiguous_ = false;  // every slot's rows lie one after the other, or it is one number
  bool repeats_ = false;  // the same, or all its rows are one; and rows are so short that several are one run
  // The pointer table at run time: scratch registers, then slots, then constants.
  std::int32_t registers_ = 0;
  std::vector<float> constants_;
  std::vector<Instruction> instructions_;
  /// The same as the instructions, where there is one kernel for all of them.
  struct Fused {
    FusedRun run = nullptr;
    std::vector<Place> arrays;  // operands, then results: slots and constants
  };
  Fused fused_;
  std::vector<std::int32_t> last_reads_;
  std::vector<std::int32_t> completions_;
};

}  // namespace hebb
