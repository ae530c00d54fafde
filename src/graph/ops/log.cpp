#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_log;
const Op op_log = {
    .name = "log",
    .formula = "natural logarithm of x",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return std::log(x); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& x = y.node().inputs[0];
      return {g / x};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.log(x[0]); },
    .error = {.ulp = 4},
    .sample = [](Sampler& s) { return log(s.uniform(s.shape(), 0.2, 4.0)); },
};

Tensor log(const Tensor& x) { return apply_pointwise(op_log, {x}); }

}  // namespace hebb
