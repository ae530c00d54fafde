#include "cli/scene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/axis_ticks.hpp"
#include "cli/svg.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb::cli {

namespace {

constexpr double kScale = 2;  // pixels of the PNG for a unit
constexpr std::int64_t kLetters = 3;
constexpr std::int64_t kAscent = 7;  // of a letter of size 1
constexpr double kDash = 6;
constexpr double kGap = 4;

/// Draws on pixels with smooth edges: what a pixel gets is by its distance from the edge.
class Canvas {
 public:
  Canvas(double width, double height)
      : image_(blank(std::lround(width * kScale), std::lround(height * kScale))) {}

  void image(const Image& part, double x, double y, double width, double height) {
    const std::int64_t left = std::lround(x * kScale);
    const std::int64_t top = std::lround(y * kScale);
    const Image stretched = resized(part, static_cast<int>(std::lround(height * kScale)),
                                    static_cast<int>(std::lround(width * kScale)));
    paste(image_, stretched, left, top);
  }

  void line(const std::vector<PlanePoint>& points, const Stroke& stroke) {
    double walked = 0;
    for (std::size_t i = 1; i < points.size(); ++i) {
      const PlanePoint& a = points[i - 1];
      const PlanePoint& b = points[i];
      const double length = std::hypot(b.x - a.x, b.y - a.y);
      if (stroke.dashed) {
        dashes(a, b, {walked, length}, stroke);
      } else {
        segment(a, b, stroke);
      }
      walked += length;
    }
  }

  void disc(const PlanePoint& at, double radius, Color color) {
    paint(at.x - radius, at.y - radius, at.x + radius, at.y + radius, color,
          [&](double x, double y) { return radius - std::hypot(x - at.x, y - at.y); });
  }

  void words(const PlanePoint& at, const std::string& text, Anchor anchor, Color color) {
    const std::int64_t width = text_width(text, kLetters);
    const Image letters = text_line(text, {0, 0, 0}, kLetters);
    const std::int64_t shift = anchor == Anchor::start ? 0 : anchor == Anchor::middle ? width / 2 : width;
    const std::int64_t left = std::lround(at.x * kScale) - shift;
    const std::int64_t top = std::lround(at.y * kScale) - kAscent * kLetters;
    for (std::int64_t y = 0; y < letters.height; ++y) {
      for (std::int64_t x = 0; x < letters.width; ++x) {
        if (letters.bytes[static_cast<std::size_t>((y * letters.width + x) * 3)] < 128)
          blend(left + x, top + y, color, 1);
      }
    }
  }

  Image take() { return std::move(image_); }

 private:
  struct Stretch {
    double walked, length;
  };
  void dashes(const PlanePoint& a, const PlanePoint& b, const Stretch& stretch, const Stroke& stroke) {
    if (stretch.length == 0) return;
    const auto at = [&](double way) -> PlanePoint {
      const double share = (way - stretch.walked) / stretch.length;
      return {a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)};
    };
    const double end = stretch.walked + stretch.length;
    for (double dash = std::floor(stretch.walked / (kDash + kGap)) * (kDash + kGap); dash < end;
         dash += kDash + kGap) {
      const double from = std::max(dash, stretch.walked);
      const double to = std::min(dash + kDash, end);
      if (from < to) segment(at(from), at(to), stroke);
    }
  }

