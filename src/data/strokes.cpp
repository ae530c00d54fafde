#include "data/strokes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/parallel.hpp"
#include "data/glyphs.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "io/bytes.hpp"

namespace hebb {
namespace {

constexpr int kSide = static_cast<int>(kStrokesSide);
constexpr std::size_t kPixels = static_cast<std::size_t>(kStrokesSide * kStrokesSide);
constexpr std::uint64_t kStream = std::uint64_t{0x5374}
                                  << 48;  // apart from the streams of other users of the seed
constexpr float kTwoPi = 6.2831853F;

/// Writing habits; every number is what distortion 1 means. Chosen so that a linear model cannot tell the
/// digits apart well (slant, tilt, size and style mix the classes pixel by pixel) while a person, and a
/// small network, can.
constexpr float kHeight = 18.5F;      ///< pixels
constexpr float kScaleSpread = .09F;  ///< deviation of the logarithm of width and height
constexpr float kTilt = .12F;         ///< deviation of the rotation, radians
constexpr float kSlant = .2F;         ///< deviation of the shear
constexpr float kShift = 1.4F;        ///< deviation of the position, pixels
constexpr float kJitter = .021F;      ///< deviation of each pen point, as a share of the height
constexpr float kElastic = .022F;     ///< deviation of the amplitude of each wave, as a share of the height
constexpr int kWaves = 3;

struct Vec {
  float x = 0;
  float y = 0;
};

/// A smooth random displacement of the plane: a few long waves. (The elastic deformation of Simard,
/// Steinkraus, Platt, ICDAR 2003, smooths a random field instead; waves cost less and can be evaluated at
/// the pen points alone.)
class Elastic {
 public:
  Elastic(Random& random, float amplitude) {
    for (Wave& wave : waves_) {
      wave.direction = {amplitude * random.normal(), amplitude * random.normal()};
      wave.frequency = {random.uniform(-5.5F, 5.5F), random.uniform(-5.5F, 5.5F)};
      wave.phase = random.uniform(0, kTwoPi);
    }
  }

  Vec operator()(Vec p) const {
    Vec moved = p;
    for (const Wave& wave : waves_) {
      const float s = std::sin(wave.frequency.x * p.x + wave.frequency.y * p.y + wave.phase);
      moved.x += wave.direction.x * s;
      moved.y += wave.direction.y * s;
    }
    return moved;
  }

 private:
  struct Wave {
    Vec direction, frequency;
    float phase = 0;
  };
  std::array<Wave, kWaves> waves_;
};

/// Takes digit coordinates (height 1, centred) to pixels.
struct Affine {
  float xx = 1, xy = 0, yx = 0, yy = 1;
  Vec shift;

  Affine(Random& random, float distortion) {
    const float wide = kHeight * std::exp(distortion * kScaleSpread * random.normal());
    const float high = kHeight * std::exp(distortion * kScaleSpread * random.normal());
    const float tilt = distortion * kTilt * random.normal();
    const float slant = distortion * kSlant * random.normal();
    const float c = std::cos(tilt);
    const float s = std::sin(tilt);
    // rotation * shear * scale
    xx = c * wide;
    xy = (-c * slant - s) * high;
    yx = s * wide;
    yy = (-s * slant + c) * high;
    shift.x = distortion * kShift * random.normal();
    shift.y = distortion * kShift * random.normal();
  }

