/// Numbers of bfloat16, kept in floats.
#pragma once

#include <cstdint>

namespace hebb {

/// Rounds each number to bfloat16: to the nearest that has 8 significant bits, ties to even; NaN stays NaN.
void round_to_bf16(float* values, std::int64_t count);

}  // namespace hebb
