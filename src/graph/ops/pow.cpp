#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_pow;
const Op op_pow = {
    .name = "pow",
    .arity = 2,
    .formula = "a to the power of b",
    .infer = pointwise_signature,
    .reference = pointwise_reference([](const Node&, auto a, auto b) { return std::pow(a, b); }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const Tensor& a = y.node().inputs[0];
      const Tensor& b = y.node().inputs[1];
      // d/da = b a^(b-1), which is 0 for b = 0 whatever a is; d/db = y log a, taken as 0 at a = 0 and below,
      // where the power is no function of a real b. The inner wheres keep infinities of the branch not taken
      // out of the product.
      const Tensor zero = equal(b, 0.0);
      const Tensor to_a = where(zero, 0.0, b * pow(a, where(zero, 1.0, b) - 1.0));
      const Tensor positive = less(0.0, a);
      const Tensor to_b = where(positive, y * log(where(positive, a, 1.0)), 0.0);
      return {g * to_a, g * to_b};
    },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.pow(x[0], x[1]); },
    .error = {.ulp = 2},
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return pow(s.uniform(shape, 0.3, 3.0), s.uniform(s.broadcastable(shape), -2.0, 2.0));
        },
};

Tensor pow(const Tensor& a, const Tensor& b) {
  if (stays_itself(a, b, 1.0)) return a;
  if (stays_itself(a, b, 2.0)) return mul(a, a);
  return apply_pointwise(op_pow, {a, b});
}

}  // namespace hebb