  Vec operator()(Vec p) const { return {xx * p.x + xy * p.y + shift.x, yx * p.x + yy * p.y + shift.y}; }
};

/// The ink: the greatest coverage any piece of a stroke gives a pixel.
class Canvas {
 public:
  /// A line of the given half-width, with one pixel of soft edge.
  void line(Vec a, Vec b, float radius) {
    const float reach = radius + 1;
    const int left = clamp(std::floor(std::min(a.x, b.x) - reach));
    const int right = clamp(std::ceil(std::max(a.x, b.x) + reach));
    const int top = clamp(std::floor(std::min(a.y, b.y) - reach));
    const int bottom = clamp(std::ceil(std::max(a.y, b.y) + reach));
    const Vec d = {b.x - a.x, b.y - a.y};
    const float squared = d.x * d.x + d.y * d.y;
    const float inverse = squared > 0 ? 1 / squared : 0;
    for (int y = top; y <= bottom; ++y) {
      for (int x = left; x <= right; ++x) {
        const Vec p = {static_cast<float>(x) - a.x, static_cast<float>(y) - a.y};
        const float along = std::clamp((p.x * d.x + p.y * d.y) * inverse, 0.F, 1.F);
        const float dx = p.x - along * d.x;
        const float dy = p.y - along * d.y;
        const float coverage = std::clamp(radius + .5F - std::sqrt(dx * dx + dy * dy), 0.F, 1.F);
        float& pixel = ink_[static_cast<std::size_t>(y * kSide + x)];
        pixel = std::max(pixel, coverage);
      }
    }
  }

  void write(Random& random, float strength, float noise, std::span<std::uint8_t, kPixels> pixels) const {
    for (std::size_t i = 0; i < kPixels; ++i) {
      float value = strength * ink_[i];
      if (noise > 0) value += noise * rough_normal(random.bits());
      pixels[i] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.F, 1.F)));
    }
  }

 private:
  static int clamp(float v) { return static_cast<int>(std::clamp(v, 0.F, static_cast<float>(kSide - 1))); }

  /// The sum of four uniform bytes, brought to mean 0 and deviation 1: normal enough for grain, and ten
  /// times as fast as a logarithm and a cosine a pixel.
  static float rough_normal(std::uint32_t bits) {
    const std::uint32_t sum = (bits & 255U) + ((bits >> 8) & 255U) + ((bits >> 16) & 255U) + (bits >> 24);
    return (static_cast<float>(sum) - 510.F) * (1 / 147.8005F);  // deviation: sqrt(4 (256^2 - 1) / 12)
  }

  std::array<float, kPixels> ink_{};
};

/// A digit as this hand writes it this time.
class Hand {
 public:
  Hand(const StrokesOptions& options, std::uint64_t index)
      : random_(options.seed, kStream | index), distortion_(static_cast<float>(options.distortion)) {}

  void draw(std::int32_t digit, float noise, std::span<std::uint8_t, kPixels> pixels) {
    const std::vector<Glyph>& variants = glyphs_of(digit);
    const Glyph& glyph = variants[random_.below(static_cast<std::uint32_t>(variants.size()))];
    const Affine affine(random_, distortion_);
    const Elastic elastic(random_, distortion_ * kElastic);
    const float radius = .8F + .8F * random_.uniform();
    const float strength = 1 - .25F * distortion_ * random_.uniform();
    Canvas canvas;
    for (const PenStroke& stroke : glyph.strokes)
      pull(canvas, sketch(stroke, glyph.width), elastic, affine, radius);
    canvas.write(random_, std::max(strength, .3F), noise, pixels);
  }

 private:
  /// The points of a stroke, unsteady, in coordinates centred on the digit.
  PenStroke sketch(const PenStroke& stroke, float width) {
    PenStroke points = stroke;
    for (PenPoint& point : points) {
      point.x = (point.x - .5F) * width + distortion_ * kJitter * random_.normal();
      point.y = (point.y - .5F) + distortion_ * kJitter * random_.normal();
    }
    return points;
  }

