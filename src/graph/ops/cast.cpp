#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_cast;
const Op op_cast = {
    .name = "cast",
    .formula = "x in another type",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      const std::int64_t type = attributes.integer("dtype");
      if (type != static_cast<std::int64_t>(DType::f32) && type != static_cast<std::int64_t>(DType::f64)) {
        throw ShapeError("expected a floating-point type to cast to");
      }
      return {inputs[0].shape(), static_cast<DType>(type)};
    },
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      const auto convert = [&](const auto* from) {
        std::transform(from, from + call.node.shape.elements(), call.out(),
                       [](auto x) { return static_cast<T>(x); });
      };
      switch (call.node.inputs[0].dtype()) {
        case DType::i32: convert(call.in_i32(0)); break;
        case DType::u8: convert(call.in_u8(0)); break;
        default: convert(call.in(0)); break;
      }
    }),
    .vjp = [](const Tensor& y, const Tensor& g) -> std::vector<Tensor> {
      const DType from = y.node().inputs[0].dtype();
      if (from != DType::f32 && from != DType::f64) return {Tensor()};
      return {cast(g, from)};
    },
    .sample =
        [](Sampler& s) {
          const Shape shape = s.shape();
          return s.chance() ? cast(s.integers(shape, -1000, 1000), DType::f32)
                            : cast(s.normal(shape), DType::f64);
        },
};

Tensor cast(const Tensor& x, DType type) {
  if (x.dtype() == type) return x;
  return apply(op_cast, {x}, {{"dtype", static_cast<std::int64_t>(type)}});
}

}  // namespace hebb
