#include "cli/boundary_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/svg.hpp"

namespace hebb::cli {

namespace {

constexpr double kWidest = 560;
constexpr double kHighest = 460;
constexpr double kLeft = 64;
constexpr double kTop = 52;
constexpr double kRight = 24;
constexpr double kBottom = 96;
constexpr double kRow = 20;  // of the legend

/// What is unsure is nearly white.
Color region_color(std::int32_t label, double confidence, std::size_t classes) {
  const double least = 1 / static_cast<double>(std::max<std::size_t>(classes, 2));
  const double share = std::clamp((confidence - least) / (1 - least), 0.0, 1.0);
  return mixed(kPaper, series_color(static_cast<std::size_t>(label)), 0.06 + 0.42 * share);
}

std::size_t classes_of(const DecisionMap& map, const PlaneData& data) {
  std::int32_t most = 1;
  for (const std::int32_t label : map.classes) most = std::max(most, label);
  return std::max(static_cast<std::size_t>(most) + 1, data.class_names.size());
}

std::size_t cell_of(const DecisionMap& map, const PlanePoint& p) {
  const auto part = [](double share, std::int64_t count) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(share * static_cast<double>(count))),
                                    0, count - 1);
  };
  const std::int64_t column = part((p.x - map.box.left) / (map.box.right - map.box.left), map.columns);
  const std::int64_t row = part((p.y - map.box.low) / (map.box.high - map.box.low), map.rows);
  return static_cast<std::size_t>(row * map.columns + column);
}

bool inside(const PlaneBox& box, const PlanePoint& p) {
  return p.x >= box.left && p.x <= box.right && p.y >= box.low && p.y <= box.high;
}

void draw_points(Scene& scene, const Frame& frame, const PlaneData& data) {
  const double radius = data.points.size() > 600 ? 2.2 : data.points.size() > 60 ? 3.2 : 4.5;
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    if (inside(frame.box, data.points[i]))
      scene.disc(frame.place(data.points[i]), radius, series_color(static_cast<std::size_t>(data.labels[i])));
  }
}

/// Two rows: the classes, and what the lines are.
void draw_legend(Scene& scene, const DecisionMap& map, const PlaneData& data, double y) {
  constexpr double kLetter = 6.6;  // of a letter of this size, roughly
  double x = kLeft;
  for (std::size_t k = 0; k < data.class_names.size(); ++k) {
    const std::string& name = data.class_names[k];
    const double wide = 30 + kLetter * static_cast<double>(name.size());
    if (x + wide > kLeft + kWidest) break;
    scene.disc({x + 5, y - 4}, 4.5, series_color(k));
    scene.text({x + 15, y}, name);
    x += wide;
  }
  x = kLeft;
  if (!map.boundary.empty()) {
    scene.line({{x, y + kRow - 4}, {x + 24, y + kRow - 4}}, {.color = kInk, .width = 2});
    scene.text({x + 32, y + kRow}, map.linear ? "boundary, exact" : "boundary");
    x += 176;
  }
  if (map.margins.empty()) return;
  scene.line({{x, y + kRow - 4}, {x + 24, y + kRow - 4}}, {.color = kPaleInk, .width = 1.2, .dashed = true});
  scene.text({x + 32, y + kRow}, map.separated ? "margin of the nearest sample"
                                               : fmt::format("score {:.3g} from the boundary", map.margin));
}

// ---- characters ----

std::string escape(bool front, Color c, TerminalColor color) {
  if (color == TerminalColor::full)
    return fmt::format("\033[{};2;{};{};{}m", front ? 38 : 48, c.red, c.green, c.blue);
  const auto level = [](std::uint8_t v) { return (v * 5 + 127) / 255; };
  return fmt::format("\033[{};5;{}m", front ? 38 : 48,
                     16 + 36 * level(c.red) + 6 * level(c.green) + level(c.blue));
}

