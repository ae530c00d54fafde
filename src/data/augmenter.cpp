/// The work of augmentation: what moves pixels becomes one map from where a pixel goes to where it comes
/// from, and one bilinear resampling.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "core/parallel.hpp"
#include "hebb/augmentation.hpp"
#include "hebb/data.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"
#include "kernels/bytes.hpp"
#include "kernels/resample.hpp"

namespace hebb {
namespace {

constexpr std::uint32_t kStream = std::uint32_t{0x4155} << 16;  // apart from other users of the seed
constexpr double kPi = 3.14159265358979323846;
/// Elements a task should work on.
constexpr std::int64_t kTaskElements = 1 << 12;
/// Places of pixels are floats: so many they can tell apart.
constexpr std::int64_t kMostPixels = 1 << 24;

/// The random numbers of one image in one epoch. Each change has places of its own, so that it does not
/// depend on which others are made. The image's index is in the counter's upper half, which streams that
/// begin at 0 (Random) never reach.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t epoch, std::uint64_t index)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        epoch_(static_cast<std::uint32_t>(epoch)),
        index_(index) {}

  std::array<std::uint32_t, 4> block(std::uint32_t number) const {
    return philox({number, static_cast<std::uint32_t>(index_), epoch_,
                   kStream | static_cast<std::uint32_t>(index_ >> 32)},
                  key_);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint32_t epoch_;
  std::uint64_t index_;
};

// What the blocks of an image's numbers are for.
constexpr std::uint32_t kPlace = 0;  // shift x, shift y, rotate, scale
constexpr std::uint32_t kForm = 1;   // shear, flip, crop x, crop y
constexpr std::uint32_t kLook = 2;   // brightness, cutout x, cutout y
constexpr std::uint32_t kNoise = 16;

/// In [-1, 1).
double symmetric(std::uint32_t bits) {
  return static_cast<double>(static_cast<std::int32_t>(bits)) * 0x1p-31;
}

/// In 0 .. bound - 1; the bias of at most bound / 2^32 does not matter here.
std::int64_t below(std::uint32_t bits, std::int64_t bound) {
  return static_cast<std::int64_t>((static_cast<std::uint64_t>(bits) * static_cast<std::uint64_t>(bound)) >>
                                   32);
}

/// Memory of the calling thread, kept from image to image.
template <class T>
T* scratch(std::int64_t count) {
  thread_local std::vector<T> buffer;
  if (buffer.size() < static_cast<std::size_t>(count)) buffer.resize(static_cast<std::size_t>(count));
  return buffer.data();
}

/// Half of a Gaussian that sums to 1, cut off at three deviations: the middle comes first.
std::vector<float> gaussian(double sigma) {
  std::vector<double> half(static_cast<std::size_t>(std::ceil(3 * sigma)) + 1);
  double sum = 0;
  for (std::size_t i = 0; i < half.size(); ++i) {
    half[i] = std::exp(-0.5 * std::pow(static_cast<double>(i) / sigma, 2));
    sum += i == 0 ? half[i] : 2 * half[i];
  }
  std::vector<float> result;
  for (const double value : half) result.push_back(static_cast<float>(value / sum));
  return result;
}

}  // namespace

struct Augmenter::State {
  AugmentationOptions change;
  AugmenterOptions options;
  ImageExtents extents;
  std::vector<float> kernel;  ///< half of the Gaussian; empty without elastic distortion
  bool moves = false;         ///< whether pixels move at all

