#include "kernels/bernoulli.hpp"

#include "core/parallel.hpp"
#include "graph/ops/common.hpp"
#include "hebb/random.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kTaskBlocks = 1024;

/// Of the 24 upper bits: below this, the element is kept.
std::uint32_t threshold_of(const Node& node) {
  return static_cast<std::uint32_t>(std::lround(node.attributes.real("keep") * 0x1p24));
}

/// Numbered by stream and the key's step, with the key's seed as Philox's key.
Bernoulli draws_of(const Node& node, const std::int32_t* key) {
  return {.key = {static_cast<std::uint32_t>(key[0]), 0xB5297A4DU},
          .stream = static_cast<std::uint32_t>(node.attributes.integer("stream")),
          .step = static_cast<std::uint32_t>(key[1]),
          .threshold = threshold_of(node)};
}

}  // namespace

extern const Op op_bernoulli;
const Op op_bernoulli = {
    .name = "bernoulli",
    .formula = "1 with probability keep, else 0",
    .infer = [](std::span<const Tensor> inputs, const Attributes& attributes) -> Signature {
      require_type(inputs[0], DType::i32);
      if (inputs[0].shape() != Shape{2}) throw ShapeError("expected a key of shape [2]: seed and step");
      const double keep = attributes.real("keep");
      if (!(keep >= 0.0 && keep <= 1.0))
        throw ShapeError("expected a probability, got " + std::to_string(keep));
      return {Shape(attributes.list("shape")), DType::f32};
    },
    .reference = Reference([](const auto& call) {
      const Bernoulli draws = draws_of(call.node, call.in_i32(0));
      for (std::int64_t i = 0; i < call.node.shape.elements(); ++i) {
        const auto block = static_cast<std::uint64_t>(i) / 4;
        const auto bits = philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                                  draws.stream, draws.step},
                                 draws.key);
        call.out()[i] = bits[static_cast<std::size_t>(i % 4)] >> 8 < draws.threshold ? 1 : 0;
      }
    }),
    .derivative = Derivative::none,
    .kernel = [](const Node& node) -> Kernel {
      return [&node, elements = node.shape.elements()](const void* const* operands, void* result) {
        const Bernoulli draws = draws_of(node, static_cast<const std::int32_t*>(operands[0]));
        const std::int64_t blocks = (elements + 3) / 4;
        parallel_for((blocks + kTaskBlocks - 1) / kTaskBlocks, [&](std::int64_t task) {
          draws.fill(task * kTaskBlocks, std::min(blocks, (task + 1) * kTaskBlocks), elements,
                     static_cast<float*>(result));
        });
      };
    },
    .sample =
        [](Sampler& s) {
          return bernoulli(s.integers({2}, 0, 1000), s.real(0.1, 0.9), s.shape(), s.integer(0, 5));
        },
};

Tensor bernoulli(const Tensor& key, double keep, const Shape& shape, std::int64_t stream) {
  return apply(op_bernoulli, {key}, {{"keep", keep}, {"shape", shape.extents()}, {"stream", stream}});
}

}  // namespace hebb
