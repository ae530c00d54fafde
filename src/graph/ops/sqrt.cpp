#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_sqrt;
const Op op_sqrt = {
    .name = "sqrt",
    .formula = "square root of x",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return std::sqrt(x); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> { return {g * (0.5 / y)}; },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.sqrt(x[0]); },
    .error = {.ulp = 2},
    .sample = [](Sampler& s) { return sqrt(s.uniform(s.shape(), 0.2, 4.0)); },
};

Tensor sqrt(const Tensor& x) { return apply_pointwise(op_sqrt, {x}); }

}  // namespace hebb
