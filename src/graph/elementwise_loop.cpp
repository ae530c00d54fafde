#include "graph/elementwise_loop.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "core/parallel.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kBlock = 512;  // floats a register holds: a dozen of them fit the first-level cache
constexpr std::int64_t kTaskElements = 8192;  // elements worth a task
constexpr std::size_t kMostPointers = 256;
constexpr std::int64_t kMostCalls = 128;  // of an iteration that is kept as a list of calls
constexpr std::int32_t kMostRegisters = 64;

/// Strides of an operand along the iteration's axes, 0 where it is broadcast.
std::vector<std::int64_t> broadcast_strides(const Shape& iteration, const Shape& slot) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(iteration.rank()), 0);
  const std::vector<std::int64_t> strides = slot.strides();
  const int lead = iteration.rank() - slot.rank();
  for (int axis = 0; axis < slot.rank(); ++axis) {
    if (slot[axis] != 1)
      result[static_cast<std::size_t>(axis + lead)] = strides[static_cast<std::size_t>(axis)];
  }
  return result;
}

/// Whether axis i and i + 1 can be walked as one by an operand with these strides.
bool mergeable(const std::vector<std::int64_t>& strides, const std::vector<std::int64_t>& extents,
               std::size_t i) {
  return strides[i] == strides[i + 1] * extents[i + 1];
}

}  // namespace

ElementwiseLoop::ElementwiseLoop(const Emitter& emitter, const std::vector<Store>& stores,
                                 const Shape& iteration, const std::vector<Shape>& slot_shapes,
                                 bool two_dimensional) {
  choose_axes(iteration, slot_shapes, two_dimensional);
  compile(emitter, stores);
}

bool ElementwiseLoop::fits_rows(const Shape& iteration, const Shape& slot) {
  if (iteration.rank() < 2) return true;
  const std::vector<std::int64_t> strides = broadcast_strides(iteration, slot);
  for (std::size_t i = 0; i + 2 < strides.size(); ++i) {
    if (iteration.extents()[i] != 1 && !mergeable(strides, iteration.extents(), i)) return false;
  }
  return true;
}

void ElementwiseLoop::choose_axes(const Shape& iteration, const std::vector<Shape>& slot_shapes,
                                  bool two_dimensional) {
  std::vector<std::int64_t> extents = iteration.extents();
  std::vector<std::vector<std::int64_t>> strides;
  for (const Shape& slot : slot_shapes) strides.push_back(broadcast_strides(iteration, slot));
  const auto erase = [&](std::size_t axis) {
    extents.erase(extents.begin() + static_cast<std::ptrdiff_t>(axis));
    for (auto& of_slot : strides) of_slot.erase(of_slot.begin() + static_cast<std::ptrdiff_t>(axis));
  };
  // Axes of extent 1 go, then neighbours that every slot walks as one are merged. A block of a matrix product
  // is addressed by row and column: its last axis stays alone.
  const std::size_t keep = two_dimensional ? 1 : 0;
  for (std::size_t i = extents.size() - std::min(extents.size(), keep); i-- > 0;) {
    if (extents[i] == 1) erase(i);
  }
  for (std::size_t i = extents.size(); i-- > 0;) {
    if (i + 1 + keep >= extents.size()) continue;
    if (std::all_of(strides.begin(), strides.end(),
                    [&](const auto& s) { return mergeable(s, extents, i); })) {
      extents[i + 1] *= extents[i];
      erase(i);
    }
  }
  if (extents.empty()) {
    extents.push_back(1);
    for (auto& of_slot : strides) of_slot.push_back(0);
  }
  columns_ = extents.back();
  outer_.assign(extents.begin(), extents.end() - 1);
  for (const std::int64_t extent : outer_) rows_ *= extent;
  for (const auto& of_slot : strides) {
    walks_.push_back({std::vector<std::int64_t>(of_slot.begin(), of_slot.end() - 1), of_slot.back()});
  }
  contiguous_ = outer_.size() == 1 && std::all_of(walks_.begin(), walks_.end(), [&](const Walk& walk) {
                  return walk.outer[0] == columns_ * walk.column;
                });
}

