/// Constants folded into the weights of the linear op before them.
///
/// A chain of constants behind a linear op L with weights W makes y = scale * L(x, W) + shift, channel by
/// channel, and L(x, W) is linear in W: y = L(x, scale * W) + shift.

#include <unordered_map>
#include <unordered_set>

#include "graph/interpreter.hpp"
#include "graph/node.hpp"
#include "graph/op.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"

namespace hebb {

extern const Op op_add;
extern const Op op_sub;
extern const Op op_mul;
extern const Op op_div;
extern const Op op_matmul;
extern const Op op_conv2d;
extern const Op op_conv2d_image_gradient;
extern const Op op_reshape;

namespace {

/// A value as reshape(scale * linear, ...) + shift. Scale and shift are constants [channels] or [], empty
/// where nothing scales or shifts.
struct Chain {
  const Node* linear;
  Tensor scale = {};
  Tensor shift = {};
  int steps = 0;  // operations that could be saved

  /// A bias alone is what a product has in any case.
  bool is_worth_folding() const { return !scale.empty() || steps > 1; }
};

/// A constant as [channels] or [], if it acts on x channel by channel; else an empty tensor.
Tensor by_channel(const Tensor& constant, const Node& x) {
  const Shape& shape = constant.shape();
  if (shape.rank() > x.shape.rank() || constant.dtype() != x.dtype) return {};
  if (shape.elements() == 1) return reshape(constant, {});
  const bool fits = shape.elements() == shape[-1] && shape[-1] == x.shape[-1];
  return fits ? reshape(constant, {shape[-1]}) : Tensor();
}

Tensor sum_of(const Tensor& a, const Tensor& b) { return a.empty() ? b : a + b; }
Tensor product_of(const Tensor& a, const Tensor& b) { return a.empty() ? b : a * b; }

class Folder {
 public:
  explicit Folder(const Tensor& y) : y_(y), order_(topological_order({y})) {
    ++users_[&y.node()];
    for (const Node* node : order_) {
      for (const Tensor& input : node->inputs) ++users_[&input.node()];
    }
    for (const Node* node : order_) examine(*node);
  }

  Tensor run() {
    for (const Node* node : order_) {
      const auto chain = chains_.find(node);
      const bool ends = chain != chains_.end() && !continued_.contains(node);
      if (ends && chain->second.is_worth_folding()) {
        now_[node] = folded(chain->second, node->shape);
      } else {
        rebuild(*node);
      }
    }
    return now(y_);
  }

 private:
  bool is_constant(const Tensor& x) const { return constants_.contains(&x.node()); }

  /// Finds whether a node is constant, begins a chain, or continues one.
  void examine(const Node& node) {
    const bool of_constants = std::all_of(node.inputs.begin(), node.inputs.end(),
                                          [&](const Tensor& input) { return is_constant(input); });
    if (of_constants && !node.is_placeholder()) {
      constants_.insert(&node);
    } else if (is_linear(node)) {
      chains_[&node] = {&node};
    } else if (node.op != nullptr) {
      continue_chain(node);
    }
  }

  bool is_linear(const Node& node) const {
    if (node.op == nullptr || node.dtype != DType::f32 || node.inputs.size() != 2 ||
        !is_constant(node.inputs[1])) {
      return false;
    }
    return node.op == &op_conv2d || (node.op == &op_matmul && node.inputs[1].shape().rank() == 2) ||
           (node.op == &op_conv2d_image_gradient && node.attributes.integer("groups") == 1);
  }

  /// The chain an operand ends, where this is all that becomes of it.
  const Chain* chain_of(const Tensor& x) const {
    const auto found = chains_.find(&x.node());
    return found != chains_.end() && users_.at(&x.node()) == 1 ? &found->second : nullptr;
  }

  void continue_chain(const Node& node) {
    const Tensor& first = node.inputs[0];
    if (node.op == &op_reshape) {
      const Chain* chain = chain_of(first);
      const bool keeps_channels = node.shape.rank() > 0 && node.shape[-1] == first.shape()[-1];
      if (chain != nullptr && keeps_channels) record(node, first, *chain);
      return;
    }
    if (node.op != &op_add && node.op != &op_sub && node.op != &op_mul && node.op != &op_div) return;
    const bool swapped = is_constant(first);
    const Tensor& x = node.inputs[swapped ? 1 : 0];
    const Tensor& other = node.inputs[swapped ? 0 : 1];
    const Chain* found = chain_of(x);
    if (found == nullptr || !is_constant(other) || node.shape != x.shape()) return;
    if (swapped && (node.op == &op_sub || node.op == &op_div)) return;
    const Tensor c = by_channel(other, x.node());
    if (c.empty()) return;
    Chain chain = *found;
    ++chain.steps;
    if (node.op == &op_add) {
      chain.shift = sum_of(chain.shift, c);
    } else if (node.op == &op_sub) {
      chain.shift = sum_of(chain.shift, -c);
    } else {
      const Tensor factor = node.op == &op_mul ? c : 1.0 / c;
      chain.scale = product_of(chain.scale, factor);
      if (!chain.shift.empty()) chain.shift = chain.shift * factor;
    }
    record(node, x, chain);
  }

  void record(const Node& node, const Tensor& from, const Chain& chain) {
    continued_.insert(&from.node());
    chains_[&node] = chain;
  }

  /// Computed in double, rounded once.
  static Tensor rounded(const Tensor& constant) {
    return evaluate(cast(interpret<double>({constant})[0], DType::f32));
  }

  /// The weights with each output channel scaled.
  static Tensor scaled_weights(const Node& linear, const Tensor& scale) {
    const Tensor& weights = linear.inputs[1];
    if (scale.empty()) return weights;
    const bool channels_come_last =
        linear.op == &op_conv2d || (linear.op == &op_matmul && !linear.attributes.flag("transpose_b"));
    if (channels_come_last || scale.shape().rank() == 0) return rounded(weights * scale);
    return rounded(weights * reshape(scale, {scale.shape()[0], 1}));
  }

  Tensor folded(const Chain& chain, const Shape& shape) const {
    const Node& linear = *chain.linear;
    const Scope scope(linear.scope);
    Tensor y =
        apply(*linear.op, {now(linear.inputs[0]), scaled_weights(linear, chain.scale)}, linear.attributes);
    if (!chain.shift.empty()) y = y + rounded(chain.shift);
    return y.shape() == shape ? y : reshape(y, shape.extents());
  }

  void rebuild(const Node& node) {
    std::vector<Tensor> inputs;
    bool changed = false;
    for (const Tensor& input : node.inputs) {
      inputs.push_back(now(input));
      changed = changed || !inputs.back().same_as(input);
    }
    if (!changed) return;
    const Scope scope(node.scope);
    now_[&node] = apply(*node.op, std::move(inputs), node.attributes);
  }

  /// What stands for a value in the new graph.
  Tensor now(const Tensor& x) const {
    const auto found = now_.find(&x.node());
    return found == now_.end() ? x : found->second;
  }

  const Tensor& y_;
  std::vector<const Node*> order_;
  std::unordered_map<const Node*, std::int64_t> users_;
  std::unordered_set<const Node*> constants_;
  std::unordered_map<const Node*, Chain> chains_;
  std::unordered_set<const Node*> continued_;  // whose chain goes on
  std::unordered_map<const Node*, Tensor> now_;
};

}  // namespace

Tensor fold_constants(const Tensor& y) { return Folder(y).run(); }

}  // namespace hebb
