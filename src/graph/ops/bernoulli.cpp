#include "core/parallel.hpp"
#include "graph/ops/common.hpp"
#include "hebb/random.hpp"

namespace hebb {

namespace {

constexpr std::int64_t kTaskBlocks = 1024;

/// Elements 4 block .. 4 block + 3: one Philox call with the counter (block, stream, step) and the seed as
/// key.
template <class T>
void fill_block(const std::int32_t* key, std::int64_t stream, std::uint32_t threshold, std::int64_t block,
                std::int64_t elements, T* out) {
  const auto bits = philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                            static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(key[1])},
                           {static_cast<std::uint32_t>(key[0]), 0xB5297A4DU});
  const std::int64_t end = std::min(elements, 4 * block + 4);
  for (std::int64_t i = 4 * block; i < end; ++i) {
    out[i] = bits[static_cast<std::size_t>(i - 4 * block)] >> 8 < threshold ? T{1} : T{0};
  }
}

/// Of the 24 upper bits: below this, the element is kept.
std::uint32_t threshold_of(const Node& node) {
  return static_cast<std::uint32_t>(std::lround(node.attributes.real("keep") * 0x1p24));
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
      const std::int64_t elements = call.node.shape.elements();
      for (std::int64_t block = 0; 4 * block < elements; ++block) {
        fill_block(call.in_i32(0), call.node.attributes.integer("stream"), threshold_of(call.node), block,
                   elements, call.out());
      }
    }),
    .derivative = Derivative::none,
    .kernel = [](const Node& node) -> Kernel {
      return [elements = node.shape.elements(), stream = node.attributes.integer("stream"),
              threshold = threshold_of(node)](const void* const* operands, void* result) {
        const auto* key = static_cast<const std::int32_t*>(operands[0]);
        auto* out = static_cast<float*>(result);
        const std::int64_t blocks = (elements + 3) / 4;
        parallel_for((blocks + kTaskBlocks - 1) / kTaskBlocks, [&](std::int64_t task) {
          const std::int64_t end = std::min(blocks, (task + 1) * kTaskBlocks);
          for (std::int64_t block = task * kTaskBlocks; block < end; ++block) {
            fill_block(key, stream, threshold, block, elements, out);
          }
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
