/// Reverse-mode differentiation: the chain rule over the graph, each step expressed in ops again.

#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "graph/node.hpp"
#include "graph/op.hpp"
#include "hebb/error.hpp"
#include "hebb/ops.hpp"
#include "hebb/transforms.hpp"

namespace hebb {

extern const Op op_reshape;

namespace {

/// The nodes of `order` on a path from one of xs.
std::unordered_set<const Node*> dependents(const std::vector<const Node*>& order, const Tensors& xs) {
  std::unordered_set<const Node*> result;
  for (const Tensor& x : xs) result.insert(&x.node());
  for (const Node* node : order) {
    for (const Tensor& input : node->inputs) {
      if (result.contains(&input.node())) {
        result.insert(node);
        break;
      }
    }
  }
  return result;
}

}  // namespace

Tensors gradients(const Tensor& y, const Tensors& xs) {
  if (y.size() != 1) {
    throw ShapeError("gradients: expected a function with one value, got shape " + to_string(y.shape()));
  }
  const std::vector<const Node*> order = topological_order({y});
  const auto active = dependents(order, xs);
  std::unordered_map<const Node*, Tensor> handles = {{&y.node(), y}};
  for (const Node* node : order) {
    for (const Tensor& input : node->inputs) handles.emplace(&input.node(), input);
  }

  std::unordered_map<const Node*, Tensor> flow;  // the gradient that has arrived at a node so far
  flow[&y.node()] = full(1.0, y.shape(), y.dtype());
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const Node* node = *it;
    const auto arrived = flow.find(node);
    if (arrived == flow.end() || node->is_leaf() || !active.contains(node)) continue;
    if (node->op->vjp == nullptr) continue;
    const Scope scope(node->scope);
    const Tensors to_inputs = node->op->vjp(handles.at(node), arrived->second);
    for (std::size_t k = 0; k < node->inputs.size(); ++k) {
      const Tensor& input = node->inputs[k];
      if (k >= to_inputs.size() || to_inputs[k].empty() || !active.contains(&input.node())) continue;
      const Tensor part = sum_to(to_inputs[k], input.shape());
      Tensor& total = flow[&input.node()];
      total = total.empty() ? part : add(total, part);
    }
  }

  Tensors result;
  for (const Tensor& x : xs) {
    const auto found = flow.find(&x.node());
    result.push_back(found != flow.end() ? found->second : full(0.0, x.shape(), x.dtype()));
  }
  return result;
}

namespace {

std::vector<int> all_or(std::vector<int> arguments, std::size_t count) {
  if (arguments.empty()) {
    arguments.resize(count);
    std::iota(arguments.begin(), arguments.end(), 0);
  }
  return arguments;
}

/// f's value at fresh handles of the inputs, and its gradients. An input may be passed twice, and may be part
/// of what f captures: differentiation must not confuse these, so each argument gets a node of its own.
Tensors value_then_gradients(const ScalarFunction& f, const std::vector<int>& arguments,
                             const Tensors& inputs) {
  Tensors own;
  for (const Tensor& input : inputs) {
    own.push_back(apply(op_reshape, {input}, {{"extents", input.shape().extents()}}));
  }
  const Tensor value = f(own);
  Tensors with_respect_to;
  for (const int argument : all_or(arguments, inputs.size())) {
    if (argument < 0 || static_cast<std::size_t>(argument) >= own.size()) {
      throw Error("grad: argument " + std::to_string(argument) + " does not exist; the function got " +
                  std::to_string(own.size()));
    }
    with_respect_to.push_back(own[static_cast<std::size_t>(argument)]);
  }
  Tensors result = gradients(value, with_respect_to);
  result.insert(result.begin(), value);
  return result;
}

}  // namespace

Function grad(ScalarFunction f, std::vector<int> arguments) {
  return [f = std::move(f), arguments = std::move(arguments)](const Tensors& inputs) {
    Tensors all = value_then_gradients(f, arguments, inputs);
    all.erase(all.begin());
    return all;
  };
}

Function value_and_grad(ScalarFunction f, std::vector<int> arguments) {
  return [f = std::move(f), arguments = std::move(arguments)](const Tensors& inputs) {
    return value_then_gradients(f, arguments, inputs);
  };
}

}  // namespace hebb
