/// What the three ops of a convolution share: each is linear in two of images, filter and output, and is the
/// gradient of the other two, so that derivatives of any order are made of these three.
#pragma once

#include "graph/ops/common.hpp"
#include "kernels/convolution.hpp"

namespace hebb {

/// The options as attributes, and back.
Attributes to_attributes(const ConvOptions& options);
ConvOptions conv_options(const Attributes& attributes);

/// The shape of the output. Throws ShapeError, saying what does not fit.
Shape conv2d_output(const Shape& images, const Shape& filter, const Attributes& attributes);
/// Extents for the kernels, of shapes that fit.
ConvolutionShape convolution_shape(const Shape& images, const Shape& filter, const Attributes& attributes);

/// Random images and filter that fit some options: with strides beyond the filter, padding beyond it, single
/// pixels and channels, groups down to one channel.
struct SampledConvolution {
  explicit SampledConvolution(Sampler& sampler);
  Shape output() const;

  Tensor images, filter;
  ConvOptions options;
};

}  // namespace hebb
