#include "hebb/memory_store.hpp"

namespace hebb::memory {

std::span<const std::uint8_t> PatternSet::row(std::int64_t index) const {
  return std::span(bits).subspan(static_cast<std::size_t>(index * row_bytes()),
                                 static_cast<std::size_t>(row_bytes()));
}

std::vector<float> PatternSet::values(std::int64_t index, Units values_of) const {
  const float down = values_of == Units::plus_minus_one ? -1.0F : 0.0F;
  std::vector<float> result(static_cast<std::size_t>(units));
  for (std::int64_t i = 0; i < units; ++i) result[static_cast<std::size_t>(i)] = up(index, i) ? 1.0F : down;
  return result;
}

}  // namespace hebb::memory