void ElementwiseLoop::compile(const Emitter& emitter, std::vector<Store> stores) {
  std::vector<Emitter::Line> lines = emitter.lines();
  auto values = static_cast<std::size_t>(emitter.values());
  // What is stored as it was read is computed too, by copying.
  for (Store& store : stores) {
    if (std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return line.result == store.id; }))
      continue;
    lines.push_back({ElementwiseCode::copy, static_cast<std::int32_t>(values), {store.id, -1, -1}});
    store.id = static_cast<std::int32_t>(values++);
  }

  // Which lines are needed, how often each value is read.
  std::vector<int> uses(values, 0);
  for (const Store& store : stores) ++uses[static_cast<std::size_t>(store.id)];
  std::vector<bool> needed(lines.size(), false);
  for (std::size_t i = lines.size(); i-- > 0;) {
    needed[i] = uses[static_cast<std::size_t>(lines[i].result)] > 0;
    if (!needed[i]) continue;
    for (const std::int32_t operand : lines[i].operands) {
      if (operand >= 0) ++uses[static_cast<std::size_t>(operand)];
    }
  }
  // A product used once, by a sum or as what a difference takes away, becomes one instruction with it.
  std::vector<std::int32_t> maker(values, -1);
  for (std::size_t i = 0; i < lines.size(); ++i)
    maker[static_cast<std::size_t>(lines[i].result)] = static_cast<std::int32_t>(i);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool difference = lines[i].code == ElementwiseCode::sub;
    if (!needed[i] || !(difference || lines[i].code == ElementwiseCode::add)) continue;
    for (const int side : {1, 0}) {
      if (difference && side == 0) continue;
      const std::int32_t product = lines[i].operands[side];
      const std::int32_t line = maker[static_cast<std::size_t>(product)];
      if (line < 0 || uses[static_cast<std::size_t>(product)] != 1) continue;
      const Emitter::Line& factors = lines[static_cast<std::size_t>(line)];
      if (factors.code != ElementwiseCode::mul) continue;
      lines[i] = {difference ? ElementwiseCode::fnma : ElementwiseCode::fma,
                  lines[i].result,
                  {factors.operands[0], factors.operands[1], lines[i].operands[1 - side]}};
      needed[static_cast<std::size_t>(line)] = false;
      break;
    }
  }
  std::vector<Emitter::Line> program;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (needed[i]) program.push_back(lines[i]);
  }

  // Places: loads and constants first; then registers by a linear scan over the program.
  std::vector<Place> places(values);
  std::vector<bool> is_scalar(values, false);
  for (const auto& load : emitter.loads()) {
    places[static_cast<std::size_t>(load.id)] = {Place::Kind::slot, load.slot};
    is_scalar[static_cast<std::size_t>(load.id)] =
        walks_[static_cast<std::size_t>(load.slot)].column == 0 && columns_ > 1;
  }
  for (const auto& constant : emitter.constants()) {
    places[static_cast<std::size_t>(constant.id)] = {Place::Kind::constant,
                                                     static_cast<std::int32_t>(constants_.size())};
    is_scalar[static_cast<std::size_t>(constant.id)] = true;
    constants_.push_back(static_cast<float>(constant.value));
  }
  find_fused_form(program, stores, is_scalar, places);
  std::vector<std::int32_t> last_use(values, -1);
  last_reads_.assign(walks_.size(), -1);
  completions_.assign(walks_.size(), -1);
  for (std::size_t i = 0; i < program.size(); ++i) {
    for (const std::int32_t operand : program[i].operands) {
      if (operand < 0) continue;
      last_use[static_cast<std::size_t>(operand)] = static_cast<std::int32_t>(i);
      const Place& place = places[static_cast<std::size_t>(operand)];
      if (place.kind == Place::Kind::slot)
        last_reads_[static_cast<std::size_t>(place.index)] = static_cast<std::int32_t>(i);
    }
  }
  // The first store of a computed value writes it straight to memory, unless that memory is read later on.
  std::vector<bool> written(stores.size(), false);
  for (std::size_t i = 0; i < program.size(); ++i) {
    for (std::size_t s = 0; s < stores.size(); ++s) {
      if (stores[s].id != program[i].result) continue;
      const auto slot = static_cast<std::size_t>(stores[s].slot);
      if (places[static_cast<std::size_t>(stores[s].id)].kind != Place::Kind::none) continue;
      if (stores[s].after_all && last_reads_[slot] > static_cast<std::int32_t>(i)) continue;
      places[static_cast<std::size_t>(stores[s].id)] = {Place::Kind::slot, stores[s].slot};
      completions_[slot] = static_cast<std::int32_t>(i);
      written[s] = true;
    }
  }
  for (std::size_t s = 0; s < stores.size(); ++s) {
    if (!written[s])
      last_use[static_cast<std::size_t>(stores[s].id)] = static_cast<std::int32_t>(program.size());
  }
  std::vector<std::int32_t> free_registers;
  std::vector<std::int32_t> dying;
  for (std::size_t i = 0; i < program.size(); ++i) {
    Place& result = places[static_cast<std::size_t>(program[i].result)];
    for (const std::int32_t operand : program[i].operands) {
      if (operand < 0 || last_use[static_cast<std::size_t>(operand)] != static_cast<std::int32_t>(i))
        continue;
      const Place& place = places[static_cast<std::size_t>(operand)];
      if (place.kind == Place::Kind::scratch &&
          std::find(free_registers.begin(), free_registers.end(), place.index) == free_registers.end()) {
        free_registers.push_back(place.index);
      }
    }
    if (result.kind == Place::Kind::none) {
      if (free_registers.empty()) free_registers.push_back(registers_++);
      result = {Place::Kind::scratch, free_registers.back()};
      free_registers.pop_back();
    }
  }

  const auto entry = [&](std::int32_t id) -> std::int32_t {
    if (id < 0) return 0;
    const Place& place = places[static_cast<std::size_t>(id)];
    switch (place.kind) {
      case Place::Kind::scratch: return place.index;
      case Place::Kind::slot: return registers_ + place.index;
      default: return registers_ + static_cast<std::int32_t>(walks_.size()) + place.index;
    }
  };
  const auto scalar_bits = [&](const Emitter::Line& line) {
    unsigned bits = 0;
    for (unsigned k = 0; k < 3; ++k) {
      if (line.operands[k] >= 0 && is_scalar[static_cast<std::size_t>(line.operands[k])]) bits |= 1U << k;
    }
    return bits;
  };
  for (const Emitter::Line& line : program) {
    instructions_.push_back({elementwise_run(line.code, scalar_bits(line)), entry(line.operands[0]),
                             entry(line.operands[1]), entry(line.operands[2]), entry(line.result)});
  }
  for (std::size_t s = 0; s < stores.size(); ++s) {
    if (written[s]) continue;
    const Emitter::Line copy{ElementwiseCode::copy, -1, {stores[s].id, -1, -1}};
    instructions_.push_back({elementwise_run(ElementwiseCode::copy, scalar_bits(copy)), entry(stores[s].id),
                             0, 0, registers_ + stores[s].slot});
    completions_[static_cast<std::size_t>(stores[s].slot)] =
        static_cast<std::int32_t>(instructions_.size()) - 1;
  }
  if (registers_ > kMostRegisters ||
      static_cast<std::size_t>(registers_) + walks_.size() + constants_.size() > kMostPointers) {
    throw Error("an element-wise program needs more registers than there are");
  }
}

