/// Checks that text is UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace hebb::io {

/// The place of the first byte that is no part of well-formed UTF-8 (The Unicode Standard 15.0, table
/// 3-7), or npos.
std::size_t first_not_utf8(std::string_view text);

}  // namespace hebb::io