  /// Draws the Catmull-Rom spline through the points (one-sided tangents at ends and corners).
  void pull(Canvas& canvas, const PenStroke& points, const Elastic& elastic, const Affine& affine,
            float radius) {
    constexpr int kSteps = 6;
    const float pressure = distortion_ * .18F * random_.normal();  // the line swells or thins as it goes
    const auto pieces = static_cast<float>((points.size() - 1) * kSteps);
    Vec from = place({points[0].x, points[0].y}, elastic, affine);
    float done = 0;
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
      const Vec out = tangent(points, i, i + 1);
      const Vec in = tangent(points, i + 1, i);
      for (int step = 1; step <= kSteps; ++step) {
        const float t = static_cast<float>(step) / kSteps;
        const Vec to = place(hermite(points[i], out, points[i + 1], in, t), elastic, affine);
        canvas.line(from, to, std::max(.35F, radius * (1 + pressure * (2 * ++done / pieces - 1))));
        from = to;
      }
    }
  }

  static Vec tangent(const PenStroke& points, std::size_t at, std::size_t other) {
    const bool one_sided = at == 0 || at + 1 == points.size() || points[at].corner;
    if (!one_sided) {
      return {(points[at + 1].x - points[at - 1].x) / 2, (points[at + 1].y - points[at - 1].y) / 2};
    }
    const PenPoint& a = points[std::min(at, other)];
    const PenPoint& b = points[std::max(at, other)];
    return {b.x - a.x, b.y - a.y};
  }

  static Vec hermite(const PenPoint& p, Vec out, const PenPoint& q, Vec in, float t) {
    const float u = 1 - t;
    const float h00 = (1 + 2 * t) * u * u;
    const float h10 = t * u * u;
    const float h01 = t * t * (3 - 2 * t);
    const float h11 = -t * t * u;
    return {h00 * p.x + h10 * out.x + h01 * q.x + h11 * in.x,
            h00 * p.y + h10 * out.y + h01 * q.y + h11 * in.y};
  }

  static Vec place(Vec p, const Elastic& elastic, const Affine& affine) {
    constexpr float kCentre = (kSide - 1) / 2.F;
    const Vec moved = affine(elastic(p));
    return {moved.x + kCentre, moved.y + kCentre};
  }

  Random random_;
  float distortion_;
};

void check(const StrokesOptions& options) {
  if (!(options.noise >= 0 && options.noise <= 1)) {
    throw ConfigError("strokes: noise must be between 0 and 1, got " + std::to_string(options.noise));
  }
  if (!(options.distortion >= 0 && options.distortion <= 4)) {
    throw ConfigError("strokes: distortion must be between 0 and 4, got " +
                      std::to_string(options.distortion));
  }
}

}  // namespace

std::int32_t draw_digit(const StrokesOptions& options, std::uint64_t index,
                        std::span<std::uint8_t, kPixels> pixels) {
  check(options);
  const auto digit = static_cast<std::int32_t>(index % 10);
  Hand(options, index).draw(digit, static_cast<float>(options.noise), pixels);
  return digit;
}

std::shared_ptr<const Dataset> make_strokes(const StrokesOptions& options, std::uint64_t first,
                                            std::int64_t count) {
  check(options);
  constexpr std::int64_t kChunk = 64;
  io::check_memory(static_cast<std::uint64_t>(count) * kPixels, "strokes");
  glyphs_of(0);  // made before the threads need it
  const Tensor labels = Tensor::make<std::int32_t>({count}, [&](std::int32_t* to) {
    for (std::int64_t i = 0; i < count; ++i) {
      to[i] = static_cast<std::int32_t>((first + static_cast<std::uint64_t>(i)) % 10);
    }
  });
  const Tensor images =
      Tensor::make<std::uint8_t>({count, kStrokesSide, kStrokesSide, 1}, [&](std::uint8_t* to) {
        parallel_for((count + kChunk - 1) / kChunk, [&](std::int64_t chunk) {
          const std::int64_t end = std::min(count, (chunk + 1) * kChunk);
          for (std::int64_t i = chunk * kChunk; i < end; ++i) {
            const std::span<std::uint8_t, kPixels> pixels(to + static_cast<std::size_t>(i) * kPixels,
                                                          kPixels);
            draw_digit(options, first + static_cast<std::uint64_t>(i), pixels);
          }
        });
      });
  return std::make_shared<ArrayDataset>(ArrayData{.inputs = images, .targets = labels, .classes = 10});
}

}  // namespace hebb
