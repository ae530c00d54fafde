#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_equal;
const Op op_equal = {
    .name = "equal",
    .arity = 2,
    .formula = "1 where a = b, else 0",
    .infer = comparison_signature,
    .reference = comparison_reference([](auto a, auto b) { return a == b; }),
    .derivative = Derivative::zero,
    .vjp = [](const Tensor& y, const Tensor&) { return zero_gradients(y); },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.equal(x[0], x[1]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          // Few distinct values, so that equality occurs.
          if (s.chance()) return equal(s.integers(shape, -2, 2), s.integers(s.broadcastable(shape), -2, 2));
          const Tensor a = s.normal(shape);
          return equal(a, where(s.integers_as_floats(shape, 0, 1), a, s.normal(shape)));
        },
};

Tensor equal(const Tensor& a, const Tensor& b) { return apply_pointwise(op_equal, {a, b}); }

}  // namespace hebb
