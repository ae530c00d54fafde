/// How a matmul node maps to products of plain matrices.
#pragma once

#include "graph/op.hpp"
#include "kernels/gemm.hpp"

namespace hebb {

/// Whether the node is one product of two plain matrices: no leading axes, or leading axes of a left operand
/// that is not transposed, which then are just more rows.
bool is_single_product(const Node& node);

/// The product of a node for which is_single_product holds.
GemmProblem single_product(const Node& node, const KernelSetting& setting);

}  // namespace hebb
