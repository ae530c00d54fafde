#include "graph/interpreter.hpp"

#include <unordered_map>

#include "graph/node.hpp"
#include "graph/op.hpp"
#include "hebb/error.hpp"

namespace hebb {

namespace {

bool is_float(DType type) { return type == DType::f32 || type == DType::f64; }

/// The elements of a concrete tensor in the type the interpreter holds them in.
template <class T>
Tensor held(const Tensor& tensor) {
  if (!is_float(tensor.dtype()) || tensor.dtype() == dtype_of<T>()) return tensor;
  return Tensor::make<T>(tensor.shape(), [&](T* out) {
    const auto values = tensor.to_vector();
    for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<T>(values[i]);
  });
}

template <class T>
void run_reference(const Op& op, const ReferenceCall<T>& call) {
  if constexpr (std::is_same_v<T, float>) {
    op.reference.f32(call);
  } else {
    op.reference.f64(call);
  }
}

}  // namespace

template <class T>
Tensor interpret_node(const Node& node, const std::vector<const void*>& operands) {
  const auto run = [&](void* out) { run_reference<T>(*node.op, ReferenceCall<T>{node, operands, out}); };
  if (is_float(node.dtype)) return Tensor::make<T>(node.shape, run);
  if (node.dtype == DType::i32) return Tensor::make<std::int32_t>(node.shape, run);
  return Tensor::make<std::uint8_t>(node.shape, run);
}

template <class T>
std::vector<Tensor> interpret(const std::vector<Tensor>& outputs, const Bindings& bindings) {
  std::unordered_map<const Node*, Tensor> values;
  for (const auto& [node, value] : bindings) {
    if (value.shape() != node.shape()) {
      throw ShapeError("interpret: a value of shape " + to_string(value.shape()) +
                       " is bound to a node of shape " + to_string(node.shape()));
    }
    values.emplace(&node.node(), held<T>(evaluate(value)));
  }
  for (const Node* node : topological_order(outputs)) {
    if (values.contains(node)) continue;
    if (node->is_placeholder()) {
      throw Error("the value of placeholder '" + node->name +
                  "' is not known; bind it or compile the function");
    }
    if (node->is_leaf()) {
      // A handle without ownership: the outputs keep the graph alive for the length of this call.
      values.emplace(node, held<T>(Tensor(std::shared_ptr<const Node>(std::shared_ptr<const Node>(), node))));
      continue;
    }
    std::vector<const void*> operands;
    for (const Tensor& input : node->inputs) operands.push_back(values.at(&input.node()).node().data);
    values.emplace(node, interpret_node<T>(*node, operands));
  }
  std::vector<Tensor> results;
  for (const Tensor& output : outputs) {
    const Tensor& value = values.at(&output.node());
    results.push_back(output.concrete() && value.node().data == output.node().data ? output : value);
  }
  return results;
}

template Tensor interpret_node<float>(const Node&, const std::vector<const void*>&);
template Tensor interpret_node<double>(const Node&, const std::vector<const void*>&);
template std::vector<Tensor> interpret<float>(const std::vector<Tensor>&, const Bindings&);
template std::vector<Tensor> interpret<double>(const std::vector<Tensor>&, const Bindings&);

}  // namespace hebb
