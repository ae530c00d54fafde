/// Mixing of samples while training (Zhang et al. 2018, arXiv:1710.09412).
#pragma once

#include <cstdint>

#include "hebb/losses.hpp"
#include "hebb/module.hpp"

namespace hebb {

/// The share of a step's mixing, drawn from Beta(alpha, alpha): a pure function of its arguments.
double mixing_share(double alpha, std::uint64_t seed, std::int64_t step);

/// The model's loss on a batch of which sample i is mixed with sample n - 1 - i: batches are shuffled, so
/// that the reverse order pairs at random. `share` is a scalar; empty: nothing is mixed.
Tensor training_loss(const Module& model, const Loss& loss, const Tensor& x, const Tensor& y,
                     const Tensor& share, ForwardContext& context);

}  // namespace hebb