/// What stands in the cells: a color each, and where samples are.
struct Cells {
  std::vector<Color> colors;
  std::vector<int> sample;  ///< class of a sample there, -1 where there is none
};

bool at_boundary(const DecisionMap& map, std::int64_t row, std::int64_t column) {
  const auto label = [&](std::int64_t r, std::int64_t c) {
    return map.classes[static_cast<std::size_t>(r * map.columns + c)];
  };
  const std::int32_t own = label(row, column);
  return (column + 1 < map.columns && label(row, column + 1) != own) ||
         (row + 1 < map.rows && label(row + 1, column) != own);
}

Cells cells_of(const DecisionMap& map, const PlaneData& data) {
  constexpr Color kLine = {40, 42, 48};
  const std::size_t classes = classes_of(map, data);
  Cells cells;
  for (std::int64_t r = 0; r < map.rows; ++r) {
    for (std::int64_t c = 0; c < map.columns; ++c) {
      const auto i = static_cast<std::size_t>(r * map.columns + c);
      cells.colors.push_back(
          at_boundary(map, r, c) ? kLine : region_color(map.classes[i], double{map.confidence[i]}, classes));
    }
  }
  cells.sample.assign(map.classes.size(), -1);
  for (std::size_t i = 0; i < data.points.size(); ++i) {
    if (!inside(map.box, data.points[i])) continue;
    const std::size_t at = cell_of(map, data.points[i]);
    cells.sample[at] = data.labels[i];
    cells.colors[at] = mixed(series_color(static_cast<std::size_t>(data.labels[i])), kInk, 0.1);
  }
  return cells;
}

/// Half blocks: a character is two cells, one above the other.
std::string colored(const DecisionMap& map, const Cells& cells, TerminalColor color) {
  std::string text;
  for (std::int64_t r = map.rows - 1; r > 0; r -= 2) {
    std::string last;
    for (std::int64_t c = 0; c < map.columns; ++c) {
      const auto above = static_cast<std::size_t>(r * map.columns + c);
      const std::size_t below = above - static_cast<std::size_t>(map.columns);
      const std::string colors =
          escape(true, cells.colors[above], color) + escape(false, cells.colors[below], color);
      text += (colors == last ? "" : colors) + "▀";
      last = colors;
    }
    text += "\033[0m\n";
  }
  return text;
}

