#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_neg;
const Op op_neg = {
    .name = "neg",
    .formula = "-x",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto x) { return -x; }),
    .vjp = [](const Tensor&, const Tensor& g) -> std::vector<Tensor> { return {neg(g)}; },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.neg(x[0]); },
    .sample = [](Sampler& s) { return neg(s.normal(s.shape())); },
};

Tensor neg(const Tensor& x) {
  if (x.node().op == &op_neg) return x.node().inputs[0];
  return apply_pointwise(op_neg, {x});
}

}  // namespace hebb
