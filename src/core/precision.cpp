#include "hebb/precision.hpp"

#include <array>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb {

std::string_view to_string(Precision precision) { return precision == Precision::bf16 ? "bf16" : "f32"; }

Precision precision_named(std::string_view name) {
  static constexpr std::array<std::string_view, 2> kNames = {"f32", "bf16"};
  if (name == kNames[0]) return Precision::f32;
  if (name == kNames[1]) return Precision::bf16;
  throw ConfigError(unknown_name("precision", name, kNames));
}

}  // namespace hebb
