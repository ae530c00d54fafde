#include "explain/differences.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "graph/interpreter.hpp"
#include "graph/op.hpp"

namespace hebb::explaining {

namespace {

/// Multiplications and additions, roughly: only products and convolutions take more than an element each.
double operations(const Node& node) {
  const auto elements = static_cast<double>(node.shape.elements());
  const std::string_view name = node.op->name;
  if (name == "matmul") {
    const Shape& a = node.inputs[0].shape();
    return elements * static_cast<double>(a[node.attributes.flag("transpose_a") ? -2 : -1]);
  }
  if (name == "conv2d") {
    const Shape& filter = node.inputs[1].shape();
    return elements * static_cast<double>(filter.elements() / std::max<std::int64_t>(1, filter[-1]));
  }
  if (name == "conv2d_image_gradient") {
    const Shape& filter = node.inputs[1].shape();
    return static_cast<double>(node.inputs[0].size()) *
           static_cast<double>(filter.elements() / std::max<std::int64_t>(1, filter[-1]));
  }
  double read = elements;
  for (const Tensor& input : node.inputs) read = std::max(read, static_cast<double>(input.size()));
  return 4 * read;
}

}  // namespace

Differences::Differences(const Tensor& result) : result_(result) {
  std::unordered_map<const Node*, Tensor> handles = {{&result.node(), result}};
  const std::vector<const Node*> order = topological_order({result});
  for (const Node* node : order) {
    for (const Tensor& input : node->inputs) handles.emplace(&input.node(), input);
  }
  for (const Node* node : order) nodes_.push_back(handles.at(node));
  const std::vector<Tensor> values = interpret<double>(nodes_);
  for (std::size_t i = 0; i < nodes_.size(); ++i) base_.emplace(&nodes_[i].node(), values[i]);
}

Differences::Of::Of(const Differences& graph, const Tensor& node) : graph_(graph), node_(node) {
  std::unordered_set<const Node*> changed = {&node.node()};
  for (const Tensor& tensor : graph.nodes_) {
    const Node& user = tensor.node();
    const bool depends = std::any_of(user.inputs.begin(), user.inputs.end(),
                                     [&](const Tensor& input) { return changed.contains(&input.node()); });
    if (!depends || &user == &node.node()) continue;
    changed.insert(&user);
    affected_.push_back(&user);
  }
}

double Differences::Of::cost() const {
  constexpr double kCall = 100;
  double sum = kCall;
  for (const Node* node : affected_) sum += kCall + operations(*node);
  return sum;
}

double Differences::Of::with(std::int64_t element, double value) const {
  const Tensor& base = graph_.value(node_);
  const Tensor changed = Tensor::make<double>(base.shape(), [&](double* out) {
    const auto values = base.data<double>();
    std::copy(values.begin(), values.end(), out);
    out[element] = value;
  });
  std::unordered_map<const Node*, Tensor> now = {{&node_.node(), changed}};
  std::vector<const void*> operands;
  for (const Node* node : affected_) {
    operands.clear();
    for (const Tensor& input : node->inputs) {
      const auto found = now.find(&input.node());
      operands.push_back((found != now.end() ? found->second : graph_.value(input)).node().data);
    }
    now.emplace(node, interpret_node<double>(*node, operands));
  }
  const auto found = now.find(&graph_.result_.node());
  return found != now.end() ? found->second.data<double>()[0] : graph_.result();
}

Slope Differences::Of::at(std::int64_t element) const {
  const double x = graph_.value(node_).data<double>()[static_cast<std::size_t>(element)];
  const double unit = std::max(1.0, std::abs(x));
  const double here = std::abs(graph_.result());
  // Symmetric differences, and how far the slopes to both sides are apart.
  struct Pair {
    double slope, gap;
  };
  const auto look = [&](double h) -> Pair {
    const double above = with(element, x + h);
    const double below = with(element, x - h);
    return {(above - below) / (2 * h), (above + below - 2 * graph_.result()) / h};
  };
  Slope best;
  double least = std::numeric_limits<double>::infinity();
  for (const double scale : {1e-3, 1e-4, 1e-5, 1e-6}) {
    const double h = scale * unit;
    const Pair wide = look(h);
    const Pair narrow = look(h / 2);
    const double error = std::abs(narrow.slope - wide.slope);
    if (!(error < least)) continue;
    least = error;
    best.value = (4 * narrow.slope - wide.slope) / 3;
    if (error <= 1e-5 * std::abs(best.value) + 1e-10 * (1 + here)) break;
  }
  // The gap of a smooth function shrinks with h, that of a kink stays.
  const double far_gap = std::abs(look(1e-4 * unit).gap);
  const double near_gap = std::abs(look(1e-6 * unit).gap);
  best.kink =
      near_gap > 0.5 * far_gap && near_gap > 1e-8 * (1 + here) && near_gap > 1e-6 * std::abs(best.value);
  return best;
}

}  // namespace hebb::explaining
