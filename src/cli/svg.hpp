/// Drawings as SVG (Scalable Vector Graphics 1.1).
#pragma once

#include <string>
#include <string_view>

namespace hebb::cli {

/// Text as it may stand between tags and in attributes; what XML cannot hold becomes '?'.
std::string xml_text(std::string_view text);

/// The first `most` characters of UTF-8 text, the last one replaced by an ellipsis where there are more.
std::string first_characters(std::string_view text, std::size_t most);

}  // namespace hebb::cli
