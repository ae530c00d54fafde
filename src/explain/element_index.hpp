/// Elements of a tensor by their numbers and by their places.
#pragma once

#include <cstdint>
#include <vector>

#include "hebb/shape.hpp"

namespace hebb::explaining {

/// Where an element lies in a shape, and back.
std::vector<std::int64_t> index_of(std::int64_t element, const Shape& shape);
std::int64_t element_at(const std::vector<std::int64_t>& index, const Shape& shape);

}  // namespace hebb::explaining
