/// Sizes of parameters, and whether they fit in memory.
#pragma once

#include <cstdint>

#include "hebb/shape.hpp"

namespace hebb {

/// Throws ConfigError when the result exceeds 2^62.
std::int64_t checked_product(std::int64_t a, std::int64_t b);
std::int64_t checked_sum(std::int64_t a, std::int64_t b);

/// Throws ConfigError when so many parameters and their gradients exceed the machine's memory.
void require_memory(std::int64_t parameters);

/// The shape of one sample of a batch [batch, ...]. Throws ShapeError for a scalar.
Shape sample_shape(const Shape& batch);

}  // namespace hebb
