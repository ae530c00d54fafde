#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_less_equal;
const Op op_less_equal = {
    .name = "less_equal",
    .arity = 2,
    .formula = "1 where a <= b, else 0",
    .infer = comparison_signature,
    .reference = comparison_reference([](auto a, auto b) { return a <= b; }),
    .derivative = Derivative::zero,
    .vjp = [](const Tensor& y, const Tensor&) { return zero_gradients(y); },
    .emit = [](Emitter& e, const Node&, std::span<const Emitted> x) { return e.less_equal(x[0], x[1]); },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          // Few distinct values, so that equality occurs.
          if (s.chance())
            return less_equal(s.integers(shape, -2, 2), s.integers(s.broadcastable(shape), -2, 2));
          const Tensor a = s.normal(shape);
          return less_equal(a, where(s.integers_as_floats(shape, 0, 1), a, s.normal(shape)));
        },
};

Tensor less_equal(const Tensor& a, const Tensor& b) { return apply_pointwise(op_less_equal, {a, b}); }

}  // namespace hebb