  void segment(const PlanePoint& a, const PlanePoint& b, const Stroke& stroke) {
    const double half = stroke.width / 2;
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double square = dx * dx + dy * dy;
    paint(std::min(a.x, b.x) - half, std::min(a.y, b.y) - half, std::max(a.x, b.x) + half,
          std::max(a.y, b.y) + half, stroke.color, [&](double x, double y) {
            const double share =
                square > 0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / square, 0.0, 1.0) : 0;
            return half - std::hypot(x - a.x - share * dx, y - a.y - share * dy);
          });
  }

  /// `inside` tells how far within the shape a point is, in units.
  template <class Inside>
  void paint(double left, double top, double right, double bottom, Color color, const Inside& inside) {
    const auto first = [](double v) {
      return static_cast<std::int64_t>(std::floor(std::max(v * kScale - 1, 0.0)));
    };
    const std::int64_t last_x =
        std::min<std::int64_t>(image_.width - 1, static_cast<std::int64_t>(std::ceil(right * kScale)) + 1);
    const std::int64_t last_y =
        std::min<std::int64_t>(image_.height - 1, static_cast<std::int64_t>(std::ceil(bottom * kScale)) + 1);
    for (std::int64_t y = first(top); y <= last_y; ++y) {
      for (std::int64_t x = first(left); x <= last_x; ++x) {
        const double depth =
            inside((static_cast<double>(x) + 0.5) / kScale, (static_cast<double>(y) + 0.5) / kScale);
        blend(x, y, color, std::clamp(depth * kScale + 0.5, 0.0, 1.0));
      }
    }
  }

  void blend(std::int64_t x, std::int64_t y, Color color, double share) {
    if (share <= 0 || x < 0 || y < 0 || x >= image_.width || y >= image_.height) return;
    std::uint8_t* to = image_.bytes.data() + (y * image_.width + x) * 3;
    const Color now = mixed({to[0], to[1], to[2]}, color, share);
    to[0] = now.red;
    to[1] = now.green;
    to[2] = now.blue;
  }

  Image image_;
};

}  // namespace

std::string css_text(Color color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue);
}

Color mixed(Color from, Color to, double share) {
  const auto part = [&](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + std::clamp(share, 0.0, 1.0) * (b - a)));
  };
  return {part(from.red, to.red), part(from.green, to.green), part(from.blue, to.blue)};
}

Color series_color(std::size_t number) {
  static constexpr std::array<Color, 10> kColors = {{{31, 95, 168},
                                                     {217, 95, 14},
                                                     {46, 125, 50},
                                                     {142, 68, 173},
                                                     {176, 124, 16},
                                                     {0, 131, 143},
                                                     {194, 24, 91},
                                                     {93, 64, 55},
                                                     {84, 110, 122},
                                                     {130, 150, 20}}};
  return kColors[number % kColors.size()];
}

std::string base64(std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8U | (i + k < bytes.size() ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k <= bytes.size() ? kDigits[group >> (18U - 6U * k) & 63U] : '=';
  }
  return text;
}

void Scene::image(const Image& image, double x, double y, double width, double height) {
  parts_.emplace_back(Picture{image, x, y, width, height});
}
void Scene::line(const std::vector<PlanePoint>& points, const Stroke& stroke) {
  parts_.emplace_back(Line{points, stroke});
}
void Scene::disc(const PlanePoint& at, double radius, Color fill, Color rim) {
  parts_.emplace_back(Disc{at, radius, fill, rim});
}
void Scene::cross(const PlanePoint& at, double radius, const Stroke& stroke) {
  line({{at.x - radius, at.y - radius}, {at.x + radius, at.y + radius}}, stroke);
  line({{at.x - radius, at.y + radius}, {at.x + radius, at.y - radius}}, stroke);
}
void Scene::text(const PlanePoint& at, const std::string& words, Anchor anchor, Color color) {
  parts_.emplace_back(Words{at, words, anchor, color});
}

namespace {

template <class... F>
struct Cases : F... {
  using F::operator()...;
};
template <class... F>
Cases(F...) -> Cases<F...>;

}  // namespace

