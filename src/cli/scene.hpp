/// Pictures made of lines, discs and words, as SVG and as PNG.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "cli/picture.hpp"
#include "hebb/boundary.hpp"

namespace hebb::cli {

/// "#1f5fa8", and as SVG and terminals write it.
std::string css_text(Color color);
/// A share of `to` in the place of so much of `from`.
Color mixed(Color from, Color to, double share);
/// The color of a class or a curve, by its number; they repeat after ten.
Color series_color(std::size_t number);

/// Bytes as text of letters, digits, + and / (RFC 4648).
std::string base64(std::span<const std::uint8_t> bytes);

/// How a line is drawn.
struct Stroke {
  Color color = kInk;
  double width = 1.5;
  bool dashed = false;
};

enum class Anchor : std::uint8_t { start, middle, end };

/// A picture in units of pixels, y downwards; what is added later lies above.
class Scene {
 public:
  Scene(double width, double height) : width_(width), height_(height) {}

  /// A picture stretched to a place.
  void image(const Image& image, double x, double y, double width, double height);
  void line(const std::vector<PlanePoint>& points, const Stroke& stroke);
  void disc(const PlanePoint& at, double radius, Color fill, Color rim = kPaper);
  /// A cross, for what is wrong.
  void cross(const PlanePoint& at, double radius, const Stroke& stroke);
  void text(const PlanePoint& at, const std::string& words, Anchor anchor = Anchor::start,
            Color color = kInk);

  double width() const { return width_; }
  double height() const { return height_; }
  std::string svg() const;
  /// Twice as large, with smooth edges.
  Image png() const;
  /// Writes the file that the name's end asks for, .svg or .png. Throws ConfigError for another end.
  void write(const std::string& path) const;

 private:
  struct Picture {
    Image image;
    double x, y, width, height;
  };
  struct Line {
    std::vector<PlanePoint> points;
    Stroke stroke;
  };
  struct Disc {
    PlanePoint at;
    double radius;
    Color fill, rim;
  };
  struct Words {
    PlanePoint at;
    std::string words;
    Anchor anchor;
    Color color;
  };
  std::vector<std::variant<Picture, Line, Disc, Words>> parts_;
  double width_;
  double height_;
};

/// Throws ConfigError unless a file's name ends in .svg or .png.
void require_picture_name(const std::string& path);

/// A rectangle of a scene that shows a rectangle of the plane, with axes.
struct Frame {
  double left, top, width, height;
  PlaneBox box;

  PlanePoint place(const PlanePoint& p) const {
    return {left + (p.x - box.left) / (box.right - box.left) * width,
            top + (box.high - p.y) / (box.high - box.low) * height};
  }
  std::vector<PlanePoint> places(const PlanePath& path) const;
  /// Frame, ticks and names.
  void draw_axes(Scene& scene, const std::string& x_name, const std::string& y_name) const;
};

/// A frame at most so wide and high, of the box's own proportions where these are between 1 to 3 and 3 to 1.
Frame fitting_frame(const PlaneBox& box, double left, double top, double most_width, double most_height);

}  // namespace hebb::cli
