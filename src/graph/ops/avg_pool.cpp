#include "graph/ops/pooling.hpp"

namespace hebb {

extern const Op op_avg_pool;
const Op op_avg_pool = {
    .name = "avg_pool",
    .arity = 1,
    .formula = "y[n, i, j, c] = mean over the window of x[n, s i + u, s j + v, c]",
    .infer = pool_signature,
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const PoolShape s = pool_shape(call.shape(0), call.node.attributes);
      for_each_window(s, [&](const PoolShape::Window& window, std::int64_t output) {
        T sum = 0;
        for_each_in_window(s, window, output, [&](std::int64_t at) { sum += call.in(0)[at]; });
        call.out()[output] = sum / static_cast<T>(window.pixels());
      });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Node& node = y.node();
      return {avg_unpool(g, node.inputs[0].shape(), pool_options(node.attributes))};
    },
    .block_kernel =
        [](const Node& node, const KernelSetting&) {
          return pool_kernel(Pooling::mean, node.inputs[0].shape(), node);
        },
    .error = {.ulp = 4, .scale = ErrorBound::Scale::operands, .terms = window_pixels},
    .sample =
        [](Sampler& s) {
          const SampledPooling drawn(s);
          return avg_pool(s.normal(drawn.images), drawn.options);
        },
};

Tensor avg_pool(const Tensor& images, const PoolOptions& options) {
  return apply(op_avg_pool, {images}, to_attributes(options));
}

}  // namespace hebb
