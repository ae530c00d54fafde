/// Looking inside a model: what its layers give, and what its outputs depend on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hebb/model.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

/// What a layer makes of its input.
struct LayerOutput {
  std::string name;         ///< "conv_1"
  std::string description;  ///< "conv(6, kernel=5)"
  Tensor value;             ///< [batch, output...]
};

/// The outputs of all layers, in their order, outside training, for inputs [batch, input...] as the model
/// takes them (scaled). One plan computes them all. Throws Error when the model is not built, ShapeError when
/// x does not fit.
std::vector<LayerOutput> layer_outputs(const Sequential& model, const Tensor& x);

/// How strongly an output depends on each element of its input: abs(d y[n, output] / d x), for every sample n
/// (Simonyan et al. 2014, section 3.1; they take the largest over an image's channels afterwards), with y the
/// model's outputs [batch, outputs] as they are, that is logits. [batch, input...], of x's shape. Throws
/// ShapeError when x does not fit and for an output that the model does not have.
Tensor saliency(const Module& model, const Tensor& x, std::int64_t output);

}  // namespace hebb