namespace {

/// Writes a program in the form by which kernels for all of it are found: lines in the order of a walk from
/// the results to what they are made of, so that it does not depend on the order in which the graph was
/// traced.
class FusedWriter {
 public:
  FusedWriter(const std::vector<Emitter::Line>& program, const std::vector<bool>& is_scalar)
      : is_scalar_(is_scalar), maker_(is_scalar.size(), nullptr), number_(is_scalar.size(), -1) {
    for (const Emitter::Line& line : program) maker_[index(line.result)] = &line;
    for (const Emitter::Line& line : program) {
      for (const std::int32_t operand : line.operands) {
        if (operand >= 0) read_.insert(operand);
      }
    }
    // Operands are counted first: the lines' numbers follow theirs.
    for (const Emitter::Line& line : program) {
      if (!read_.contains(line.result))
        visit(
            line.result, [&](std::int32_t id) { operands_.push_back(id); }, [](auto) {});
    }
    for (std::size_t i = 0; i < operands_.size(); ++i)
      number_[index(operands_[i])] = static_cast<std::int8_t>(i);
    seen_.clear();
    for (const Emitter::Line& line : program) {
      if (!read_.contains(line.result))
        visit(
            line.result, [](auto) {}, [&](std::int32_t id) { add_line(*maker_[index(id)]); });
    }
  }

