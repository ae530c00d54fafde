#include "graph/ops/pooling.hpp"

namespace hebb {

extern const Op op_avg_unpool;
const Op op_avg_unpool = {
    .name = "avg_unpool",
    .arity = 1,
    .formula = "x[n, s i + u, s j + v, c] = sum over windows of y[n, i, j, c] / pixels",
    .infer = unpool_signature,
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const PoolShape s = pool_shape(call.node.shape, call.node.attributes);
      std::fill_n(call.out(), call.node.shape.elements(), T{0});
      for_each_window(s, [&](const PoolShape::Window& window, std::int64_t output) {
        const T share = call.in(0)[output] / static_cast<T>(window.pixels());
        for_each_in_window(s, window, output, [&](std::int64_t at) { call.out()[at] += share; });
      });
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Node& node = y.node();
      return {avg_pool(g, pool_options(node.attributes))};
    },
    .block_kernel =
        [](const Node& node, const KernelSetting&) {
          return pool_kernel(Pooling::mean_transposed, node.shape, node);
        },
    .error = {.ulp = 4, .scale = ErrorBound::Scale::operands, .terms = window_pixels},
    .sample =
        [](Sampler& s) {
          const SampledPooling drawn(s);
          return avg_unpool(s.normal(drawn.output()), drawn.images, drawn.options);
        },
};

Tensor avg_unpool(const Tensor& outputs, const Shape& images, const PoolOptions& options) {
  std::vector<Attributes::Entry> entries = to_attributes(options).entries();
  entries.emplace_back("images", images.extents());
  return apply(op_avg_unpool, {outputs}, Attributes(std::move(entries)));
}

}  // namespace hebb
