#include "graph/ops/pooling.hpp"

namespace hebb {

extern const Op op_unpool_to_largest;
const Op op_unpool_to_largest = {
    .name = "unpool_to_largest",
    .arity = 2,
    .formula = "x = y[n, i, j, c] at the places where z is largest in the window, else 0",
    .infer = unpool_signature,
    .reference = Reference([](const auto& call) {
      const PoolShape s = pool_shape(call.node.shape, call.node.attributes);
      std::fill_n(call.out(), call.node.shape.elements(), 0);
      for_each_window(s, [&](const PoolShape::Window& window, std::int64_t output) {
        call.out()[largest_in_window(s, window, output, call.in(1))] += call.in(0)[output];
      });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Node& node = y.node();
      return {pool_at_largest(g, node.inputs[1], pool_options(node.attributes)), {}};
    },
    .block_kernel =
        [](const Node& node, const KernelSetting&) {
          return pool_kernel(Pooling::largest_transposed, node.shape, node);
        },
    .error = {.scale = ErrorBound::Scale::one,  // the absolute values of `order` have another order
              .terms = window_pixels},
    .sample =
        [](Sampler& s) {
          const SampledPooling drawn(s);
          return unpool_to_largest(s.normal(drawn.output()), s.distinct(drawn.images), drawn.options);
        },
};

Tensor unpool_to_largest(const Tensor& outputs, const Tensor& order, const PoolOptions& options) {
  return apply(op_unpool_to_largest, {outputs, order}, to_attributes(options));
}

}  // namespace hebb
