#include "explain/opening.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "graph/op.hpp"
#include "graph/ops/convolution.hpp"
#include "hebb/ops.hpp"

namespace hebb::explaining {

namespace {

constexpr std::size_t kLongestFormula = 44;  // what is longer is cut into steps

/// "dense_1.weight" of layer dense_1 is W.
std::string symbol_of(std::string_view parameter, std::string_view layer) {
  std::string name(parameter);
  if (name.starts_with(std::string(layer) + ".")) name.erase(0, layer.size() + 1);
  const std::size_t dot = name.rfind('.');
  const std::size_t last = dot == std::string::npos ? 0 : dot + 1;
  const std::string own = name.substr(last);
  const std::string symbol = own == "weight" ? "W" : own == "bias" ? "b" : own == "filter" ? "F" : own;
  return name.substr(0, last) + symbol;
}

std::int64_t largest_element(const Tensor& tensor) {
  const auto values = tensor.data<double>();
  const auto smaller = [](double a, double b) { return std::abs(a) < std::abs(b); };
  return std::max_element(values.begin(), values.end(), smaller) - values.begin();
}

/// What an element-wise function or a softmax is; sums, products and their kin need no words.
std::string definition_of(const Node& node) {
  const Op& op = *node.op;
  const bool is_function = op.emit != nullptr && node.inputs.size() == 1 && !is_arithmetic(op);
  if (!is_function && op.name != "softmax" && op.name != "log_softmax") return "";
  return std::string(op.name) + "(x) = " + std::string(op.formula);
}

/// The node behind operations that only change shapes.
const Tensor& behind(const Tensor& tensor) {
  const Tensor* at = &tensor;
  while (!at->node().is_leaf() && is_transparent(*at->node().op)) at = &at->node().inputs[0];
  return *at;
}

/// The parts of `seed`, the gradient of y, that reach the operands through the nodes inside y's formula.
std::vector<Tensor> pull_back(const Tensor& y, const Tensor& seed, const std::vector<Tensor>& inside,
                              const std::vector<Tensor>& operands) {
  std::unordered_map<const Node*, Tensor> flow = {{&y.node(), seed}};
  for (auto tensor = inside.rbegin(); tensor != inside.rend(); ++tensor) {
    const Node& node = tensor->node();
    const auto arrived = flow.find(&node);
    if (arrived == flow.end() || node.op->vjp == nullptr) continue;
    const std::vector<Tensor> parts = node.op->vjp(*tensor, arrived->second);
    for (std::size_t k = 0; k < std::min(parts.size(), node.inputs.size()); ++k) {
      if (parts[k].empty()) continue;
      const Tensor part = sum_to(parts[k], node.inputs[k].shape());
      Tensor& total = flow[&node.inputs[k].node()];
      total = total.empty() ? part : total + part;
    }
  }
  std::vector<Tensor> result;
  for (const Tensor& operand : operands) result.push_back(flow[&operand.node()]);
  return result;
}

}  // namespace

Opening::Opening(Explanation& to, std::vector<NamedTensor> parameters)
    : to_(to), parameters_(std::move(parameters)) {}

std::size_t Opening::give(const Tensor& node, const std::string& name, const std::string& symbol) {
  const auto [found, is_new] = numbers_.emplace(&node.node(), nodes_.size());
  if (!is_new) return found->second;
  nodes_.push_back(node);
  layer_of_.push_back(to_.layers.size());
  to_.values.push_back({.name = name, .symbol = symbol});
  seen_.insert(&node.node());
  return found->second;
}

Opening::Part Opening::part_of(const LayerPlace& place) const {
  Part part;
  std::unordered_set<const Node*> met;
  const std::function<void(const Tensor&)> visit = [&](const Tensor& tensor) {
    const Node& node = tensor.node();
    if (seen_.contains(&node) || !met.insert(&node).second) return;
    for (const Tensor& input : node.inputs) visit(input);
    part.nodes.push_back(tensor);
  };
  visit(place.output);
  for (const Tensor& tensor : part.nodes) {
    const Node& node = tensor.node();
    bool variable = false;
    for (const Tensor& input : node.inputs) {
      std::vector<const Node*>& readers = part.readers[&input.node()];
      if (readers.empty() || readers.back() != &node) readers.push_back(&node);
      variable |= part.variable.contains(&input.node()) || seen_.contains(&input.node());
    }
    const bool parameter = std::any_of(parameters_.begin(), parameters_.end(),
                                       [&](const NamedTensor& p) { return p.value->same_as(tensor); });
    if (variable || parameter) part.variable.insert(&node);
  }
  return part;
}

/// Whether a node is a step of its own, and not part of the formula of what reads it.
bool Opening::stands_alone(const Tensor& tensor, const Part& part, const Formulas& formulas) const {
  const Node& node = tensor.node();
  if (node.op->name == "bernoulli") return true;
  if (!part.variable.contains(&node) || is_transparent(*node.op)) return false;
  const Node* at = &node;
  while (true) {
    const auto readers = part.readers.find(at);
    if (readers == part.readers.end()) return false;  // all that follows changes shapes alone
    if (readers->second.size() > 1) return true;
    at = readers->second.front();
    if (!is_transparent(*at->op)) break;
  }
  return !is_arithmetic(*at->op) || formulas.with_symbols(tensor).size() > kLongestFormula;
}

void Opening::name_steps(const std::vector<Tensor>& steps, const LayerPlace& place,
                         Formulas& formulas) const {
  const auto is_mask = [](const Tensor& step) { return step.node().op->name == "bernoulli"; };
  const auto masks = std::count_if(steps.begin(), steps.end(), is_mask);
  const auto others = static_cast<std::ptrdiff_t>(steps.size()) - masks - 1;
  std::ptrdiff_t mask = 0;
  std::ptrdiff_t other = 0;
  for (const Tensor& step : steps) {
    if (step.same_as(place.output)) {
      formulas.name(step, "y");
    } else if (is_mask(step)) {
      ++mask;
      formulas.name(step, masks == 1 ? "mask" : "mask" + std::to_string(mask));
    } else {
      ++other;
      formulas.name(step, others == 1 ? "z" : "u" + std::to_string(other));
    }
  }
}

void Opening::open(const LayerPlace& place) {
  ExplainedLayer layer{.name = place.name, .kind = place.kind, .description = place.description};
  layer.input = number_of(place.input);
  const Part part = part_of(place);
  Formulas formulas;
  formulas.name(place.input, "x");
  std::vector<Tensor> steps;
  for (const Tensor& tensor : part.nodes) {
    const Node& node = tensor.node();
    for (const Tensor& input : node.inputs) {  // of another layer, where layers share a parameter
      const auto found = numbers_.find(&input.node());
      if (found != numbers_.end() && !formulas.has_name(input))
        formulas.name(input, to_.values[found->second].name);
    }
    if (!node.is_leaf()) {
      if (!tensor.same_as(place.output) && !stands_alone(tensor, part, formulas)) continue;
      steps.push_back(tensor);
      formulas.name(tensor, "u" + std::to_string(steps.size()));
      continue;
    }
    for (const NamedTensor& parameter : parameters_) {
      if (!parameter.value->same_as(tensor)) continue;
      const std::string symbol = symbol_of(parameter.name, place.name);
      formulas.name(tensor, symbol);
      const std::size_t number = give(tensor, parameter.name, symbol);
      if (parameter.trainable)
        layer.parameters.push_back({.name = parameter.name, .value = number, .update = {}});
    }
  }
  name_steps(steps, place, formulas);
  for (const Tensor& step : steps) {
    const std::string& symbol = formulas.symbol(step);
    const std::size_t number = give(step, place.name + "." + symbol, symbol);
    to_.values[number].formula = formulas.with_symbols(step);
    to_.values[number].definition = definition_of(step.node());
    layer.formula += (layer.formula.empty() ? "" : "; ") + symbol + " = " + to_.values[number].formula;
    layer.steps.push_back(number);
  }
  if (steps.empty()) layer.formula = "y = x";
  for (const Tensor& tensor : part.nodes) seen_.insert(&tensor.node());
  layer.output = number_of(place.output);
  to_.layers.push_back(std::move(layer));
  formulas_.push_back(std::move(formulas));
}

/// The values that a formula takes, and the nodes inside it, inputs before users.
std::vector<std::size_t> Opening::operands_of(const Tensor& of, std::vector<Tensor>* inside) const {
  std::vector<std::size_t> operands;
  std::unordered_set<const Node*> met;
  const std::function<void(const Tensor&)> visit = [&](const Tensor& tensor) {
    const Node& node = tensor.node();
    if (!met.insert(&node).second) return;
    const auto found = numbers_.find(&node);
    if (found != numbers_.end() && !tensor.same_as(of)) {
      operands.push_back(found->second);
      return;
    }
    if (node.is_leaf()) return;
    for (const Tensor& input : node.inputs) visit(input);
    if (inside != nullptr) inside->push_back(tensor);
  };
  visit(of);
  return operands;
}

void Opening::add_chain(std::size_t number, NodeValues& values) {
  ExplainedValue& value = to_.values[number];
  const Formulas& formulas = formulas_[layer_of_[number]];
  std::vector<Tensor> inside;
  const std::vector<std::size_t> operands = operands_of(nodes_[number], &inside);
  std::vector<Tensor> targets;
  for (const std::size_t operand : operands) targets.push_back(nodes_[operand]);
  std::vector<Tensor> parts(targets.size());
  if (!value.gradient.empty()) {
    const Tensor seed = Tensor::placeholder(nodes_[number].shape(), DType::f64, "d" + value.symbol);
    values.set(seed, value.gradient);
    parts = pull_back(nodes_[number], seed, inside, targets);
  }
  for (std::size_t k = 0; k < operands.size(); ++k) {
    ChainLink link{.to = operands[k], .symbol = formulas.symbol(targets[k])};
    const ExplainedValue& to = to_.values[operands[k]];
    if (!parts[k].empty() && !to.gradient.empty()) {
      link.formula = formulas.with_symbols(parts[k]);
      link.in_numbers = formulas.with_numbers(parts[k], element_at(to.element, to.value.shape()), values);
    }
    value.chain.push_back(std::move(link));
  }
}

void Opening::add_window(std::size_t number, const Differences& graph) {
  ExplainedValue& value = to_.values[number];
  std::vector<Tensor> inside;
  operands_of(nodes_[number], &inside);
  const auto convolution = std::find_if(inside.begin(), inside.end(), [&](const Tensor& tensor) {
    return tensor.node().op->name == "conv2d" && tensor.shape() == value.value.shape();
  });
  if (convolution == inside.end()) return;
  const Node& node = convolution->node();
  const ConvOptions options = conv_options(node.attributes);
  const Shape& image = node.inputs[0].shape();
  const Shape& filter = node.inputs[1].shape();
  const std::vector<std::int64_t>& at = value.element;
  ConvolutionWindow window{.output = at,
                           .row = at[1] * options.stride[0] - options.padding[0],
                           .column = at[2] * options.stride[1] - options.padding[2]};
  const std::int64_t group = at[3] / (filter[3] / options.groups);
  const Shape shape{filter[0], filter[1], filter[2]};
  const auto pixels = graph.value(behind(node.inputs[0])).data<double>();
  const auto weights = graph.value(behind(node.inputs[1])).data<double>();
  const auto each = [&](const auto& element) {
    return Tensor::make<double>(shape, [&](double* out) {
      for (std::int64_t i = 0; i < shape.elements(); ++i) out[i] = element(index_of(i, shape));
    });
  };
  window.window = each([&](const std::vector<std::int64_t>& k) {
    const std::int64_t y = window.row + k[0] * options.dilation[0];
    const std::int64_t x = window.column + k[1] * options.dilation[1];
    if (y < 0 || x < 0 || y >= image[1] || x >= image[2]) return 0.0;
    return pixels[static_cast<std::size_t>(element_at({at[0], y, x, group * filter[2] + k[2]}, image))];
  });
  window.filter = each([&](const std::vector<std::int64_t>& k) {
    return weights[static_cast<std::size_t>(element_at({k[0], k[1], k[2], at[3]}, filter))];
  });
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    window.sum += window.window.data<double>()[k] * window.filter.data<double>()[k];
  }
  value.window = std::move(window);
}

