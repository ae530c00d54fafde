/// A bitmap font for text in pictures: the printable characters of ASCII.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hebb::cli {

/// Rows of a character: seven down to the line, two below it.
inline constexpr std::size_t kGlyphHeight = 9;

struct Glyph {
  std::array<std::uint16_t, 5> columns;  ///< bit y is set where row y has ink
  std::uint8_t width;                    ///< columns it takes, without the gap behind it
};

/// '?' for what is no printable character of ASCII.
const Glyph& glyph_of(char character);
/// The characters of UTF-8 text.
std::vector<const Glyph*> glyphs_of(std::string_view text);

}  // namespace hebb::cli
