#include "graph/ops/common.hpp"

namespace hebb {

extern const Op op_full;
const Op op_full = {
    .name = "full",
    .arity = 0,
    .formula = "value everywhere",
    .infer = [](std::span<const Tensor>, const Attributes& attributes) -> Signature {
      const std::int64_t type = attributes.integer("dtype");
      if (type != static_cast<std::int64_t>(DType::f32) && type != static_cast<std::int64_t>(DType::f64)) {
        throw ShapeError("expected a floating-point type");
      }
      return {Shape(attributes.list("shape")), static_cast<DType>(type)};
    },
    .reference = Reference([](const auto& call) {
      using T = typename std::decay_t<decltype(call)>::Scalar;
      std::fill_n(call.out(), call.node.shape.elements(), static_cast<T>(call.node.attributes.real("value")));
    }),
    .derivative = Derivative::none,
    .sample = [](Sampler& s) { return full(s.real(-2.0, 2.0), s.shape()); },
};

Tensor full(double value, const Shape& shape, DType type) {
  return apply(op_full, {},
               {{"value", value}, {"shape", shape.extents()}, {"dtype", static_cast<std::int64_t>(type)}});
}

}  // namespace hebb
