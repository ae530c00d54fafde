#include "cli/state_picture.hpp"

#include <algorithm>
#include <cmath>

#include "cli/picture.hpp"
#include "cli/plot.hpp"
#include "cli/terminal.hpp"
#include "hebb/pattern_files.hpp"

namespace hebb::cli {

namespace {

/// Of units that are no image: rows of a rectangle that is about twice as wide as high.
memory::Look as_rectangle(std::int64_t units) {
  const auto width = static_cast<std::int64_t>(std::ceil(std::sqrt(2 * static_cast<double>(units))));
  return {.kind = memory::Look::Kind::image, .height = (units + width - 1) / width, .width = width};
}

/// The look, or that of a rectangle where it is no image.
memory::Look as_image(const memory::Look& look, std::size_t units) {
  return look.kind == memory::Look::Kind::image ? look : as_rectangle(static_cast<std::int64_t>(units));
}

constexpr std::int64_t kCellSide = 112;
constexpr std::int64_t kWidestCaption = 204;

}  // namespace

Image image_of_state(std::span<const float> state, const memory::Look& look) {
  Image image{static_cast<int>(look.height), static_cast<int>(look.width), 1, {}};
  image.bytes.resize(static_cast<std::size_t>(look.height * look.width));
  for (std::size_t i = 0; i < state.size(); ++i) image.bytes[i] = (state[i] > 0) != look.inverted ? 255 : 0;
  return image;
}

std::string draw_state(std::span<const float> state, const memory::Look& look, int width) {
  if (look.kind == memory::Look::Kind::text) return " " + memory::text_of_state(state) + "\n";
  memory::Look shown = as_image(look, state.size());
  shown.inverted = false;  // ink is what is up
  Image image = image_of_state(state, shown);
  const int most = std::max(8, width - 2);
  if (image.width > most)
    image = resized(
        image, std::max(1, static_cast<int>(static_cast<std::int64_t>(image.height) * most / image.width)),
        most);
  const std::span<const std::uint8_t> pixels(image.bytes);
  return draw_images({pixels}, {""}, {.height = image.height, .width = image.width}, speaks_utf8());
}

Image state_cell(std::span<const float> state, const memory::Look& look,
                 const std::vector<std::string>& caption) {
  const Image gray = image_of_state(state, as_image(look, state.size()));
  Image image = blank(gray.width, gray.height);
  for (std::size_t i = 0; i < gray.bytes.size(); ++i)
    std::fill_n(image.bytes.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, gray.bytes[i]);
  const Image shown = resized_near(image, kCellSide);
  // A frame sets what is white apart from the paper.
  Image framed = blank(shown.width + 2, shown.height + 2, kPaleInk);
  paste(framed, shown, 1, 1);
  std::vector<Image> lines;
  for (const std::string& line : caption)
    lines.push_back(text_line(shortened(line, std::max<std::int64_t>(framed.width, kWidestCaption)),
                              lines.empty() ? kInk : kPaleInk));
  return lines.empty() ? framed : stacked({framed, stacked(lines, 2)}, 6);
}

}  // namespace hebb::cli