  /// The values read from memory, in the order of their numbers.
  const std::vector<std::int32_t>& operands() const { return operands_; }
  std::int8_t number(std::int32_t id) const { return number_[index(id)]; }
  FusedProgram program(std::span<const std::int8_t> stored) const {
    std::uint32_t scalars = 0;
    for (std::size_t i = 0; i < operands_.size(); ++i)
      scalars |= is_scalar_[index(operands_[i])] ? 1U << i : 0U;
    return {lines_, stored, scalars, static_cast<int>(operands_.size())};
  }

 private:
  static std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

  template <class Operand, class Line>
  void visit(std::int32_t id, const Operand& operand, const Line& line) {
    if (id < 0 || !seen_.insert(id).second) return;
    if (maker_[index(id)] == nullptr) {
      operand(id);
      return;
    }
    for (const std::int32_t from : maker_[index(id)]->operands) visit(from, operand, line);
    line(id);
  }

  void add_line(const Emitter::Line& line) {
    const auto of = [&](int i) { return line.operands[i] < 0 ? std::int8_t{-1} : number(line.operands[i]); };
    number_[index(line.result)] = static_cast<std::int8_t>(operands_.size() + lines_.size());
    lines_.push_back({line.code, of(0), of(1), of(2)});
  }

  const std::vector<bool>& is_scalar_;
  std::vector<const Emitter::Line*> maker_;  // by value
  std::vector<std::int8_t> number_;          // by value
  std::set<std::int32_t> read_, seen_;
  std::vector<std::int32_t> operands_;
  std::vector<FusedLine> lines_;
};

}  // namespace

void ElementwiseLoop::find_fused_form(const std::vector<Emitter::Line>& program,
                                      const std::vector<Store>& stores, const std::vector<bool>& is_scalar,
                                      const std::vector<Place>& places) {
  constexpr std::size_t kMostLines = 16;
  if (program.size() < 2 || program.size() > kMostLines || outer_.size() > 1) return;
  const FusedWriter writer(program, is_scalar);
  std::vector<std::pair<std::int8_t, std::int32_t>> results;  // number, slot
  for (const Store& store : stores) results.emplace_back(writer.number(store.id), store.slot);
  std::sort(results.begin(), results.end());
  std::vector<std::int8_t> stored;
  for (const auto& [value, slot] : results) stored.push_back(value);
  fused_.run = find_fused(writer.program(stored));
  if (fused_.run == nullptr) return;
  for (const std::int32_t operand : writer.operands())
    fused_.arrays.push_back(places[static_cast<std::size_t>(operand)]);
  for (const auto& [value, slot] : results) fused_.arrays.push_back({Place::Kind::slot, slot});
}

std::int64_t ElementwiseLoop::row_offset(const Walk& walk, std::int64_t row) const {
  if (outer_.size() == 1) return row * walk.outer[0];
  std::int64_t offset = 0;
  for (std::size_t axis = outer_.size(); axis-- > 0;) {
    offset += row % outer_[axis] * walk.outer[axis];
    row /= outer_[axis];
  }
  return offset;
}

void ElementwiseLoop::run(float* const* slots, std::int64_t row, std::int64_t row_end, std::int64_t column,
                          std::int64_t column_end) const {
  if (fused_.run != nullptr) {
    const std::int64_t rows = contiguous_ && column == 0 && column_end == columns_ ? 1 : row_end - row;
    std::array<FusedArray, kMostPointers> arrays;
    bind_fused(slots, row, column, arrays.data());
    fused_.run(arrays.data(), rows,
               rows == 1 ? (row_end - row) * (column_end - column) : column_end - column);
    return;
  }
  alignas(64) thread_local std::array<float, kMostRegisters * kBlock> scratch;
  std::array<float*, kMostPointers> table;
  const auto first_slot = static_cast<std::size_t>(registers_);
  for (std::size_t r = 0; r < first_slot; ++r) table[r] = scratch.data() + r * kBlock;
  for (std::size_t c = 0; c < constants_.size(); ++c) {
    table[first_slot + walks_.size() + c] = const_cast<float*>(&constants_[c]);  // only ever an operand
  }
  // Whole rows that lie one after the other are one long row.
  const bool whole = contiguous_ && column == 0 && column_end == columns_;
  const std::int64_t rows = whole ? 1 : row_end - row;
  const std::int64_t end = whole ? (row_end - row) * columns_ : column_end;
  for (std::int64_t r = row; r < row + rows; ++r) {
    for (std::int64_t begin = column; begin < end; begin += kBlock) {
      const auto count = static_cast<std::size_t>(std::min(kBlock, end - begin));
      for (std::size_t s = 0; s < walks_.size(); ++s) {
        table[first_slot + s] = slots[s] + row_offset(walks_[s], r) + begin * walks_[s].column;
      }
      for (const Instruction& i : instructions_) {
        i.run(table[static_cast<std::size_t>(i.a)], table[static_cast<std::size_t>(i.b)],
              table[static_cast<std::size_t>(i.c)], table[static_cast<std::size_t>(i.result)], count);
      }
    }
  }
}

