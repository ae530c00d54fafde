/// The analysis of a graph before it becomes kernels: which values exist, which are computed together, and
/// where they lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/elementwise_loop.hpp"
#include "graph/plan.hpp"

namespace hebb {

/// A distinct value of the graph, after common subexpressions have been joined.
struct Value {
  const Node* node = nullptr;
  std::vector<int> inputs;  ///< values, in the node's order
  int root = -1;            ///< the value whose memory this one is: itself, or what a view looks at
  int group = -1;           ///< where it is computed; -1 for leaves
  bool constant = false;    ///< of op `full`: has no memory where only element-wise programs read it
};

/// Where a value's elements lie.
struct Location {
  enum class Kind : std::uint8_t { none, memory, bound, leaf } kind = Kind::none;
  std::size_t offset = 0;      ///< in the execution's memory
  std::size_t index = 0;       ///< among the bound leaves
  const void* data = nullptr;  ///< of a concrete leaf
};

/// Values computed by one step: a head that is computed block by block (a matrix product, a convolution) and
/// the element-wise values fused behind it, or an op with a kernel of its own, or a fused element-wise
/// program alone.
struct Group {
  enum class Kind : std::uint8_t { elementwise, blocks, kernel } kind = Kind::elementwise;
  Shape iteration = {};
  int head = -1;
  std::vector<int> members = {};  ///< element-wise values, inputs before users
  int bias = -1;                  ///< value added to every row of the head
  int biased = -1;                ///< the member that stands for head + bias
  std::vector<int> sums = {};  ///< of values that it computes or reads, over all its rows, taken on the way
  // Once compiled:
  std::optional<ElementwiseLoop> loop = {};
  std::vector<int> slots = {};  ///< roots the loop reads and writes
  Location result = {};         ///< where a head that is computed by blocks writes these
};

/// Whether the element-wise program behind a head runs block by block of it; after a small one it runs once,
/// over merged axes.
bool runs_by_block(const Group& group);

struct PlanSchedule {
  explicit PlanSchedule(PlanSpec plan_spec);

  PlanSpec spec;
  std::vector<Value> values;
  std::vector<Group> groups;
  std::vector<Location> locations;  ///< by value; only roots have one of their own
  std::vector<int> inputs, outputs;
  /// Values copied to bound leaves at the end, where writing in place was not safe.
  struct Copy {
    int value;
    std::size_t bound;
  };
  std::vector<Copy> copies;
  std::size_t memory_bytes = 0;

  const Location& location(int value) const {
    return locations[static_cast<std::size_t>(values[static_cast<std::size_t>(value)].root)];
  }

 private:
  int add_value(const Tensor& tensor);
  std::vector<bool> find_materialized() const;
  bool is_light(int value, const std::vector<bool>& materialized) const;
  void split_light_values();
  void find_deferred();
  bool can_join_with_deferred(int value, int group) const;
  int latest_group_read(int value) const;
  void join(int value, int group);
  void assign_groups();
  bool can_join(int value, int group) const;
  void find_bias(Group& group, int index);
  bool sums_rows(int value) const;
  bool is_only_summed(int value) const;
  void fold_sums();
  bool can_fold(int sum, int group) const;
  void decide_memory();
  void compile_loops();
  void compile_loop(int index);
  void place();

  Value& at(int value) { return values[static_cast<std::size_t>(value)]; }
  const Value& at(int value) const { return values[static_cast<std::size_t>(value)]; }

  std::unordered_map<const Node*, int> of_node_;
  std::unordered_map<std::string, int> of_key_;
  std::unordered_map<int, std::size_t> bound_leaf_;  ///< leaf value -> index of bound
  std::unordered_map<int, int> update_of_;           ///< new value -> leaf value it replaces in place
  std::vector<int> update_values_, update_leaves_;
  int first_split_ = 0;         ///< from here on: values that were split off from others, for one reader each
  std::vector<bool> deferred_;  ///< by value: computed where it is read
  std::vector<bool> needs_memory_;  ///< by root
  std::vector<int> last_group_;     ///< by root: last group that reads it
};

}  // namespace hebb
