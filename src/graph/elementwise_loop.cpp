#include "graph/elementwise_loop.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/parallel.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kBlock = 512;  // floats a register holds: a dozen of them fit the first-level cache
constexpr std::int64_t kTaskElements = 8192;  // elements worth a task
constexpr std::size_t kMostPointers = 256;
constexpr std::int64_t kMostCalls = 128;  // of an iteration that is kept as a list of calls
constexpr std::int32_t kMostRegisters = 64;
constexpr std::size_t kMostRepeated = 16;     // operands of a program that runs over several rows at once
constexpr std::size_t kMostFusedArrays = 18;  // operands and results of a program computed as a whole

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
  repeats_ = !contiguous_ && outer_.size() == 1 && columns_ > 1 && 2 * columns_ <= kBlock &&
             walks_.size() <= kMostRepeated &&
             std::all_of(walks_.begin(), walks_.end(), [&](const Walk& walk) {
               return walk.outer[0] == 0 || (walk.outer[0] == columns_ && walk.column == 1);
             });
}

void ElementwiseLoop::compile(const Emitter& emitter, const std::vector<Store>& stores) {
  const ElementwiseProgram program(emitter, stores);
  Places places(program.values());
  place_operands(emitter, places);
  find_fused(program, places);
  const std::vector<bool> written = place_results(program, places);
  place_intermediate(program, written, places);
  write_instructions(program, written, places);
  if (registers_ > kMostRegisters ||
      static_cast<std::size_t>(registers_) + walks_.size() + constants_.size() > kMostPointers) {
    throw Error("an element-wise program needs more registers than there are");
  }
}

void ElementwiseLoop::place_operands(const Emitter& emitter, Places& places) {
  for (const auto& load : emitter.loads()) {
    places.at(load.id) = {Place::Kind::slot, load.slot};
    places.set_scalar(load.id, walks_[static_cast<std::size_t>(load.slot)].column == 0 && columns_ > 1);
  }
  for (const auto& constant : emitter.constants()) {
    places.at(constant.id) = {Place::Kind::constant, static_cast<std::int32_t>(constants_.size())};
    places.set_scalar(constant.id, true);
    constants_.push_back(static_cast<float>(constant.value));
  }
}

/// Looks for a kernel that computes the whole program.
void ElementwiseLoop::find_fused(const ElementwiseProgram& program, const Places& places) {
  constexpr std::size_t kMostLines = 16;
  if (program.lines().size() < 2 || program.lines().size() > kMostLines || outer_.size() > 1) return;
  const FusedForm form(program, [&](std::int32_t id) { return places.is_scalar(id); });
  fused_.run = hebb::find_fused(form.program());
  if (form.operands().size() + form.slots().size() > kMostFusedArrays) fused_.run = nullptr;
  if (fused_.run == nullptr) return;
  for (const std::int32_t operand : form.operands()) fused_.arrays.push_back(places.at(operand));
  for (const std::int32_t slot : form.slots()) fused_.arrays.push_back({Place::Kind::slot, slot});
}

/// The first store of a value writes it straight to memory, unless that memory is read later on. Returns, by
/// store, whether it does.
std::vector<bool> ElementwiseLoop::place_results(const ElementwiseProgram& program, Places& places) {
  const std::vector<Emitter::Line>& lines = program.lines();
  const std::vector<Store>& stores = program.stores();
  last_reads_.assign(walks_.size(), -1);
  completions_.assign(walks_.size(), -1);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const std::int32_t operand : lines[i].operands) {
      if (operand < 0 || places.at(operand).kind != Place::Kind::slot) continue;
      last_reads_[static_cast<std::size_t>(places.at(operand).index)] = static_cast<std::int32_t>(i);
    }
  }
  std::vector<bool> written(stores.size(), false);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t s = 0; s < stores.size(); ++s) {
      const auto slot = static_cast<std::size_t>(stores[s].slot);
      if (stores[s].id != lines[i].result || places.at(stores[s].id).kind != Place::Kind::none) continue;
      if (stores[s].after_all && last_reads_[slot] > static_cast<std::int32_t>(i)) continue;
      places.at(stores[s].id) = {Place::Kind::slot, stores[s].slot};
      completions_[slot] = static_cast<std::int32_t>(i);
      written[s] = true;
    }
  }
  return written;
}

/// All other values go to registers, by a linear scan over the program.
void ElementwiseLoop::place_intermediate(const ElementwiseProgram& program, const std::vector<bool>& written,
                                         Places& places) {
  const std::vector<Emitter::Line>& lines = program.lines();
  std::vector<std::size_t> last_use(program.values(), 0);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const std::int32_t operand : lines[i].operands) {
      if (operand >= 0) last_use[static_cast<std::size_t>(operand)] = i;
    }
  }
  for (std::size_t s = 0; s < written.size(); ++s) {
    if (!written[s]) last_use[static_cast<std::size_t>(program.stores()[s].id)] = lines.size();
  }
  std::set<std::int32_t> free;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const std::int32_t operand : lines[i].operands) {
      if (operand < 0 || last_use[static_cast<std::size_t>(operand)] != i) continue;
      if (places.at(operand).kind == Place::Kind::scratch) free.insert(places.at(operand).index);
    }
    Place& result = places.at(lines[i].result);
    if (result.kind != Place::Kind::none) continue;
    if (free.empty()) free.insert(registers_++);
    result = {Place::Kind::scratch, *free.begin()};
    free.erase(free.begin());
  }
}

