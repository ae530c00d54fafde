#include "graph/schedule.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "graph/arena.hpp"
#include "graph/op.hpp"
#include "hebb/error.hpp"

namespace hebb {

extern const Op op_full;
extern const Op op_broadcast_to;

namespace {

constexpr std::int64_t kMostUnblocked = 2048;  // elements of a head behind which a program runs once

/// A text that two nodes share exactly when they compute the same value.
std::string key_of(const Node& node, const std::vector<int>& inputs) {
  std::string key(node.op->name);
  for (const int input : inputs) key += ',' + std::to_string(input);
  for (const auto& [name, value] : node.attributes.entries()) {
    key += ';' + name + '=';
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      key += std::to_string(*integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      key.append(reinterpret_cast<const char*>(real), sizeof(double));
    } else {
      for (const std::int64_t item : std::get<std::vector<std::int64_t>>(value))
        key += std::to_string(item) + ' ';
    }
  }
  return key;
}

}  // namespace

PlanSchedule::PlanSchedule(PlanSpec plan_spec) : spec(std::move(plan_spec)) {
  // A leaf that is wanted as it was before its update, directly or under another shape, is copied first.
  const auto keep_old = [&](Tensor& wanted) {
    const Tensor* from = &wanted;
    while (!from->node().is_leaf() && from->node().op->is_view) from = &from->node().inputs[0];
    const bool updated =
        std::any_of(spec.updates.begin(), spec.updates.end(),
                    [&](const PlanSpec::Update& update) { return update.leaf.same_as(*from); });
    if (updated) wanted = apply(op_broadcast_to, {wanted}, {{"shape", wanted.shape().extents()}});
  };
  for (Tensor& output : spec.outputs) keep_old(output);
  for (PlanSpec::Update& update : spec.updates) keep_old(update.value);
  std::vector<Tensor> wanted = spec.outputs;
  for (const auto& update : spec.updates) wanted.push_back(update.value);
  for (const Tensor& input : spec.inputs) inputs.push_back(add_value(input));
  for (std::size_t i = 0; i < spec.bound.size(); ++i) bound_leaf_[add_value(spec.bound[i])] = i;
  std::unordered_map<const Node*, Tensor> handles;
  for (const Tensor& tensor : wanted) handles.emplace(&tensor.node(), tensor);
  const auto order = topological_order(wanted);
  for (const Node* node : order) {
    for (const Tensor& input : node->inputs) handles.emplace(&input.node(), input);
  }
  for (const Node* node : order) add_value(handles.at(node));
  for (const Tensor& output : spec.outputs) outputs.push_back(of_node_.at(&output.node()));
  for (const auto& update : spec.updates) {
    update_values_.push_back(of_node_.at(&update.value.node()));
    update_leaves_.push_back(of_node_.at(&update.leaf.node()));
  }
  assign_groups();
  decide_memory();
  compile_loops();
  place();
}

int PlanSchedule::add_value(const Tensor& tensor) {
  const Node* node = &tensor.node();
  if (const auto known = of_node_.find(node); known != of_node_.end()) return known->second;
  if (node->dtype == DType::f64)
    throw ShapeError("plans compute in f32; f64 expressions are for the interpreter");
  const int index = static_cast<int>(values.size());
  Value value;
  value.node = node;
  value.root = index;
  if (node->is_leaf()) {
    const bool is_input = std::any_of(spec.inputs.begin(), spec.inputs.end(),
                                      [&](const Tensor& t) { return &t.node() == node; });
    const bool is_bound =
        std::any_of(spec.bound.begin(), spec.bound.end(), [&](const Tensor& t) { return &t.node() == node; });
    if (!is_input && !is_bound && node->is_placeholder()) {
      throw Error("the value of placeholder '" + node->name +
                  "' is not known; bind it or compile the function");
    }
  } else {
    for (const Tensor& input : node->inputs) value.inputs.push_back(of_node_.at(&input.node()));
    const auto [same, is_new] = of_key_.emplace(key_of(*node, value.inputs), index);
    if (!is_new) {
      of_node_.emplace(node, same->second);
      return same->second;
    }
    value.constant = node->op == &op_full && node->dtype == DType::f32;
    if (node->op->is_view) value.root = at(value.inputs[0]).root;
  }
  values.push_back(std::move(value));
  of_node_.emplace(node, index);
  return index;
}

void PlanSchedule::decide_memory() {
  const auto count = values.size();
  needs_memory_.assign(count, false);
  last_group_.assign(count, -1);
  const auto read = [&](int value, int by_group) {
    const auto root = static_cast<std::size_t>(at(value).root);
    needs_memory_[root] = true;
    last_group_[root] = std::max(last_group_[root], by_group);
  };
  constexpr int kForever = std::numeric_limits<int>::max();
  for (const int output : outputs) read(output, kForever);
  for (const int value : update_values_) read(value, kForever);
  for (int index = 0; index < static_cast<int>(count); ++index) {
    const Value& value = at(index);
    if (value.group < 0 || value.root != index) continue;
    const Group& group = groups[static_cast<std::size_t>(value.group)];
    const bool head = index == group.head;
    for (const int input : value.inputs) {
      const Value& from = at(input);
      const bool inside = !head && from.root == input && from.group == value.group;
      if (inside || (!head && from.constant)) continue;
      read(input, value.group);
    }
  }
  // Constants that something other than an element-wise program reads are computed like everything else.
  for (int index = 0; index < static_cast<int>(count); ++index) {
    if (!at(index).constant || !needs_memory_[static_cast<std::size_t>(index)]) continue;
    at(index).group = -1;
  }
}

void PlanSchedule::compile_loops() {
  locations.assign(values.size(), {});
  for (const auto& [value, bound] : bound_leaf_) {
    locations[static_cast<std::size_t>(value)] = {Location::Kind::bound, 0, bound, nullptr};
  }
  // New values of leaves are written in place where the grouping has made that safe.
  for (std::size_t u = 0; u < update_values_.size(); ++u) {
    const int value = update_values_[u];
    const int leaf = update_leaves_[u];
    const std::size_t bound = bound_leaf_.at(leaf);
    bool safe = at(value).root == value && at(value).group >= 0 && !update_of_.contains(value) &&
                groups[static_cast<std::size_t>(at(value).group)].kind != Group::Kind::kernel &&
                value != groups[static_cast<std::size_t>(at(value).group)].head &&
                at(value).node->shape == at(leaf).node->shape &&
                std::count(outputs.begin(), outputs.end(), leaf) == 0;
    for (int reader = 0; safe && reader < static_cast<int>(values.size()); ++reader) {
      const Value& r = at(reader);
      const bool reads =
          std::any_of(r.inputs.begin(), r.inputs.end(), [&](int input) { return at(input).root == leaf; });
      if (!reads || r.root != reader) {
        if (reads && std::count(outputs.begin(), outputs.end(), reader) > 0) safe = false;
        continue;
      }
      const Group* group = r.group < 0 ? nullptr : &groups[static_cast<std::size_t>(r.group)];
      if (r.group > at(value).group ||
          (r.group == at(value).group && (reader == group->head || reader == group->biased)))
        safe = false;
      // Reading the old value under another shape, in the group that overwrites it, would see both.
      if (r.group == at(value).group) {
        for (const int input : r.inputs) {
          if (at(input).root == leaf && at(input).node->shape != at(leaf).node->shape) safe = false;
        }
      }
    }
    for (const int other : update_values_) {
      if (other == leaf || at(other).root == leaf) safe = false;
    }
    if (safe) {
      update_of_[value] = leaf;
      locations[static_cast<std::size_t>(value)] = {Location::Kind::bound, 0, bound, nullptr};
    } else {
      copies.push_back({value, bound});
    }
  }
  for (int g = 0; g < static_cast<int>(groups.size()); ++g) compile_loop(g);
}

bool runs_by_block(const Group& group) {
  return group.kind == Group::Kind::blocks && group.iteration.elements() > kMostUnblocked;
}

void PlanSchedule::compile_loop(int index) {
  Group& group = groups[static_cast<std::size_t>(index)];
  if (group.kind == Group::Kind::kernel) return;
  Emitter emitter;
  std::unordered_map<int, Emitted> emitted;
  std::unordered_map<const Node*, Emitted> of_node;  // values that were split may meet again
  std::vector<Shape> shapes;
  const auto slot_of = [&](int root, const Shape& shape) {
    for (std::size_t s = 0; s < group.slots.size(); ++s) {
      if (group.slots[s] == root && shapes[s] == shape) return static_cast<std::int32_t>(s);
    }
    group.slots.push_back(root);
    shapes.push_back(shape);
    return static_cast<std::int32_t>(group.slots.size()) - 1;
  };
  if (group.kind == Group::Kind::blocks) {
    emitted[group.biased >= 0 ? group.biased : group.head] =
        emitter.load(slot_of(group.head, group.iteration));
  }
  for (const int member : group.members) {
    const Value& value = at(member);
    std::vector<Emitted> operands;
    for (const int input : value.inputs) {
      const Value& from = at(input);
      if (const auto known = emitted.find(input); known != emitted.end()) {
        operands.push_back(known->second);
      } else if (from.constant) {
        operands.push_back(emitter.constant(from.node->attributes.real("value")));
      } else {
        operands.push_back(emitter.load(slot_of(from.root, from.node->shape)));
      }
    }
    const auto [same, is_new] = of_node.emplace(value.node, Emitted{});
    if (is_new) same->second = value.node->op->emit(emitter, *value.node, operands);
    emitted[member] = same->second;
  }
  std::vector<ElementwiseLoop::Store> stores;
  const auto store = [&](int member) {
    const bool summed = std::any_of(group.sums.begin(), group.sums.end(),
                                    [&](int sum) { return at(sum).inputs[0] == member; });
    if ((!needs_memory_[static_cast<std::size_t>(member)] && !summed) || member == group.head) return;
    const bool in_place = update_of_.contains(member);
    const int root = in_place ? update_of_.at(member) : member;
    stores.push_back({emitted.at(member).id, slot_of(root, group.iteration), in_place});
  };
  for (const int member : group.members) store(member);
  const bool two_dimensional = runs_by_block(group) || !group.sums.empty();
  if (!stores.empty()) group.loop.emplace(emitter, stores, group.iteration, shapes, two_dimensional);
}

void PlanSchedule::place() {
  Arena arena;
  constexpr int kForever = std::numeric_limits<int>::max();
  const auto bytes_of = [&](int value) {
    return static_cast<std::size_t>(at(value).node->shape.elements()) * size_of(at(value).node->dtype);
  };
  std::vector<std::pair<int, std::size_t>> placed;  // value, request
  const auto request = [&](int value, int first, int last) {
    placed.emplace_back(value, arena.request(bytes_of(value), first, last));
  };

  for (const int input : inputs) request(input, 0, kForever);
  for (int index = 0; index < static_cast<int>(values.size()); ++index) {
    const Value& value = at(index);
    Location& location = locations[static_cast<std::size_t>(index)];
    if (value.root != index || location.kind != Location::Kind::none) continue;
    if (value.node->is_leaf()) {
      if (value.node->data != nullptr) location = {Location::Kind::leaf, 0, 0, value.node->data};
      continue;
    }
    if (!needs_memory_[static_cast<std::size_t>(index)]) continue;
    if (value.constant) {
      request(index, 0, kForever);  // filled once, when an execution is made
      continue;
    }
    request(index, value.group, std::max(value.group, last_group_[static_cast<std::size_t>(index)]));
  }
  // The blocks of a head go where one of the values computed from them will be, or to memory of their own.
  std::vector<std::pair<int, int>> shares;         // group, value
  std::vector<std::pair<int, std::size_t>> heads;  // group, request
  for (int g = 0; g < static_cast<int>(groups.size()); ++g) {
    Group& group = groups[static_cast<std::size_t>(g)];
    if (group.kind != Group::Kind::blocks) continue;
    const int head = group.biased >= 0 ? group.biased : group.head;
    if (needs_memory_[static_cast<std::size_t>(head)]) {
      shares.emplace_back(g, head);
      continue;
    }
    int home = -1;
    for (std::size_t s = 0; group.loop && s < group.slots.size(); ++s) {
      const int root = group.slots[s];
      const bool own = root != group.head && at(root).group == g && at(root).node->shape == group.iteration &&
                       locations[static_cast<std::size_t>(root)].kind == Location::Kind::none;
      if (own && group.loop->completion(static_cast<std::int32_t>(s)) >= group.loop->last_read(0))
        home = root;
    }
    if (home >= 0) {
      shares.emplace_back(g, home);
    } else {
      heads.emplace_back(g, arena.request(bytes_of(group.head), g, g));
    }
  }
  arena.place();
  memory_bytes = arena.bytes();
  for (const auto& [value, handle] : placed) {
    locations[static_cast<std::size_t>(value)] = {Location::Kind::memory, arena.offset(handle), 0, nullptr};
  }
  for (const auto& [g, handle] : heads) {
    groups[static_cast<std::size_t>(g)].result = {Location::Kind::memory, arena.offset(handle), 0, nullptr};
  }
  for (const auto& [g, value] : shares)
    groups[static_cast<std::size_t>(g)].result = locations[static_cast<std::size_t>(value)];
}

}  // namespace hebb
