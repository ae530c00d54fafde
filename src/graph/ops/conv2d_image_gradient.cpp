#include <memory>

#include "graph/ops/convolution.hpp"

namespace hebb {

namespace {

Shape images_of(const Attributes& attributes) { return Shape(attributes.list("images")); }

}  // namespace

extern const Op op_conv2d_image_gradient;
const Op op_conv2d_image_gradient = {
    .name = "conv2d_image_gradient",
    .arity = 2,
    .formula = "x[n, s i + u, s j + v, c] = sum over u, v, o of y[n, i, j, o] * w[u, v, c, o]",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      const DType type = require_float(inputs);
      const Shape images = images_of(attributes);
      const Shape output = conv2d_output(images, inputs[1].shape(), attributes);
      if (output != inputs[0].shape())
        throw ShapeError("images " + to_string(images) + " give an output " + to_string(output));
      return {images, type};
    },
    .reference = Reference([](const auto& call) {
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for_each_product(convolution_shape(call.node.shape, call.shape(1), call.node.attributes),
                       [&](std::int64_t image, std::int64_t filter, std::int64_t output) {
                         call.out()[image] += call.in(0)[output] * call.in(1)[filter];
                       });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& output = y.node().inputs[0];
      const Tensor& filter = y.node().inputs[1];
      const ConvOptions options = conv_options(y.node().attributes);
      return {conv2d(g, filter, options), conv2d_filter_gradient(g, output, filter.shape(), options)};
    },
    .block_kernel = [](const Node& node, const KernelSetting& setting) -> BlockKernel {
      const auto pass = std::make_shared<Convolution>(
          convolution_shape(node.shape, node.inputs[1].shape(), node.attributes), setting.precision);
      if (const float* filter = setting.constant(1)) pass->keep_filter_backward(filter);
      return [pass](const void* const* operands, const float* bias, void* result, const Epilogue& epilogue) {
        pass->image_gradient(static_cast<const float*>(operands[0]), static_cast<const float*>(operands[1]),
                             bias, static_cast<float*>(result), epilogue);
      };
    },
    .adds_bias = true,
    .error = {.scale = ErrorBound::Scale::operands,
              .terms =
                  [](const Node& node) {
                    const Shape& filter = node.inputs[1].shape();
                    return filter[0] * filter[1] * filter[3];
                  }},
    .pads_with_zeros = true,
    .sample =
        [](Sampler& s) {
          const SampledConvolution drawn(s);
          return conv2d_image_gradient(s.normal(drawn.output()), drawn.filter, drawn.images.shape(),
                                       drawn.options);
        },
};

Tensor conv2d_image_gradient(const Tensor& gradient, const Tensor& filter, const Shape& images,
                             const ConvOptions& options) {
  std::vector<Attributes::Entry> entries = to_attributes(options).entries();
  entries.emplace_back("images", images.extents());
  return apply(op_conv2d_image_gradient, {gradient, filter}, Attributes(std::move(entries)));
}

}  // namespace hebb