  void apply(float* image, const Draws& draws) const;
  AffineMap map(const Draws& draws) const;
  void draw_displacements(const Draws& draws, float* noise) const;
  void move(float* image, const Draws& draws) const;
  void recolour(float* image, const std::array<std::uint32_t, 4>& bits) const;
};

Augmenter::Augmenter(const Augmentation& augmentation, const Shape& sample, AugmenterOptions options) {
  if (sample.rank() != 3) {
    throw ConfigError("augment: samples of shape " + to_string(sample) +
                      " are no images [height, width, channels]");
  }
  if (sample[0] > kMostPixels / std::max<std::int64_t>(1, sample[1])) {
    throw ConfigError("augment: images of shape " + to_string(sample) + " have more than " +
                      std::to_string(kMostPixels) + " pixels");
  }
  auto state = std::make_unique<State>();
  state->change = augmentation.options();
  state->options = options;
  state->extents = {sample[0], sample[1], sample[2]};
  const AugmentationOptions& c = state->change;
  state->moves = c.shift != 0 || c.rotate != 0 || c.scale != 0 || c.shear != 0 || c.elastic_alpha != 0 ||
                 c.flip != 0 || c.crop != 0;
  if (c.elastic_alpha != 0) state->kernel = gaussian(c.elastic_sigma);
  state_ = std::move(state);
}

Augmenter::Augmenter(const Augmentation& augmentation, const Dataset& data, std::uint64_t seed)
    : Augmenter(augmentation, data.input_shape(), {.seed = seed}) {
  state_->options.background = data.background();
}

Augmenter::~Augmenter() = default;
Augmenter::Augmenter(Augmenter&&) noexcept = default;
Augmenter& Augmenter::operator=(Augmenter&&) noexcept = default;

void Augmenter::operator()(std::span<float> images, std::span<const std::int64_t> indices,
                           std::uint64_t epoch) const {
  const std::int64_t elements = state_->extents.elements();
  const auto count = static_cast<std::int64_t>(indices.size());
  if (static_cast<std::int64_t>(images.size()) != count * elements) {
    throw ShapeError("augment: " + std::to_string(images.size()) + " values are not " +
                     std::to_string(count) + " images of " + std::to_string(elements));
  }
  const std::int64_t chunk = std::max<std::int64_t>(1, kTaskElements / std::max<std::int64_t>(1, elements));
  parallel_for((count + chunk - 1) / chunk, [&](std::int64_t task) {
    for (std::int64_t i = task * chunk; i < std::min(count, (task + 1) * chunk); ++i) {
      const auto index = static_cast<std::uint64_t>(indices[static_cast<std::size_t>(i)]);
      state_->apply(images.data() + i * elements, Draws(state_->options.seed, epoch, index));
    }
  });
}

void Augmenter::State::apply(float* image, const Draws& draws) const {
  if (moves) move(image, draws);
  if (change.brightness != 0 || change.cutout != 0) recolour(image, draws.block(kLook));
}

/// Forward, a point p (from the centre) goes to rotation * shear * scale * flip * p + shift; this is the way
/// back.
AffineMap Augmenter::State::map(const Draws& draws) const {
  const auto place = draws.block(kPlace);
  const auto form = draws.block(kForm);
  const double angle = symmetric(place[2]) * change.rotate * kPi / 180;
  const double shear = std::tan(symmetric(form[0]) * change.shear * kPi / 180);
  const double shrink = 1 / (1 + symmetric(place[3]) * change.scale);
  const bool flip = static_cast<double>(form[1]) * 0x1p-32 < change.flip;
  const double c = std::cos(angle);
  const double s = std::sin(angle);
  AffineMap map;
  map.xx = static_cast<float>(shrink * (c + shear * s) * (flip ? -1 : 1));
  map.xy = static_cast<float>(shrink * (s - shear * c) * (flip ? -1 : 1));
  map.yx = static_cast<float>(-shrink * s);
  map.yy = static_cast<float>(shrink * c);
  const std::int64_t places = 2 * change.crop + 1;
  map.shift_x = static_cast<float>(symmetric(place[0]) * change.shift +
                                   static_cast<double>(below(form[2], places) - change.crop));
  map.shift_y = static_cast<float>(symmetric(place[1]) * change.shift +
                                   static_cast<double>(below(form[3], places) - change.crop));
  return map;
}

/// Independent numbers in [-alpha, alpha], of 8 random bits each: smoothing makes sums of many of them.
void Augmenter::State::draw_displacements(const Draws& draws, float* noise) const {
  const std::int64_t count = 2 * extents.height * resample_width(extents);
  std::uint8_t* bytes = scratch<std::uint8_t>(count);
  for (std::int64_t i = 0; i < count; i += 16) {  // rows are a multiple of 16 long
    const auto words = draws.block(kNoise + static_cast<std::uint32_t>(i / 16));
    std::memcpy(bytes + i, words.data(), sizeof words);
  }
  constexpr float kMiddle = 127.5F;
  scale_bytes(bytes, noise, static_cast<std::size_t>(count), kMiddle,
              static_cast<float>(change.elastic_alpha) / kMiddle);
}

void Augmenter::State::move(float* image, const Draws& draws) const {
  const std::int64_t width = resample_width(extents);
  const std::int64_t pixels = extents.height * width;
  const std::int64_t frame = framed_floats(extents);
  const std::int64_t parts = 2 * width;
  const std::int64_t elastic = kernel.empty() ? 0 : 2 * pixels + smooth_floats(extents, kernel.size());
  float* framed = scratch<float>(frame + parts + elastic);
  ResampleInput input = {.framed = framed, .places = scratch<std::int32_t>(width), .parts = framed + frame};
  if (!kernel.empty()) {
    float* displacement = input.parts + parts;
    float* work = displacement + 2 * pixels;
    draw_displacements(draws, displacement);
    smooth(displacement, extents, kernel, work);
    smooth(displacement + pixels, extents, kernel, work);
    input.displacement = displacement;
  }
  put_frame(image, extents, options.background, framed);
  resample(input, extents, map(draws), image);
}

void Augmenter::State::recolour(float* image, const std::array<std::uint32_t, 4>& bits) const {
  if (change.brightness != 0) {
    const auto factor = static_cast<float>(1 + symmetric(bits[0]) * change.brightness);
    const float background = options.background;
    const auto elements = static_cast<std::size_t>(extents.elements());
    for (std::size_t i = 0; i < elements; ++i) image[i] = background + factor * (image[i] - background);
  }
  if (change.cutout == 0) return;
  const std::int64_t left = below(bits[1], extents.width) - change.cutout / 2;
  const std::int64_t top = below(bits[2], extents.height) - change.cutout / 2;
  const std::int64_t begin = std::max<std::int64_t>(0, left);
  const std::int64_t end = std::min(extents.width, left + change.cutout);
  for (std::int64_t y = std::max<std::int64_t>(0, top); y < std::min(extents.height, top + change.cutout);
       ++y) {
    float* row = image + y * extents.width * extents.channels;
    std::fill(row + begin * extents.channels, row + end * extents.channels, 0.F);
  }
}

}  // namespace hebb