/// What is computed element by element from one step before is opened where that is: y[2, 1] after z[2, 1].
void Opening::follow_elements(const ExplainedLayer& layer) {
  for (const std::size_t step : layer.steps) {
    const Node& node = nodes_[step].node();
    const std::vector<std::size_t> operands = operands_of(nodes_[step], nullptr);
    const bool inside = operands.size() == 1 &&
                        std::find(layer.steps.begin(), layer.steps.end(), operands[0]) != layer.steps.end();
    if (inside && node.op->emit != nullptr && node.shape == to_.values[operands[0]].value.shape())
      to_.values[step].element = to_.values[operands[0]].element;
  }
}

void Opening::finish(const Differences& graph) {
  NodeValues values;
  for (const Tensor& node : graph.nodes()) {
    if (graph.value(node).dtype() == DType::f64) values.set(node, graph.value(node));
  }
  for (ExplainedValue& value : to_.values) {
    const bool none = value.gradient.empty() || value.value.size() == 0;
    value.element = index_of(none ? 0 : largest_element(value.gradient), value.value.shape());
  }
  for (const ExplainedLayer& layer : to_.layers) follow_elements(layer);
  for (const ExplainedLayer& layer : to_.layers) {
    for (const std::size_t step : layer.steps) {
      ExplainedValue& value = to_.values[step];
      value.in_numbers = formulas_[layer_of_[step]].with_numbers(
          nodes_[step], element_at(value.element, value.value.shape()), values);
      add_chain(step, values);
      add_window(step, graph);
    }
  }
  // A value that several formulas take gets its gradient from all of them.
  std::vector<int> takers(to_.values.size(), 0);
  ++takers[to_.output];  // the loss
  const auto links = [&](const auto& visit) {
    for (ExplainedValue& value : to_.values) {
      for (ChainLink& link : value.chain) visit(link);
    }
  };
  links([&](const ChainLink& link) { takers[link.to] += link.formula.empty() ? 0 : 1; });
  links([&](ChainLink& link) { link.partial = takers[link.to] > 1; });
}

}  // namespace hebb::explaining
