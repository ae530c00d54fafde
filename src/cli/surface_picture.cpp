#include "cli/surface_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/command.hpp"
#include "cli/svg.hpp"

namespace hebb::cli {

namespace {

constexpr double kSide = 520;
constexpr double kLeft = 64;
constexpr double kTop = 52;
constexpr double kRight = 24;
constexpr int kLevels = 14;

/// The losses of the grid that are finite, sorted: equal shares of them lie between the levels, so that a
/// narrow valley is seen as well as a steep slope.
std::vector<double> sorted_losses(const PlaneGrid& grid) {
  std::vector<double> losses;
  for (const double v : grid.values) {
    if (std::isfinite(v)) losses.push_back(v);
  }
  std::sort(losses.begin(), losses.end());
  return losses;
}

/// The share of the losses that are below one.
double share_below(const std::vector<double>& sorted, double loss) {
  const auto place = std::lower_bound(sorted.begin(), sorted.end(), loss) - sorted.begin();
  return static_cast<double>(place) / static_cast<double>(sorted.size());
}

Color loss_color(double share) {
  constexpr Color kHigh = {58, 82, 128};
  return mixed({250, 251, 253}, kHigh, 0.75 * share);
}

Image loss_image(const PlaneGrid& grid, const std::vector<double>& sorted) {
  constexpr Color kNone = {160, 160, 160};
  Image image = blank(grid.columns, grid.rows);
  for (std::int64_t r = 0; r < grid.rows; ++r) {
    for (std::int64_t c = 0; c < grid.columns; ++c) {
      const double loss = grid.values[static_cast<std::size_t>(r * grid.columns + c)];
      const Color color = std::isfinite(loss) ? loss_color(share_below(sorted, loss)) : kNone;
      std::uint8_t* to = image.bytes.data() + ((grid.rows - 1 - r) * grid.columns + c) * 3;
      to[0] = color.red;
      to[1] = color.green;
      to[2] = color.blue;
    }
  }
  return image;
}

/// The pieces of a way that are inside the box.
std::vector<PlanePath> inside_of(const std::vector<PlanePoint>& points, const PlaneBox& box) {
  const auto cut = [&](PlanePoint a, PlanePoint b) -> std::optional<std::pair<PlanePoint, PlanePoint>> {
    double from = 0;
    double to = 1;
    const auto limit = [&](double start, double step, double low, double high) {
      if (step == 0) return start >= low && start <= high;
      const double first = (low - start) / step;
      const double second = (high - start) / step;
      from = std::max(from, std::min(first, second));
      to = std::min(to, std::max(first, second));
      return from <= to;
    };
    if (!limit(a.x, b.x - a.x, box.left, box.right) || !limit(a.y, b.y - a.y, box.low, box.high)) return {};
    const auto at = [&](double share) {
      return PlanePoint{a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)};
    };
    return std::pair{at(from), at(to)};
  };
  std::vector<PlanePath> pieces;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (const auto piece = cut(points[i - 1], points[i])) pieces.push_back({piece->first, piece->second});
  }
  return pieces;
}

bool within(const PlaneBox& box, const PlanePoint& p) {
  return p.x >= box.left && p.x <= box.right && p.y >= box.low && p.y <= box.high;
}

std::string path_words(const DescentPath& path) {
  return fmt::format("{}, rate {:.3g}: loss {:.4g} after {} steps{}", path.name, path.learning_rate,
                     path.losses.empty() ? std::numeric_limits<double>::quiet_NaN() : path.losses.back(),
                     path.points.empty() ? 0 : path.points.size() - 1, path.diverged ? ", diverged" : "");
}

Color path_color(std::size_t number) { return series_color(number + 1); }

}  // namespace

Scene surface_scene(const LossSurface& surface, const std::string& title) {
  constexpr double kRow = 20;
  const std::vector<double> sorted = sorted_losses(surface.loss);
  const Frame frame = {kLeft, kTop, kSide, kSide, surface.loss.box};
  Scene scene(kLeft + kSide + kRight,
              kTop + kSide + 68 + kRow * static_cast<double>(surface.paths.size() + 2));
  scene.text({kLeft, 22}, first_characters(title, 78));
  scene.image(loss_image(surface.loss, sorted), frame.left, frame.top, frame.width, frame.height);
  for (int k = 1; k < kLevels; ++k) {
    const double level = sorted[sorted.size() * static_cast<std::size_t>(k) / kLevels];
    for (const PlanePath& path : contour(surface.loss, level))
      scene.line(frame.places(path), {.color = {120, 136, 164}, .width = 0.8});
  }
  for (std::size_t k = 0; k < surface.paths.size(); ++k) {
    const DescentPath& path = surface.paths[k];
    for (const PlanePath& piece : inside_of(path.points, frame.box))
      scene.line(frame.places(piece), {.color = path_color(k), .width = 2});
    for (const PlanePoint& p : path.points) {
      if (within(frame.box, p)) scene.disc(frame.place(p), 2.2, path_color(k), path_color(k));
    }
    if (!path.points.empty() && within(frame.box, path.points.back()))
      scene.disc(frame.place(path.points.back()), 5, path_color(k));
  }
  if (!surface.paths.empty() && !surface.paths[0].points.empty() &&
      within(frame.box, surface.paths[0].points[0]))
    scene.disc(frame.place(surface.paths[0].points[0]), 5, kInk);
  scene.cross(frame.place(surface.model), 5, {.color = kInk, .width = 2});
  frame.draw_axes(scene, surface.axes[0], surface.axes[1]);
  double y = kTop + kSide + 60;
  scene.text({kLeft, y}, fmt::format("loss {:.4g} (light) to {:.4g} (dark)", sorted.front(), sorted.back()));
  y += kRow;
  scene.text({kLeft, y},
             fmt::format("black disc: the start; cross: the model, loss {:.4g}", surface.model_loss));
  for (std::size_t k = 0; k < surface.paths.size(); ++k) {
    y += kRow;
    scene.line({{kLeft, y - 4}, {kLeft + 24, y - 4}}, {.color = path_color(k), .width = 2.5});
    scene.text({kLeft + 32, y}, path_words(surface.paths[k]));
  }
  return scene;
}

