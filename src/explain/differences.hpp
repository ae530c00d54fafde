/// Finite differences of a scalar graph with respect to any of its nodes, in float64.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "graph/node.hpp"
#include "hebb/tensor.hpp"

namespace hebb::explaining {

/// A derivative as differences find it.
struct Slope {
  double value = 0;
  bool kink = false;  ///< the slopes to both sides differ, however near one looks
};

/// A graph that ends in one number, with the values of all its nodes. Changing one of them computes anew what
/// depends on it.
class Differences {
 public:
  /// Runs the graph once; f64 leaves, none of them placeholders.
  explicit Differences(const Tensor& result);

  double result() const { return base_.at(&result_.node()).item(); }
  const Tensor& value(const Tensor& node) const { return base_.at(&node.node()); }
  /// Every node, inputs before users.
  const std::vector<Tensor>& nodes() const { return nodes_; }

  /// With respect to one node, whose elements may be asked for by several threads.
  class Of {
   public:
    Of(const Differences& graph, const Tensor& node);
    /// Multiplications and additions that one look at a changed element takes, roughly.
    double cost() const;
    /// Looks at one element that are taken for a slope, at least.
    static constexpr int kLooks = 8;
    Slope at(std::int64_t element) const;

   private:
    double with(std::int64_t element, double value) const;

    const Differences& graph_;
    Tensor node_;
    std::vector<const Node*> affected_;
  };

 private:
  Tensor result_;
  std::vector<Tensor> nodes_;
  std::unordered_map<const Node*, Tensor> base_;
};

}  // namespace hebb::explaining
