/// What reductions over any set of axes share.
#pragma once

#include <cstdint>

#include "graph/ops/common.hpp"
#include "kernels/reduce.hpp"

namespace hebb {

/// The fast kernel of a reduction node.
Kernel reduction_kernel(const Node& node, ReduceCode code);

/// Number of elements reduced into each element of the result.
std::int64_t reduced_count(const Node& node);

/// Shape rule of reductions that are not defined over nothing.
Signature nonempty_reduction_signature(std::span<const Tensor> inputs, const Attributes& attributes);

/// Applies a reduction that leaves single elements as they are: where every reduced axis has extent 1 it is a
/// reshape.
Tensor apply_reduction(const Op& op, const Tensor& x, const Axes& axes, bool keep);

/// Random operand, axes and `keep` for a reduction over at least that many elements. Uses the op itself, so
/// that a test gets a node of that op whatever the shape.
Tensor sample_reduction(const Op& op, Sampler& sampler, std::int64_t least_count,
                        Tensor (Sampler::*draw)(const Shape&) = &Sampler::normal);

}  // namespace hebb
