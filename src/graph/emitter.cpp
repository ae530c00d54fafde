#include "graph/emitter.hpp"

#include <bit>

namespace hebb {

Emitted Emitter::constant(double value) {
  for (const Constant& known : constants_) {
    if (std::bit_cast<std::uint64_t>(known.value) == std::bit_cast<std::uint64_t>(value)) return {known.id};
  }
  constants_.push_back({value, next_});
  return {next_++};
}

Emitted Emitter::load(std::int32_t slot) {
  for (const Load& known : loads_) {
    if (known.slot == slot) return {known.id};
  }
  loads_.push_back({slot, next_});
  return {next_++};
}

Emitted Emitter::push(ElementwiseCode code, Emitted a, Emitted b, Emitted c) {
  lines_.push_back({code, next_, {a.id, b.id, c.id}});
  return {next_++};
}

}  // namespace hebb
