/// The version of this library.
#pragma once

namespace hebb {

/// As in CMakeLists.txt.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace hebb
