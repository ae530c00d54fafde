#include <memory>

#include "graph/ops/convolution.hpp"

namespace hebb {

namespace {

Shape filter_of(const Attributes& attributes) { return Shape(attributes.list("filter")); }

}  // namespace

extern const Op op_conv2d_filter_gradient;
const Op op_conv2d_filter_gradient = {
    .name = "conv2d_filter_gradient",
    .arity = 2,
    .formula = "w[u, v, c, o] = sum over n, i, j of x[n, s i + u, s j + v, c] * y[n, i, j, o]",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      const DType type = require_float(inputs);
      const Shape filter = filter_of(attributes);
      const Shape output = conv2d_output(inputs[0].shape(), filter, attributes);
      if (output != inputs[1].shape())
        throw ShapeError("a filter " + to_string(filter) + " gives an output " + to_string(output));
      return {filter, type};
    },
    .reference = Reference([](const auto& call) {
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for_each_product(convolution_shape(call.shape(0), call.node.shape, call.node.attributes),
                       [&](std::int64_t image, std::int64_t filter, std::int64_t output) {
                         call.out()[filter] += call.in(0)[image] * call.in(1)[output];
                       });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& images = y.node().inputs[0];
      const Tensor& output = y.node().inputs[1];
      const ConvOptions options = conv_options(y.node().attributes);
      return {conv2d_image_gradient(output, g, images.shape(), options), conv2d(images, g, options)};
    },
    .block_kernel = [](const Node& node, const KernelSetting& setting) -> BlockKernel {
      const auto pass = std::make_shared<Convolution>(
          convolution_shape(node.inputs[0].shape(), node.shape, node.attributes), setting.precision);
      return [pass](const void* const* operands, const float* bias, void* result, const Epilogue& epilogue) {
        pass->filter_gradient(static_cast<const float*>(operands[0]), static_cast<const float*>(operands[1]),
                              bias, static_cast<float*>(result), epilogue);
      };
    },
    .adds_bias = true,
    .error = {.scale = ErrorBound::Scale::operands,
              .terms =
                  [](const Node& node) {
                    const Shape& output = node.inputs[1].shape();
                    return output[0] * output[1] * output[2];
                  }},
    .pads_with_zeros = true,
    .sample =
        [](Sampler& s) {
          const SampledConvolution drawn(s);
          return conv2d_filter_gradient(drawn.images, s.normal(drawn.output()), drawn.filter.shape(),
                                        drawn.options);
        },
};

Tensor conv2d_filter_gradient(const Tensor& images, const Tensor& gradient, const Shape& filter,
                              const ConvOptions& options) {
  std::vector<Attributes::Entry> entries = to_attributes(options).entries();
  entries.emplace_back("filter", filter.extents());
  return apply(op_conv2d_filter_gradient, {images, gradient}, Attributes(std::move(entries)));
}

}  // namespace hebb
