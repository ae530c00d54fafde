#include <memory>

#include "graph/ops/convolution.hpp"

namespace hebb {

extern const Op op_conv2d;
const Op op_conv2d = {
    .name = "conv2d",
    .arity = 2,
    .formula = "y[n, i, j, o] = sum over u, v, c of x[n, s i + u, s j + v, c] * w[u, v, c, o]",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      const DType type = require_float(inputs);
      return {conv2d_output(inputs[0].shape(), inputs[1].shape(), attributes), type};
    },
    .reference = Reference([](const auto& call) {
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for_each_product(convolution_shape(call.shape(0), call.shape(1), call.node.attributes),
                       [&](std::int64_t image, std::int64_t filter, std::int64_t output) {
                         call.out()[output] += call.in(0)[image] * call.in(1)[filter];
                       });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& images = y.node().inputs[0];
      const Tensor& filter = y.node().inputs[1];
      const ConvOptions options = conv_options(y.node().attributes);
      return {conv2d_image_gradient(g, filter, images.shape(), options),
              conv2d_filter_gradient(images, g, filter.shape(), options)};
    },
    .block_kernel = [](const Node& node, const KernelSetting& setting) -> BlockKernel {
      const auto pass = std::make_shared<Convolution>(
          convolution_shape(node.inputs[0].shape(), node.inputs[1].shape(), node.attributes),
          setting.precision);
      if (const float* filter = setting.constant(1)) pass->keep_filter_forward(filter);
      return [pass](const void* const* operands, const float* bias, void* result, const Epilogue& epilogue) {
        pass->forward(static_cast<const float*>(operands[0]), static_cast<const float*>(operands[1]), bias,
                      static_cast<float*>(result), epilogue);
      };
    },
    .adds_bias = true,
    .error = {.scale = ErrorBound::Scale::operands,
              .terms =
                  [](const Node& node) {
                    const Shape& filter = node.inputs[1].shape();
                    return filter[0] * filter[1] * filter[2];
                  }},
    .pads_with_zeros = true,
    .sample =
        [](Sampler& s) {
          const SampledConvolution drawn(s);
          return conv2d(drawn.images, drawn.filter, drawn.options);
        },
};

Tensor conv2d(const Tensor& images, const Tensor& filter, const ConvOptions& options) {
  return apply(op_conv2d, {images, filter}, to_attributes(options));
}

}  // namespace hebb