std::string plain(const DecisionMap& map, const Cells& cells, bool utf8) {
  static const std::vector<std::string> kShades = {" ", "░", "▒", "▓"};
  static const std::vector<std::string> kLetters = {" ", ".", ":", "+"};
  std::string text;
  for (std::int64_t r = map.rows - 1; r > 0; r -= 2) {
    for (std::int64_t c = 0; c < map.columns; ++c) {
      const auto above = static_cast<std::size_t>(r * map.columns + c);
      const std::size_t below = above - static_cast<std::size_t>(map.columns);
      const int sample = std::max(cells.sample[above], cells.sample[below]);
      if (sample >= 0) {
        text += sample < 10 ? std::to_string(sample)
                            : std::string(1, static_cast<char>('a' + (sample - 10) % 26));
      } else if (at_boundary(map, r, c) || at_boundary(map, r - 1, c)) {
        text += utf8 ? "█" : "#";
      } else {
        text += (utf8 ? kShades : kLetters)[static_cast<std::size_t>(map.classes[above]) % 4];
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace

Image region_image(const DecisionMap& map) {
  const std::size_t classes = classes_of(map, {});
  Image image = blank(map.columns, map.rows);
  for (std::int64_t r = 0; r < map.rows; ++r) {
    for (std::int64_t c = 0; c < map.columns; ++c) {
      const auto from = static_cast<std::size_t>(r * map.columns + c);
      std::uint8_t* to = image.bytes.data() + ((map.rows - 1 - r) * map.columns + c) * 3;
      const Color color = region_color(map.classes[from], double{map.confidence[from]}, classes);
      to[0] = color.red;
      to[1] = color.green;
      to[2] = color.blue;
    }
  }
  return image;
}

Scene boundary_scene(const DecisionMap& map, const PlaneData& data, const std::string& title) {
  Frame frame = fitting_frame(map.box, kLeft, kTop, kWidest, kHighest);
  frame.left += (kWidest - frame.width) / 2;
  Scene scene(kLeft + kWidest + kRight, kTop + frame.height + kBottom);
  scene.text({kLeft, 22}, first_characters(title, 84));
  scene.image(region_image(map), frame.left, frame.top, frame.width, frame.height);
  for (const PlanePath& path : map.margins)
    scene.line(frame.places(path), {.color = kPaleInk, .width = 1.2, .dashed = true});
  draw_points(scene, frame, data);
  for (const PlanePath& path : map.boundary) scene.line(frame.places(path), {.color = kInk, .width = 2});
  frame.draw_axes(scene, data.axes[0], data.axes[1]);
  draw_legend(scene, map, data, kTop + frame.height + 60);
  return scene;
}

BoundaryOptions text_grid(const PlaneBox& box, const BoundaryText& how) {
  const double shape = (box.high - box.low) / (box.right - box.left);
  const double columns = std::max(16, how.width);
  double rows = columns * std::clamp(shape, 1.0 / 3, 3.0);
  double wide = columns;
  const double most = 2.0 * std::max(6, how.height);
  if (rows > most) {
    wide = std::max(16.0, columns * most / rows);
    rows = most;
  }
  return {.box = box,
          .columns = static_cast<std::int64_t>(wide),
          .rows = 2 * std::max<std::int64_t>(2, std::lround(rows / 2))};
}

std::string boundary_text(const DecisionMap& map, const PlaneData& data, const BoundaryText& how) {
  const Cells cells = cells_of(map, data);
  const bool blocks = how.utf8 && how.color != TerminalColor::none;
  std::string text = blocks ? colored(map, cells, how.color) : plain(map, cells, how.utf8);
  const std::string left = fmt::format("{:.3g}", map.box.left);
  const std::string right = fmt::format("{:.3g}", map.box.right);
  const std::string name =
      fmt::format("{}, {} {:.3g} to {:.3g} upwards", data.axes[0], data.axes[1], map.box.low, map.box.high);
  const auto room = static_cast<std::size_t>(map.columns);
  std::string axis = left + "  " + name;
  if (axis.size() + right.size() + 2 <= room)
    axis += std::string(room - axis.size() - right.size(), ' ') + right;
  text += axis + "\n";
  for (std::size_t k = 0; k < data.class_names.size() && k < 20; ++k) {
    const std::string mark =
        blocks ? escape(true, series_color(k), how.color) + "█\033[0m" : std::to_string(k);
    text += mark + " " + data.class_names[k] +
            (k + 1 == std::min<std::size_t>(20, data.class_names.size()) ? "\n" : "   ");
  }
  return text;
}

std::string boundary_words(const DecisionMap& map, const PlaneData& data) {
  std::string text = fmt::format("{} of {} samples on the wrong side", map.errors, data.points.size());
  if (map.boundary.empty()) text += "; no boundary in this rectangle, it is one region";
  text += "\n";
  if (map.line) {
    text += fmt::format("the line {:.6g} {} {} {:.6g} {} {} {:.6g} = 0\n", map.line->weights[0], data.axes[0],
                        map.line->weights[1] < 0 ? "-" : "+", std::abs(map.line->weights[1]), data.axes[1],
                        map.line->bias < 0 ? "-" : "+", std::abs(map.line->bias));
  }
  if (map.separated) text += fmt::format("margin: the nearest sample has a score of {:.4g}", map.margin);
  if (map.distance) text += fmt::format(", at a distance of {:.4g}", *map.distance);
  return map.separated ? text + "\n" : text;
}

}  // namespace hebb::cli
