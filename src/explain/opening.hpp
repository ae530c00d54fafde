/// Opens the graph of a step: which of its nodes are worth a name, and what they are computed from.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "explain/differences.hpp"
#include "explain/formulas.hpp"
#include "hebb/explain.hpp"

namespace hebb::explaining {

/// What a layer is called and where it is in the graph.
struct LayerPlace {
  std::string name;
  std::string kind;
  std::string description;
  Tensor input;
  Tensor output;
};

/// Fills in layers and values of an Explanation. First the input and the layers are opened in their order,
/// then `finish` adds numbers.
class Opening {
 public:
  /// `parameters` are f64 leaves of the graph.
  Opening(Explanation& to, std::vector<NamedTensor> parameters);

  /// Notes a value that is given; returns its number.
  std::size_t give(const Tensor& node, const std::string& name, const std::string& symbol);
  void open(const LayerPlace& place);

  /// The nodes of the values, by their numbers.
  const std::vector<Tensor>& nodes() const { return nodes_; }
  std::size_t number_of(const Tensor& node) const { return numbers_.at(&node.node()); }
  /// With values and gradients in place: elements, formulas with numbers, chains, windows.
  void finish(const Differences& graph);

 private:
  /// The nodes of a layer, and who reads them.
  struct Part {
    std::vector<Tensor> nodes;
    std::unordered_map<const Node*, std::vector<const Node*>> readers;
    std::unordered_set<const Node*> variable;  ///< not made of constants alone
  };
  Part part_of(const LayerPlace& place) const;
  bool stands_alone(const Tensor& node, const Part& part, const Formulas& formulas) const;
  void name_steps(const std::vector<Tensor>& steps, const LayerPlace& place, Formulas& formulas) const;
  std::vector<std::size_t> operands_of(const Tensor& node, std::vector<Tensor>* inside) const;
  void follow_elements(const ExplainedLayer& layer);
  void add_chain(std::size_t number, NodeValues& values);
  void add_window(std::size_t number, const Differences& graph);

  Explanation& to_;
  std::vector<NamedTensor> parameters_;
  std::vector<Tensor> nodes_;
  std::unordered_map<const Node*, std::size_t> numbers_;
  std::unordered_set<const Node*> seen_;
  std::vector<std::size_t> layer_of_;  ///< of each value; the number of layers where it has none
  std::vector<Formulas> formulas_;     ///< of each layer
};

}  // namespace hebb::explaining
