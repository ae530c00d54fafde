#include "cli/svg.hpp"

#include "cli/terminal.hpp"
#include "io/utf8.hpp"

namespace hebb::cli {

std::string xml_text(std::string_view text) {
  std::string valid(text);
  for (std::size_t at = 0; (at = io::first_not_utf8(valid)) != std::string::npos;) valid[at] = '?';
  for (const std::string_view excluded : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (std::size_t at = 0; (at = valid.find(excluded)) != std::string::npos;) valid.replace(at, 3, "?");
  }
  std::string result;
  for (const char c : valid) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '\'': result += "&apos;"; break;
      case '"': result += "&quot;"; break;
      default: result += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return result;
}

std::string first_characters(std::string_view text, std::size_t most) {
  if (display_width(text) <= most) return std::string(text);
  std::size_t end = 0;
  for (std::size_t count = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
    if (begins && ++count == most) break;
  }
  return std::string(text.substr(0, end)) + "\u2026";
}

}  // namespace hebb::cli