void ElementwiseLoop::write_instructions(const ElementwiseProgram& program, const std::vector<bool>& written,
                                         const Places& places) {
  const auto entry = [&](std::int32_t id) -> std::int32_t {
    if (id < 0) return 0;
    const Place& place = places.at(id);
    switch (place.kind) {
      case Place::Kind::scratch: return place.index;
      case Place::Kind::slot: return registers_ + place.index;
      default: return registers_ + static_cast<std::int32_t>(walks_.size()) + place.index;
    }
  };
  const auto write = [&](const Emitter::Line& line, std::int32_t result) {
    unsigned scalars = 0;
    for (unsigned k = 0; k < 3; ++k) {
      if (line.operands[k] >= 0 && places.is_scalar(line.operands[k])) scalars |= 1U << k;
    }
    instructions_.push_back({elementwise_run(line.code, scalars), entry(line.operands[0]),
                             entry(line.operands[1]), entry(line.operands[2]), result});
  };
  for (const Emitter::Line& line : program.lines()) write(line, entry(line.result));
  for (std::size_t s = 0; s < written.size(); ++s) {
    if (written[s]) continue;
    const Store& store = program.stores()[s];
    write({ElementwiseCode::copy, -1, {store.id, -1, -1}}, registers_ + store.slot);
    completions_[static_cast<std::size_t>(store.slot)] = static_cast<std::int32_t>(instructions_.size()) - 1;
  }
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
  // Whole rows that lie one after the other are one long row.
  const bool whole = contiguous_ && column == 0 && column_end == columns_;
  const std::int64_t rows = whole ? 1 : row_end - row;
  const std::int64_t end = whole ? (row_end - row) * columns_ : column_end;
  if (fused_.run != nullptr) {
    std::array<FusedArray, kMostFusedArrays> arrays;
    bind_fused(slots, row, column, arrays.data());
    fused_.run(arrays.data(), rows, end - column);
    return;
  }
  alignas(64) thread_local std::array<float, kMostRegisters * kBlock> scratch;
  std::array<float*, kMostPointers> table;
  const auto first_slot = static_cast<std::size_t>(registers_);
  for (std::size_t r = 0; r < first_slot; ++r) table[r] = scratch.data() + r * kBlock;
  for (std::size_t c = 0; c < constants_.size(); ++c) {
    table[first_slot + walks_.size() + c] = const_cast<float*>(&constants_[c]);  // only ever an operand
  }
  constexpr std::int64_t kFewRows = 4;
  if (repeats_ && column == 0 && column_end == columns_ && row_end - row >= kFewRows) {
    run_repeated(slots, row, row_end, table.data());
    return;
  }
  for (std::int64_t r = row; r < row + rows; ++r) {
    for (std::int64_t begin = column; begin < end; begin += kBlock) {
      for (std::size_t s = 0; s < walks_.size(); ++s) {
        table[first_slot + s] = slots[s] + row_offset(walks_[s], r) + begin * walks_[s].column;
      }
      run_instructions(table, std::min(kBlock, end - begin));
    }
  }
}

template <class Pointers>
void ElementwiseLoop::run_instructions(const Pointers& table, std::int64_t count) const {
  for (const Instruction& i : instructions_) {
    i.run(table[static_cast<std::size_t>(i.a)], table[static_cast<std::size_t>(i.b)],
          table[static_cast<std::size_t>(i.c)], table[static_cast<std::size_t>(i.result)],
          static_cast<std::size_t>(count));
  }
}

/// Several rows at once: operands that are one row for all of them are written out as often.
void ElementwiseLoop::run_repeated(float* const* slots, std::int64_t row, std::int64_t row_end,
                                   float** table) const {
  alignas(64) thread_local std::array<float, kMostRepeated * kBlock> repeated;
  const std::int64_t rows = std::min(kBlock / columns_, row_end - row);
  const auto first_slot = static_cast<std::size_t>(registers_);
  const auto is_repeated = [&](const Walk& walk) { return walk.outer[0] == 0 && walk.column == 1; };
  for (std::size_t s = 0; s < walks_.size(); ++s) {
    table[first_slot + s] = slots[s];
    if (!is_repeated(walks_[s])) continue;
    float* to = repeated.data() + s * kBlock;
    for (std::int64_t r = 0; r < rows; ++r) std::copy_n(slots[s], columns_, to + r * columns_);
    table[first_slot + s] = to;
  }
  for (std::int64_t r = row; r < row_end; r += rows) {
    for (std::size_t s = 0; s < walks_.size(); ++s) {
      if (walks_[s].outer[0] != 0) table[first_slot + s] = slots[s] + r * columns_;
    }
    run_instructions(table, std::min(rows, row_end - r) * columns_);
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
