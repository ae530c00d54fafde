#include "graph/elementwise_program.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace hebb {

ElementwiseProgram::ElementwiseProgram(const Emitter& emitter, std::vector<ElementwiseStore> stores)
    : lines_(emitter.lines()),
      stores_(std::move(stores)),
      values_(static_cast<std::size_t>(emitter.values())) {
  copy_what_is_only_read();
  join_products();
}

/// What is stored as it was read is computed too, by copying: then every store follows the same rules.
void ElementwiseProgram::copy_what_is_only_read() {
  for (ElementwiseStore& store : stores_) {
    const auto makes = [&](const Emitter::Line& line) { return line.result == store.id; };
    if (std::any_of(lines_.begin(), lines_.end(), makes)) continue;
    lines_.push_back({ElementwiseCode::copy, static_cast<std::int32_t>(values_), {store.id, -1, -1}});
    store.id = static_cast<std::int32_t>(values_++);
  }
}

/// Drops lines nobody needs. A product used once, by a sum or as what a difference takes away, becomes one
/// instruction with it.
void ElementwiseProgram::join_products() {
  std::vector<int> uses(values_, 0);
  for (const ElementwiseStore& store : stores_) ++uses[static_cast<std::size_t>(store.id)];
  std::vector<bool> needed(lines_.size(), false);
  std::vector<std::int32_t> maker(values_, -1);
  for (std::size_t i = lines_.size(); i-- > 0;) {
    maker[static_cast<std::size_t>(lines_[i].result)] = static_cast<std::int32_t>(i);
    needed[i] = uses[static_cast<std::size_t>(lines_[i].result)] > 0;
    if (!needed[i]) continue;
    for (const std::int32_t operand : lines_[i].operands) {
      if (operand >= 0) ++uses[static_cast<std::size_t>(operand)];
    }
  }
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const bool difference = lines_[i].code == ElementwiseCode::sub;
    if (!needed[i] || !(difference || lines_[i].code == ElementwiseCode::add)) continue;
    for (const int side : {1, 0}) {
      if (difference && side == 0) continue;
      const std::int32_t product = lines_[i].operands[side];
      const std::int32_t line = maker[static_cast<std::size_t>(product)];
      if (line < 0 || uses[static_cast<std::size_t>(product)] != 1) continue;
      const Emitter::Line& factors = lines_[static_cast<std::size_t>(line)];
      if (factors.code != ElementwiseCode::mul) continue;
      lines_[i] = {difference ? ElementwiseCode::fnma : ElementwiseCode::fma,
                   lines_[i].result,
                   {factors.operands[0], factors.operands[1], lines_[i].operands[1 - side]}};
      needed[static_cast<std::size_t>(line)] = false;
      break;
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (needed[i]) lines_[kept++] = lines_[i];
  }
  lines_.resize(kept);
}

namespace {

/// Walks a program from what no line reads to what it is made of; every value once.
class Walk {
 public:
  explicit Walk(const ElementwiseProgram& program) : program_(program), maker_(program.values(), nullptr) {
    for (const Emitter::Line& line : program.lines()) {
      maker_[static_cast<std::size_t>(line.result)] = &line;
      read_.insert(std::begin(line.operands), std::end(line.operands));
    }
  }

  template <class Operand, class Line>
  void run(const Operand& operand, const Line& line) {
    seen_.clear();
    for (const Emitter::Line& last : program_.lines()) {
      if (!read_.contains(last.result)) visit(last.result, operand, line);
    }
  }

 private:
  template <class Operand, class Line>
  void visit(std::int32_t id, const Operand& operand, const Line& line) {
    if (id < 0 || !seen_.insert(id).second) return;
    const Emitter::Line* made_by = maker_[static_cast<std::size_t>(id)];
    if (made_by == nullptr) {
      operand(id);
      return;
    }
    for (const std::int32_t from : made_by->operands) visit(from, operand, line);
    line(*made_by);
  }

  const ElementwiseProgram& program_;
  std::vector<const Emitter::Line*> maker_;  // by value
  std::set<std::int32_t> read_, seen_;
};

}  // namespace

FusedForm::FusedForm(const ElementwiseProgram& program,
                     const std::function<bool(std::int32_t id)>& is_scalar) {
  std::vector<std::int8_t> numbers(program.values(), -1);
  const auto number = [&](std::int32_t id) {
    return id < 0 ? std::int8_t{-1} : numbers[static_cast<std::size_t>(id)];
  };
  Walk walk(program);
  // Operands are counted first: the lines' numbers follow theirs. No program that is known has 32.
  walk.run(
      [&](std::int32_t id) {
        if (operands_.size() < 32 && is_scalar(id)) scalars_ |= 1U << operands_.size();
        numbers[static_cast<std::size_t>(id)] = static_cast<std::int8_t>(operands_.size());
        operands_.push_back(id);
      },
      [](const Emitter::Line&) {});
  walk.run([](std::int32_t) {},
           [&](const Emitter::Line& line) {
             numbers[static_cast<std::size_t>(line.result)] =
                 static_cast<std::int8_t>(operands_.size() + lines_.size());
             lines_.push_back(
                 {line.code, number(line.operands[0]), number(line.operands[1]), number(line.operands[2])});
           });
  std::vector<std::pair<std::int8_t, std::int32_t>> results;
  for (const ElementwiseStore& store : program.stores()) results.emplace_back(number(store.id), store.slot);
  std::sort(results.begin(), results.end());
  for (const auto& [value, slot] : results) {
    stored_.push_back(value);
    slots_.push_back(slot);
  }
}

}  // namespace hebb
