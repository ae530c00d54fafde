/// The instruction set in use, and how fast it multiplies and adds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hebb {

/// Highway's name of it: "AVX3", "AVX2", "NEON", ... AMX, which is for bf16 alone, is not named here.
std::string isa_name();

/// Those that this processor has and there are kernels for, the best first.
std::vector<std::string> isas_found();

/// What products in bf16 are computed by: "AMX", "AVX512_BF16", or "f32 arithmetic" where there are no
/// instructions.
std::string bf16_products();

/// Multiplies and adds in registers, `rounds` times; returns the floating-point operations done. Timing it
/// gives the peak that everything else is measured against.
std::int64_t multiply_and_add(std::int64_t rounds);

}  // namespace hebb
