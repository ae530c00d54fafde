/// Expressions as formulas: with symbols, and with the numbers at one element.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "explain/element_index.hpp"
#include "graph/interpreter.hpp"
#include "graph/node.hpp"
#include "hebb/tensor.hpp"

namespace hebb::explaining {

/// A number in four digits.
std::string short_number(double value);

/// The values of nodes in float64, those not yet known being computed when asked for.
class NodeValues {
 public:
  void set(const Tensor& node, const Tensor& value);
  bool contains(const Tensor& node) const { return known_.contains(&node.node()); }
  const Tensor& of(const Tensor& node);
  double at(const Tensor& node, std::int64_t element) {
    return of(node).data<double>()[static_cast<std::size_t>(element)];
  }

 private:
  std::unordered_map<const Node*, Tensor> known_;
  Bindings bindings_;
  std::vector<Tensor> kept_;  // nodes whose values are not bound must live as long
};

/// Writes expressions. Nodes that have a symbol stand as that; others are opened.
class Formulas {
 public:
  void name(const Tensor& node, const std::string& symbol) { symbols_[&node.node()] = symbol; }
  bool has_name(const Tensor& node) const { return symbols_.contains(&node.node()); }
  const std::string& symbol(const Tensor& node) const { return symbols_.at(&node.node()); }

  /// What a node computes: its own operation opened, whether it has a symbol or not.
  std::string with_symbols(const Tensor& node) const;
  /// The same at one element; empty where the operation has no such form.
  std::string with_numbers(const Tensor& node, std::int64_t element, NodeValues& values) const;

 private:
  std::unordered_map<const Node*, std::string> symbols_;
};

/// Operations that change where elements lie and not what they are: formulas leave them out.
bool is_transparent(const Op& op);
/// Sums, products and the like, which are written within larger formulas.
bool is_arithmetic(const Op& op);

}  // namespace hebb::explaining
