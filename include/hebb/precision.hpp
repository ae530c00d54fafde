/// How exactly products are computed.
#pragma once

#include <cstdint>
#include <string_view>

namespace hebb {

/// The precision of a plan's products, matrix products and convolutions: in f32, or of operands rounded to
/// bfloat16 (8 significant bits, to the nearest, ties to even), summed in f32. Convolutions by fewer products
/// round the sums of pixels and of filter elements that these multiply. All else is f32 in any case:
/// parameters, optimisers, reductions, element-wise operations.
enum class Precision : std::uint8_t { f32, bf16 };

/// "f32" or "bf16".
std::string_view to_string(Precision precision);
/// The precision of that name. Throws ConfigError for another, with the nearest.
Precision precision_named(std::string_view name);

}  // namespace hebb
