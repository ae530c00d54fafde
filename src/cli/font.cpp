#include "cli/font.hpp"

#include <algorithm>
#include <array>

namespace hebb::cli {

namespace {

constexpr std::size_t kPerBand = 16;
constexpr std::size_t kCell = 6;  // columns of a character, the empty one behind it included

/// The characters from '!' to '~', sixteen in a band.
constexpr std::array<std::array<std::string_view, kGlyphHeight>, 6> kBands = {{
    {"#     # #    # #    #   ##     ##   #       #   #                                       #  ### ",
     "#     # #    # #   #### ##  # #  #  #      #     #      #     #                         # #   #",
     "#     # #   ##### # #      #  # #   #     #       #   # # #   #                        #  #   #",
     "#            # #   ###    #    #          #       #    ###  #####       ####          #   #   #",
     "#           #####   # #  #    # # #       #       #   # # #   #                      #    #   #",
     "             # #  ####  #  ## #  #         #     #      #     #    #                #     #   #",
     "#            # #    #      ##  ## #         #   #                  #          #     #      ### ",
     "                                                                  #                            ",
     "                                                                                               "},
    {"  #    ###   ###     #  #####  ###  #####  ###   ###                 #        #      ###   ### ",
     " ##   #   # #   #   ##  #     #         # #   # #   #               #          #    #   # #   #",
     "  #       #     #  # #  ####  #        #  #   # #   # #      #     #    #####   #       # # ###",
     "  #      #    ##  #  #      # ####     #   ###   ####             #              #     #  # # #",
     "  #     #       # #####     # #   #   #   #   #     #              #    #####   #     #   # ###",
     "  #    #    #   #    #  #   # #   #   #   #   #     # #      #      #          #          #    ",
     " ###  #####  ###     #   ###   ###    #    ###   ###         #       #        #       #    ####",
     "                                                            #                                  ",
     "                                                                                               "},
    {" ###  ####   ###  ####  ##### #####  ###  #   # ###     ### #   # #     #   # #   #  ###  #### ",
     "#   # #   # #   # #   # #     #     #   # #   #  #       #  #  #  #     ## ## ##  # #   # #   #",
     "#   # #   # #     #   # #     #     #     #   #  #       #  # #   #     # # # ##  # #   # #   #",
     "##### ####  #     #   # ####  ####  # ### #####  #       #  ##    #     # # # # # # #   # #### ",
     "#   # #   # #     #   # #     #     #   # #   #  #       #  # #   #     #   # #  ## #   # #    ",
     "#   # #   # #   # #   # #     #     #   # #   #  #    #  #  #  #  #     #   # #  ## #   # #    ",
     "#   # ####   ###  ####  ##### #      ###  #   # ###    ##   #   # ##### #   # #   #  ###  #    ",
     "                                                                                               ",
     "                                                                                               "},
    {" ###  ####   #### ##### #   # #   # #   # #   # #   # ##### ###   #     ###     #         #    ",
     "#   # #   # #       #   #   # #   # #   # #   # #   #     # #     #       #    # #         #   ",
     "#   # #   # #       #   #   # #   # #   #  # #   # #     #  #      #      #   #   #            ",
     "#   # ####   ###    #   #   # #   # # # #   #     #     #   #       #     #                    ",
     "# # # # #       #   #   #   #  # #  # # #  # #    #    #    #        #    #                    ",
     "#  #  #  #      #   #   #   #  # #  ## ## #   #   #   #     #         #   #                    ",
     " ## # #   # ####    #    ###    #   #   # #   #   #   ##### ###       # ###                    ",
     "                                                                                    #####      ",
     "                                                                                               "},
    {"      #               #         ##        #     #       #   #     #                            ",
     "      #               #        #          #                 #     #                            ",
     " ###  ####   ###   ####  ###  ####   #### # ##  #       #   #  #  #     ## #  # ##   ###  #### ",
     "    # #   # #     #   # #   #  #    #   # ##  # #       #   # #   #     # # # ##  # #   # #   #",
     " #### #   # #     #   # #####  #    #   # #   # #       #   ##    #     # # # #   # #   # #   #",
     "#   # #   # #     #   # #      #    #   # #   # #       #   # #   #     # # # #   # #   # #   #",
     " #### ####   ###   ####  ###   #     #### #   # #       #   #  #   #    # # # #   #  ###  #### ",
     "                                        #             # #                                 #    ",
     "                                     ###               #                                  #    "},
    {"                   #                                          #   #     #                      ",
     "                   #                                         #    #      #                     ",
     " #### # ##   #### ####  #   # #   # #   # #   # #   # #####  #    #      #     #               ",
     "#   # ##    #      #    #   # #   # #   #  # #  #   #    #  #     #       #   # # #            ",
     "#   # #      ###   #    #   # #   # # # #   #   #   #   #    #    #      #       #             ",
     "#   # #         #  #    #  ##  # #  # # #  # #  #   #  #     #    #      #                     ",
     " #### #     ####    ##   ## #   #    # #  #   #  #### #####   #   #     #                      ",
     "    #                                               #             #                            ",
     "    #                                            ###                                           "},
}};

constexpr Glyph kSpace = {.columns = {}, .width = 3};

Glyph glyph_at(std::size_t index) {
  const auto& band = kBands.at(index / kPerBand);
  Glyph glyph = kSpace;
  glyph.width = 0;
  for (std::size_t x = 0; x + 1 < kCell; ++x) {
    for (std::size_t y = 0; y < kGlyphHeight; ++y) {
      if (band[y][index % kPerBand * kCell + x] != '#') continue;
      glyph.columns[x] |= static_cast<std::uint16_t>(1U << y);
      glyph.width = static_cast<std::uint8_t>(x + 1);
    }
  }
  return glyph;
}

}  // namespace

const Glyph& glyph_of(char character) {
  static const std::vector<Glyph> glyphs = [] {
    std::vector<Glyph> all;
    for (char c = '!'; c <= '~'; ++c) all.push_back(glyph_at(static_cast<std::size_t>(c - '!')));
    // Figures keep one width, so that columns of them stay in line.
    for (char c = '0'; c <= '9'; ++c) all[static_cast<std::size_t>(c - '!')].width = kCell - 1;
    return all;
  }();
  if (character == ' ') return kSpace;
  const bool known = character >= '!' && character <= '~';
  return glyphs[static_cast<std::size_t>((known ? character : '?') - '!')];
}

std::vector<const Glyph*> glyphs_of(std::string_view text) {
  std::vector<const Glyph*> glyphs;
  for (const char c : text) {
    const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;  // within a character of UTF-8
    if (!continues) glyphs.push_back(&glyph_of(c));
  }
  return glyphs;
}

}  // namespace hebb::cli
