#include "graph/schedule.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "graph/arena.hpp"
#include "graph/folded_loop.hpp"
#include "graph/op.hpp"
#include "hebb/error.hpp"

namespace hebb {

extern const Op op_full;
extern const Op op_broadcast_to;
extern const Op op_add;
extern const Op op_mul;
extern const Op op_neg;
extern const Op op_sub;
extern const Op op_sum;

namespace {

constexpr std::int64_t kMostUnblocked = 2048;  // elements of a head behind which a program runs once
constexpr std::size_t kMostMembers = 40;       // keeps programs within the registers of an ElementwiseLoop

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

bool is_elementwise(const Node& node) {
  if (node.op == nullptr || node.op->emit == nullptr || node.dtype != DType::f32) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [](const Tensor& input) { return input.dtype() == DType::f32; });
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

bool PlanSchedule::can_join(int value, int group) const {
  if (group < 0) return false;
  const Group& g = groups[static_cast<std::size_t>(group)];
  if (g.kind == Group::Kind::kernel || g.iteration != at(value).node->shape ||
      g.members.size() >= kMostMembers)
    return false;
  if (g.kind == Group::Kind::blocks) {
    // An epilogue sees blocks of rows and columns.
    for (const int input : at(value).inputs) {
      if (!at(input).constant && !ElementwiseLoop::fits_rows(g.iteration, at(input).node->shape))
        return false;
    }
  }
  // A view of a value of this very group has no memory yet that could be read under another shape.
  for (const int input : at(value).inputs) {
    const int root = at(input).root;
    if (root != input && at(root).group == group) return false;
  }
  // The new value of a leaf may be written only when everybody else has read the old one.
  for (std::size_t u = 0; u < update_values_.size(); ++u) {
    if (update_values_[u] != value) continue;
    const int leaf = update_leaves_[u];
    for (int reader = 0; reader < static_cast<int>(values.size()); ++reader) {
      const Value& r = at(reader);
      if (reader == value || r.group < 0 || r.group < group) continue;
      const bool reads =
          std::any_of(r.inputs.begin(), r.inputs.end(), [&](int input) { return at(input).root == leaf; });
      if (reads && (r.group > group || reader == g.head)) return false;
    }
  }
  return true;
}

/// By value: whether it lies in memory whatever is fused, as somebody reads it who is no element-wise
/// program.
std::vector<bool> PlanSchedule::find_materialized() const {
  std::vector<bool> result(values.size(), false);
  const auto note = [&](int value) { result[static_cast<std::size_t>(at(value).root)] = true; };
  for (const Value& value : values) {
    if (value.node->is_leaf() || value.node->op->is_view || is_elementwise(*value.node)) continue;
    for (const int input : value.inputs) note(input);
  }
  for (const int output : outputs) note(output);
  return result;
}

/// Whether computing a value anew takes no more than reading it would: a cheap function of one value of its
/// shape that lies in memory, and of what is small beside it.
bool PlanSchedule::is_light(int index, const std::vector<bool>& materialized) const {
  constexpr std::int64_t kSmall = 16;  // times fewer elements
  const Value& value = at(index);
  if (value.constant || value.root != index || !is_elementwise(*value.node)) return false;
  const Op* op = value.node->op;
  if (op != &op_add && op != &op_sub && op != &op_mul && op != &op_neg) return false;
  int large = 0;
  for (const int input : value.inputs) {
    const Value& from = at(input);
    if (from.constant || from.node->shape.elements() * kSmall <= value.node->shape.elements()) continue;
    ++large;
    if (from.node->is_leaf()) continue;
    if (from.root >= first_split_ || !materialized[static_cast<std::size_t>(from.root)]) return false;
  }
  return large == 1;
}

/// Gives each element-wise reader of a light value one of its own, to be computed where it is read.
void PlanSchedule::split_light_values() {
  const std::vector<bool> materialized = find_materialized();
  std::vector<bool> wanted = materialized;  // as a whole, in memory
  for (const int value : update_values_) wanted[static_cast<std::size_t>(at(value).root)] = true;
  first_split_ = static_cast<int>(values.size());
  std::vector<std::vector<int>> readers(values.size());
  for (int index = 0; index < first_split_; ++index) {
    for (const int input : at(index).inputs) readers[static_cast<std::size_t>(input)].push_back(index);
  }
  for (int index = 0; index < first_split_; ++index) {
    std::vector<int>& all = readers[static_cast<std::size_t>(index)];
    all.erase(std::unique(all.begin(), all.end()), all.end());
    if (all.size() < 2 || wanted[static_cast<std::size_t>(index)] || !is_light(index, materialized)) continue;
    const bool fused = std::all_of(all.begin(), all.end(), [&](int by) {
      return at(by).root == by && is_elementwise(*at(by).node) && at(by).node->shape == at(index).node->shape;
    });
    if (!fused) continue;
    for (std::size_t r = 1; r < all.size(); ++r) {
      const int copy = static_cast<int>(values.size());
      values.push_back(at(index));
      at(copy).root = copy;
      std::replace(at(all[r]).inputs.begin(), at(all[r]).inputs.end(), index, copy);
    }
  }
}

/// Element-wise values that one element-wise value reads, of leaves, what lies in memory anyway, and others
/// of their kind alone, such as the decayed average in an optimiser's update or an activation's slope: they
/// are computed where they are read. Not too many for one program, which they join whatever it holds.
void PlanSchedule::find_deferred() {
  constexpr int kMostDeferred = 12;
  constexpr int kNobody = -1;
  constexpr int kSeveral = -2;
  std::vector<int> reader(values.size(), kNobody);
  const auto note = [&](int value, int by) {
    int& r = reader[static_cast<std::size_t>(value)];
    r = r == kNobody ? by : kSeveral;
  };
  for (int index = 0; index < static_cast<int>(values.size()); ++index) {
    for (const int input : at(index).inputs) note(input, index);
  }
  for (const int output : outputs) note(output, kSeveral);
  for (const int value : update_values_) note(value, kSeveral);
  const std::vector<bool> materialized = find_materialized();
  // Values that were split off have been chosen so that they can be deferred, and must be: they come after
  // what reads them.
  deferred_.assign(values.size(), true);
  std::fill_n(deferred_.begin(), first_split_, false);
  std::vector<int> sizes(values.size(), 1);  // of a value with those that are deferred to it
  for (int index = 0; index < first_split_; ++index) {
    const Value& value = at(index);
    const int by = reader[static_cast<std::size_t>(index)];
    if (by < 0 || value.constant || value.root != index || !is_elementwise(*value.node)) continue;
    const Value& user = at(by);
    if (user.root != by || !is_elementwise(*user.node) || user.node->shape != value.node->shape) continue;
    int& size = sizes[static_cast<std::size_t>(index)];
    const bool known = std::all_of(value.inputs.begin(), value.inputs.end(), [&](int input) {
      const Value& from = at(input);
      if (deferred_[static_cast<std::size_t>(input)]) {
        size += sizes[static_cast<std::size_t>(input)];
        return true;
      }
      const bool other_shape = at(from.root).node->shape != value.node->shape;  // of another group
      return from.node->is_leaf() || from.constant || materialized[static_cast<std::size_t>(from.root)] ||
             other_shape;
    });
    deferred_[static_cast<std::size_t>(index)] = known && size <= kMostDeferred;
  }
}

bool PlanSchedule::can_join_with_deferred(int value, int group) const {
  if (!can_join(value, group)) return false;
  return std::all_of(at(value).inputs.begin(), at(value).inputs.end(), [&](int input) {
    return !deferred_[static_cast<std::size_t>(input)] || can_join_with_deferred(input, group);
  });
}

/// The last group that computes what a value reads, directly or through deferred values; -1 for leaves.
int PlanSchedule::latest_group_read(int value) const {
  int latest = -1;
  for (const int input : at(value).inputs) {
    latest = std::max({latest, at(input).group, at(at(input).root).group});
    if (deferred_[static_cast<std::size_t>(input)]) latest = std::max(latest, latest_group_read(input));
  }
  return latest;
}

void PlanSchedule::join(int value, int group) {
  for (const int input : at(value).inputs) {
    if (deferred_[static_cast<std::size_t>(input)] && at(input).group < 0) join(input, group);
  }
  at(value).group = group;
  groups[static_cast<std::size_t>(group)].members.push_back(value);
}

/// Whether a value is the sum over all rows of an element-wise one that is worth taking while that is
/// computed or read.
bool PlanSchedule::sums_rows(int value) const {
  const Node& node = *at(value).node;
  if (node.is_leaf() || node.op != &op_sum) return false;
  const int of = at(value).inputs[0];
  const Shape& shape = at(of).node->shape;
  if (at(of).root != of || at(of).constant || at(of).node->is_leaf() || !is_elementwise(*at(of).node))
    return false;
  // A new value of a leaf may lie where the old one is.
  if (std::count(update_values_.begin(), update_values_.end(), of) > 0) return false;
  const std::vector<std::int64_t>& axes = node.attributes.list("axes");
  return static_cast<int>(axes.size()) == shape.rank() - 1 &&
         std::count(axes.begin(), axes.end(), shape.rank() - 1) == 0 && FoldedLoop::pays(shape);
}

bool PlanSchedule::is_only_summed(int value) const {
  if (!FoldedLoop::pays(at(value).node->shape)) return false;
  bool summed = false;
  for (int index = 0; index < static_cast<int>(values.size()); ++index) {
    const std::vector<int>& read = at(index).inputs;
    if (std::count(read.begin(), read.end(), value) == 0) continue;
    if (!sums_rows(index)) return false;
    summed = true;
  }
  return summed && std::count(outputs.begin(), outputs.end(), value) == 0 &&
         std::count(update_values_.begin(), update_values_.end(), value) == 0;
}

/// Whether a sum may be taken in a group: one that computes or reads what is summed, when nobody reads the
/// sum before the next group.
bool PlanSchedule::can_fold(int sum, int group) const {
  const int of = at(sum).inputs[0];
  const Group& g = groups[static_cast<std::size_t>(group)];
  if (g.kind != Group::Kind::elementwise || g.iteration != at(of).node->shape) return false;
  const bool there =
      at(of).group == group || std::any_of(g.members.begin(), g.members.end(), [&](int member) {
        const std::vector<int>& read = at(member).inputs;
        return std::count(read.begin(), read.end(), of) > 0;
      });
  if (!there) return false;
  for (int index = 0; index < static_cast<int>(values.size()); ++index) {
    const Value& reader = at(index);
    const bool reads = std::any_of(reader.inputs.begin(), reader.inputs.end(),
                                   [&](int input) { return at(input).root == sum; });
    const bool is_view = reader.root != index;
    if (reads && !is_view && reader.group <= group) return false;
  }
  return true;
}

/// Takes sums on the way where that saves a walk through memory.
void PlanSchedule::fold_sums() {
  for (int index = 0; index < static_cast<int>(values.size()); ++index) {
    if (!sums_rows(index)) continue;
    for (int g = at(at(index).inputs[0]).group; g < static_cast<int>(groups.size()); ++g) {
      if (!can_fold(index, g)) continue;
      groups[static_cast<std::size_t>(at(index).group)] = {};  // nothing is left to do there
      for (Value& value : values) {
        if (value.root == index) value.group = g;
      }
      groups[static_cast<std::size_t>(g)].sums.push_back(index);
      break;
    }
  }
}

void PlanSchedule::assign_groups() {
  split_light_values();
  find_deferred();
  for (int index = 0; index < static_cast<int>(values.size()); ++index) {
    Value& value = at(index);
    if (value.node->is_leaf() || value.constant || deferred_[static_cast<std::size_t>(index)]) continue;
    int latest = latest_group_read(index);
    if (value.root != index) {
      value.group = latest;  // a view is there as soon as what it looks at
      continue;
    }
    if (is_elementwise(*value.node)) {
      // Behind what it reads, or with others of its shape that are computed later anyway.
      const int last = static_cast<int>(groups.size());
      const bool summed = is_only_summed(index);  // then not block by block, but where the sum is taken too
      const auto joins = [&](int group) {
        const bool blocks = group >= 0 && groups[static_cast<std::size_t>(group)].kind == Group::Kind::blocks;
        return !(summed && blocks) && can_join_with_deferred(index, group);
      };
      while (latest < last && !joins(latest)) {
        do {
          ++latest;
        } while (latest < last && groups[static_cast<std::size_t>(latest)].kind != Group::Kind::elementwise);
      }
      if (latest == last)
        groups.push_back({.kind = Group::Kind::elementwise, .iteration = value.node->shape});
      join(index, latest);
      continue;
    }
    value.group = static_cast<int>(groups.size());
    groups.push_back(
        {.kind = value.node->op->block_kernel != nullptr ? Group::Kind::blocks : Group::Kind::kernel,
         .iteration = value.node->shape,
         .head = index});
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].kind == Group::Kind::blocks && at(groups[g].head).node->op->adds_bias)
      find_bias(groups[g], static_cast<int>(g));
  }
  fold_sums();
}

void PlanSchedule::find_bias(Group& group, int index) {
  const std::int64_t columns = group.iteration[-1];
  int readers = 0;
  int candidate = -1;
  for (const Value& value : values) {
    readers += static_cast<int>(std::count(value.inputs.begin(), value.inputs.end(), group.head));
  }
  if (readers != 1 || std::count(outputs.begin(), outputs.end(), group.head) > 0) return;
  for (const int member : group.members) {
    const Value& value = at(member);
    if (value.node->op != &op_add) continue;
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const int other = value.inputs[1 - side];
      const Node& bias = *at(other).node;
      if (value.inputs[side] == group.head && !at(other).constant && at(other).group < index &&
          bias.shape.elements() == columns && bias.shape.rank() >= 1 && bias.shape[-1] == columns) {
        candidate = other;
      }
    }
    if (candidate >= 0) {
      group.bias = candidate;
      group.biased = member;
      group.members.erase(std::find(group.members.begin(), group.members.end(), member));
      return;
    }
  }
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
