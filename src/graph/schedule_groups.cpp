/// Which values of a graph are computed together.

#include <algorithm>

#include "graph/folded_loop.hpp"
#include "graph/op.hpp"
#include "graph/schedule.hpp"

namespace hebb {

extern const Op op_add;
extern const Op op_mul;
extern const Op op_neg;
extern const Op op_sub;
extern const Op op_sum;

namespace {

constexpr std::size_t kMostMembers = 40;  // keeps programs within the registers of an ElementwiseLoop

bool is_elementwise(const Node& node) {
  if (node.op == nullptr || node.op->emit == nullptr || node.dtype != DType::f32) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [](const Tensor& input) { return input.dtype() == DType::f32; });
}

}  // namespace

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

}  // namespace hebb