std::string surface_text(const LossSurface& surface, int width, int height) {
  static constexpr std::string_view kShades = " .:-=+*%@#";
  const PlaneGrid& grid = surface.loss;
  const std::vector<double> sorted = sorted_losses(grid);
  const int columns = std::max(16, std::min(width, 2 * height));
  const int rows = std::max(8, columns / 2);
  std::vector<std::string> lines(static_cast<std::size_t>(rows),
                                 std::string(static_cast<std::size_t>(columns), ' '));
  const auto nearest = [](int i, int count, std::int64_t of) {
    return std::min<std::int64_t>(of - 1,
                                  static_cast<std::int64_t>((i + 0.5) / count * static_cast<double>(of)));
  };
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      const std::int64_t row = nearest(rows - 1 - r, rows, grid.rows);
      const double loss =
          grid.values[static_cast<std::size_t>(row * grid.columns + nearest(c, columns, grid.columns))];
      const auto shade =
          std::isfinite(loss) ? static_cast<std::size_t>(share_below(sorted, loss) * 9.999) : 9U;
      lines[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)] = kShades[shade];
    }
  }
  const auto mark = [&](const PlanePoint& p, char sign) {
    if (!within(grid.box, p)) return;
    const auto part = [](double share, int count) {
      return static_cast<std::size_t>(std::min<double>(count - 1, share * count));
    };
    lines[part((grid.box.high - p.y) / (grid.box.high - grid.box.low), rows)]
         [part((p.x - grid.box.left) / (grid.box.right - grid.box.left), columns)] = sign;
  };
  for (const DescentPath& path : surface.paths) {
    for (const PlanePoint& p : path.points) mark(p, static_cast<char>(std::toupper(path.name[0])));
  }
  mark(surface.model, 'x');
  if (!surface.paths.empty() && !surface.paths[0].points.empty()) mark(surface.paths[0].points[0], 'o');
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text +
         fmt::format("{} {:.3g} to {:.3g}, {} {:.3g} to {:.3g} upwards\n", surface.axes[0], grid.box.left,
                     grid.box.right, surface.axes[1], grid.box.low, grid.box.high) +
         fmt::format("loss {:.4g} (light) to {:.4g} (dark); o the start, x the model\n", sorted.front(),
                     sorted.back());
}

std::string surface_words(const LossSurface& surface) {
  std::vector<std::vector<std::string>> rows = {{"", "rate", "steps", "loss at the start", "at the end", ""}};
  for (const DescentPath& path : surface.paths) {
    const bool none = path.losses.empty();
    rows.push_back({path.name, fmt::format("{:.4g}", path.learning_rate),
                    none ? "0" : std::to_string(path.losses.size() - 1),
                    none ? "" : fmt::format("{:.5g}", path.losses.front()),
                    none ? "" : fmt::format("{:.5g}", path.losses.back()), path.diverged ? "diverged" : ""});
  }
  return table(rows);
}

Scene softening_scene(std::span<const SoftStep> steps, std::span<const double> x,
                      const std::string& function) {
  constexpr double kHigh = 220;
  constexpr double kGap = 66;
  const double bottom = function == "tanh" ? -1 : 0;
  double steepest = 0;
  for (const SoftStep& step : steps)
    steepest = std::max(steepest, *std::max_element(step.slope.begin(), step.slope.end()));
  const Frame outputs = {kLeft, kTop, kSide, kHigh, {x.front(), x.back(), bottom - 0.1, 1.1}};
  const Frame slopes = {
      kLeft, kTop + kHigh + kGap, kSide, kHigh, {x.front(), x.back(), -0.05 * steepest, 1.05 * steepest}};
  Scene scene(kLeft + kSide + kRight, kTop + 2 * kHigh + kGap + 68);
  scene.text({kLeft, 22}, "One neuron: a step made soft, " + function + "(k x)");
  double at = kLeft;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const SoftStep& step = steps[i];
    const bool hard = std::isinf(step.steepness);
    const Stroke stroke = {.color = hard ? kInk : series_color(i), .width = 2, .dashed = hard};
    PlanePath above;
    PlanePath below;
    for (std::size_t k = 0; k < x.size(); ++k) {
      above.push_back({x[k], step.output[k]});
      below.push_back({x[k], step.slope[k]});
    }
    scene.line(outputs.places(above), stroke);
    scene.line(slopes.places(below), stroke);
    const double y = kTop + 2 * kHigh + kGap + 58;
    scene.line({{at, y - 4}, {at + 20, y - 4}}, stroke);
    const std::string words = hard ? "step" : fmt::format("k = {:.3g}", step.steepness);
    scene.text({at + 26, y}, words);
    at += 44 + 7.5 * static_cast<double>(words.size());
  }
  outputs.draw_axes(scene, "", "output");
  slopes.draw_axes(scene, "x", "slope of the output, what training has to go by");
  return scene;
}

}  // namespace hebb::cli
