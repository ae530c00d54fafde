/// The oracle: runs a graph node by node with the naive references, in float or double.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "hebb/tensor.hpp"

namespace hebb {

/// Values to use in place of nodes: placeholders, or any node whose value is to be overridden.
using Bindings = std::vector<std::pair<Tensor, Tensor>>;

/// Computes the outputs with every floating-point value held as T, whatever the graph's types say. The
/// results are tensors of dtype_of<T> (i32 and u8 results keep their type). Throws Error at an unbound
/// placeholder.
template <class T>
std::vector<Tensor> interpret(const std::vector<Tensor>& outputs, const Bindings& bindings = {});

/// Computes one node that is no leaf from the elements of its operands, which are held as T.
template <class T>
Tensor interpret_node(const Node& node, const std::vector<const void*>& operands);

extern template Tensor interpret_node<float>(const Node&, const std::vector<const void*>&);
extern template Tensor interpret_node<double>(const Node&, const std::vector<const void*>&);
extern template std::vector<Tensor> interpret<float>(const std::vector<Tensor>&, const Bindings&);
extern template std::vector<Tensor> interpret<double>(const std::vector<Tensor>&, const Bindings&);

}  // namespace hebb
