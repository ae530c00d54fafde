#include "graph/ops/pooling.hpp"

namespace hebb {

extern const Op op_pool_at_largest;
const Op op_pool_at_largest = {
    .name = "pool_at_largest",
    .arity = 2,
    .formula = "y[n, i, j, c] = x at the place in the window where z is largest",
    .infer = pool_signature,
    .reference = Reference([](const auto& call) {
      const PoolShape s = pool_shape(call.shape(1), call.node.attributes);
      for_each_window(s, [&](const PoolShape::Window& window, std::int64_t output) {
        call.out()[output] = call.in(0)[largest_in_window(s, window, output, call.in(1))];
      });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Node& node = y.node();
      return {unpool_to_largest(g, node.inputs[1], pool_options(node.attributes)), {}};
    },
    .block_kernel =
        [](const Node& node, const KernelSetting&) {
          return pool_kernel(Pooling::at_largest, node.inputs[1].shape(), node);
        },
    .error = {.ulp = 0},
    .sample =
        [](Sampler& s) {
          const SampledPooling drawn(s);
          const Tensor order = s.distinct(drawn.images);
          return pool_at_largest(s.chance() ? order : s.normal(drawn.images), order, drawn.options);
        },
};

Tensor pool_at_largest(const Tensor& images, const Tensor& order, const PoolOptions& options) {
  return apply(op_pool_at_largest, {images, order}, to_attributes(options));
}

}  // namespace hebb