std::string Scene::svg() const {
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 "
      "{0:.0f} {1:.0f}\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"{2}\"/>\n",
      width_, height_, css_text(kPaper));
  const Cases draw{
      [&](const Picture& p) {
        text += fmt::format(
            "<image x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
            "preserveAspectRatio=\"none\" "
            "xlink:href=\"data:image/png;base64,{}\"/>\n",
            p.x, p.y, p.width, p.height, base64(encode_png(p.image)));
      },
      [&](const Line& l) {
        text += fmt::format(
            "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{} points=\"",
            css_text(l.stroke.color), l.stroke.width,
            l.stroke.dashed ? fmt::format(" stroke-dasharray=\"{} {}\"", kDash, kGap) : "");
        for (const PlanePoint& p : l.points) text += fmt::format("{:.2f},{:.2f} ", p.x, p.y);
        text += "\"/>\n";
      },
      [&](const Disc& d) {
        text += fmt::format("<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"{}\" fill=\"{}\" stroke=\"{}\"/>\n",
                            d.at.x, d.at.y, d.radius, css_text(d.fill), css_text(d.rim));
      },
      [&](const Words& w) {
        static constexpr std::array<const char*, 3> kAnchors = {"start", "middle", "end"};
        text += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\">{}</text>\n",
                            w.at.x, w.at.y, kAnchors[static_cast<std::size_t>(w.anchor)], css_text(w.color),
                            xml_text(w.words));
      }};
  for (const auto& part : parts_) std::visit(draw, part);
  return text + "</svg>\n";
}

Image Scene::png() const {
  Canvas canvas(width_, height_);
  const Cases draw{[&](const Picture& p) { canvas.image(p.image, p.x, p.y, p.width, p.height); },
                   [&](const Line& l) { canvas.line(l.points, l.stroke); },
                   [&](const Disc& d) {
                     canvas.disc(d.at, d.radius + 0.5, d.rim);
                     canvas.disc(d.at, d.radius - 0.5, d.fill);
                   },
                   [&](const Words& w) { canvas.words(w.at, w.words, w.anchor, w.color); }};
  for (const auto& part : parts_) std::visit(draw, part);
  return canvas.take();
}

void require_picture_name(const std::string& path) {
  if (path.ends_with(".svg") || path.ends_with(".png")) return;
  throw ConfigError("expected a file that ends in .svg or .png, got " + in_quotes(path));
}

void Scene::write(const std::string& path) const {
  require_picture_name(path);
  if (path.ends_with(".png")) {
    write_png(path, png());
  } else {
    write_file_atomically(path, svg());
  }
}

std::vector<PlanePoint> Frame::places(const PlanePath& path) const {
  std::vector<PlanePoint> result;
  result.reserve(path.size());
  for (const PlanePoint& p : path) result.push_back(place(p));
  return result;
}

void Frame::draw_axes(Scene& scene, const std::string& x_name, const std::string& y_name) const {
  const double right = left + width;
  const double bottom = top + height;
  scene.line({{left, top}, {right, top}, {right, bottom}, {left, bottom}, {left, top}},
             {.color = kPaleInk, .width = 1});
  const Stroke tick{.color = kPaleInk, .width = 1};
  for (const double x : ticks_between(box.left, box.right)) {
    const double at = place({x, box.low}).x;
    scene.line({{at, bottom}, {at, bottom + 4}}, tick);
    scene.text({at, bottom + 18}, fmt::format("{:.4g}", x), Anchor::middle, kPaleInk);
  }
  for (const double y : ticks_between(box.low, box.high)) {
    const double at = place({box.left, y}).y;
    scene.line({{left - 4, at}, {left, at}}, tick);
    scene.text({left - 8, at + 4}, fmt::format("{:.4g}", y), Anchor::end, kPaleInk);
  }
  scene.text({left + width / 2, bottom + 36}, x_name, Anchor::middle);
  scene.text({left, top - 8}, y_name, Anchor::start);
}

Frame fitting_frame(const PlaneBox& box, double left, double top, double most_width, double most_height) {
  const double shape = (box.high - box.low) / (box.right - box.left);
  Frame frame{left, top, most_width, most_height, box};
  if (shape < 1.0 / 3 || shape > 3) return frame;
  frame.width = std::min(most_width, most_height / shape);
  frame.height = frame.width * shape;
  return frame;
}

}  // namespace hebb::cli