void ElementwiseLoop::bind_fused(float* const* slots, std::int64_t row, std::int64_t column,
                                 FusedArray* arrays) const {
  for (const Place& place : fused_.arrays) {
    if (place.kind == Place::Kind::constant) {
      *arrays++ = {const_cast<float*>(&constants_[static_cast<std::size_t>(place.index)]),
                   0};  // only ever an operand
      continue;
    }
    const Walk& walk = walks_[static_cast<std::size_t>(place.index)];
    const std::int64_t stride = walk.outer.empty() ? 0 : walk.outer[0];
    *arrays++ = {slots[place.index] + row * stride + column * walk.column, stride};
  }
}

std::vector<ElementwiseLoop::Call> ElementwiseLoop::calls(float* const* slots, float* scratch) const {
  std::vector<Call> result;
  if (fused_.run != nullptr || columns_ > kBlock ||
      rows_ * static_cast<std::int64_t>(instructions_.size()) > kMostCalls)
    return result;
  const auto first_slot = static_cast<std::size_t>(registers_);
  for (std::int64_t row = 0; row < rows_ && columns_ > 0; ++row) {
    const auto address = [&](std::int32_t entry) -> float* {
      const auto i = static_cast<std::size_t>(entry);
      if (i < first_slot) return scratch + entry * columns_;
      if (i < first_slot + walks_.size())
        return slots[i - first_slot] + row_offset(walks_[i - first_slot], row);
      return const_cast<float*>(&constants_[i - first_slot - walks_.size()]);  // only ever an operand
    };
    for (const Instruction& i : instructions_) {
      result.push_back({i.run, address(i.a), address(i.b), address(i.c), address(i.result),
                        static_cast<std::size_t>(columns_)});
    }
  }
  return result;
}

ElementwiseLoop::FusedCall ElementwiseLoop::fused_call(float* const* slots) const {
  FusedCall call;
  if (fused_.run == nullptr || rows_ * columns_ >= 2 * kTaskElements || rows_ * columns_ == 0) return call;
  call.run = fused_.run;
  call.arrays.resize(fused_.arrays.size());
  bind_fused(slots, 0, 0, call.arrays.data());
  call.rows = contiguous_ ? 1 : rows_;
  call.columns = contiguous_ ? rows_ * columns_ : columns_;
  return call;
}

void ElementwiseLoop::run_all(float* const* slots) const {
  const std::int64_t elements = rows_ * columns_;
  if (elements == 0) return;
  if (elements < 2 * kTaskElements) {
    run(slots, 0, rows_, 0, columns_);
  } else if (rows_ == 1) {
    const std::int64_t tasks = columns_ / kTaskElements;
    // Cuts at multiples of 16 floats keep each task's memory in cache lines of its own.
    const auto cut = [&](std::int64_t task) {
      return task == tasks ? columns_ : columns_ * task / tasks / 16 * 16;
    };
    parallel_for(tasks, [&](std::int64_t task) { run(slots, 0, 1, cut(task), cut(task + 1)); });
  } else {
    const std::int64_t tasks = std::min(rows_, elements / kTaskElements);
    parallel_for(tasks, [&](std::int64_t task) {
      run(slots, rows_ * task / tasks, rows_ * (task + 1) / tasks, 0, columns_);
    });
  }
}

std::int32_t ElementwiseLoop::last_read(std::int32_t slot) const {
  return last_reads_[static_cast<std::size_t>(slot)];
}
std::int32_t ElementwiseLoop::completion(std::int32_t slot) const {
  return completions_[static_cast<std::size_t>(slot)];
}

}  // namespace hebb
