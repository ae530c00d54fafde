#include "graph/node.hpp"

#include <algorithm>
#include <atomic>
#include <unordered_set>

#include "graph/op.hpp"
#include "graph/scope.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> counter{0};
  return counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

const Attributes::Value& Attributes::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.first == name) return entry.second;
  }
  throw Error("operation has no attribute '" + std::string(name) + "'");
}

std::int64_t Attributes::integer(std::string_view name) const {
  if (const auto* value = std::get_if<std::int64_t>(&find(name))) return *value;
  throw Error("attribute '" + std::string(name) + "' is not an integer");
}

double Attributes::real(std::string_view name) const {
  if (const auto* value = std::get_if<double>(&find(name))) return *value;
  throw Error("attribute '" + std::string(name) + "' is not a real number");
}

const std::vector<std::int64_t>& Attributes::list(std::string_view name) const {
  if (const auto* value = std::get_if<std::vector<std::int64_t>>(&find(name))) return *value;
  throw Error("attribute '" + std::string(name) + "' is not a list");
}

Node::~Node() {
  // A chain of a million nodes must not recurse a million times: take over the inputs that die with this
  // node, one level after the other.
  std::vector<Tensor> dying = std::move(inputs);
  while (!dying.empty()) {
    const Tensor last = std::move(dying.back());
    dying.pop_back();
    if (!last.empty() && last.handle().use_count() == 1) {
      auto& node = const_cast<Node&>(last.node());  // we hold the only handle: nobody else sees the change
      std::move(node.inputs.begin(), node.inputs.end(), std::back_inserter(dying));
      node.inputs.clear();
    }
  }
}

std::shared_ptr<Node> new_node() {
  auto node = std::make_shared<Node>();
  node->id = next_id();
  node->scope = current_scope();
  return node;
}

std::vector<const Node*> topological_order(const std::vector<Tensor>& outputs) {
  std::vector<const Node*> order;
  std::unordered_set<const Node*> seen;
  std::vector<const Node*> stack;
  for (const Tensor& output : outputs) stack.push_back(&output.node());
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    if (!seen.insert(node).second) continue;
    order.push_back(node);
    for (const Tensor& input : node->inputs) stack.push_back(&input.node());
  }
  std::sort(order.begin(), order.end(), [](const Node* a, const Node* b) { return a->id < b->id; });
  return order;
}

Tensor apply(const Op& op, std::vector<Tensor> inputs, Attributes attributes) {
  for (const Tensor& input : inputs) {
    if (input.empty()) throw Error(std::string(op.name) + ": an operand is an empty tensor");
  }
  const bool fits = op.arity == kAnyArity ? !inputs.empty() : static_cast<int>(inputs.size()) == op.arity;
  if (!fits)
    throw ShapeError(std::string(op.name) + ": " + std::to_string(inputs.size()) +
                     " operands are too few or too many");
  auto node = new_node();
  Signature signature;
  try {
    signature = op.infer(inputs, attributes);
  } catch (const ShapeError& error) {
    std::string operands;
    for (const Tensor& input : inputs) {
      operands +=
          (operands.empty() ? "" : ", ") + std::string(to_string(input.dtype())) + to_string(input.shape());
    }
    const std::string where = node->scope.empty() ? "" : " in " + node->scope;
    throw ShapeError(std::string(op.name) + "(" + operands + ")" + where + ": " + error.what());
  }
  node->op = &op;
  node->inputs = std::move(inputs);
  node->attributes = std::move(attributes);
  node->shape = std::move(signature.shape);
  node->dtype = signature.dtype;
  return Tensor(std::shared_ptr<const Node>(std::move(node)));
}

}  // namespace hebb
