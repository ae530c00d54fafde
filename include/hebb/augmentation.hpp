/// Random changes of training images, so that a network sees none of them twice.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hebb/shape.hpp"

namespace hebb {

class Dataset;  // data.hpp

/// Which changes, and how large. What is zero is not done; every draw is uniform in its range and independent
/// of the others. Lengths are in pixels, angles in degrees. What is moved in from outside the image has the
/// value of raw 0.
struct AugmentationOptions {
  double shift = 0;          ///< along either axis, by a real number in [-shift, shift]
  double rotate = 0;         ///< about the centre, by [-rotate, rotate]; at most 180
  double scale = 0;          ///< about the centre, times [1 - scale, 1 + scale]; below 1
  double shear = 0;          ///< horizontally, by an angle in [-shear, shear]; at most 80
  double elastic_alpha = 0;  ///< elastic distortion: what the smoothed displacements are multiplied with
  double elastic_sigma = 4;  ///< and the deviation of the Gaussian that smooths them; in (0, 64]
  double flip = 0;           ///< probability of a mirror image, left for right; at most 1
  std::int64_t crop = 0;     ///< pad so far on every side, and cut out the image's size anywhere
  std::int64_t cutout = 0;   ///< side of a square that is blanked, wherever its centre falls in the image
  double brightness = 0;     ///< raw values times [1 - brightness, 1 + brightness], not clipped; at most 1

  bool operator==(const AugmentationOptions&) const = default;
};

/// A choice of changes, as options or as text: "shift(2) rotate(10) scale(0.1) shear(5)
/// elastic(alpha=34, sigma=4) flip(0.5) crop(4) cutout(8) brightness(0.2)", any of them in any order. The
/// order does not matter: what moves pixels is composed into one bilinear resampling, then comes brightness,
/// then cutout.
///
/// Elastic distortion: Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied
/// to visual document analysis", ICDAR 2003, section 2: independent displacements in [-1, 1], smoothed by a
/// Gaussian, times alpha. Cutout: DeVries, Taylor, arXiv:1708.04552; the square becomes 0 as the network sees
/// it, the mean of images that are scaled to mean 0.
class Augmentation {
 public:
  /// Throws ConfigError for options out of their ranges.
  Augmentation(AugmentationOptions options = {});  // NOLINT: options may stand for it
  /// Reads the text above; empty text changes nothing. `flip` alone is flip(0.5), `elastic` is
  /// elastic(alpha=34, sigma=4). Throws ConfigError with the column and, for unknown names, the nearest.
  static Augmentation parse(std::string_view text);
  /// The text that `parse` reads back.
  std::string describe() const;

  bool empty() const;
  const AugmentationOptions& options() const { return options_; }

  bool operator==(const Augmentation&) const = default;

 private:
  AugmentationOptions options_;
};

/// The names that `parse` knows.
std::vector<std::string_view> augmentation_names();

/// What else decides how an image is changed.
struct AugmenterOptions {
  std::uint64_t seed = 0;
  float background = 0;  ///< what raw 0 looks like to the network: Dataset::background
};

/// Changes images of one shape. The result for an image is a pure function of the options, the image, its
/// index and the epoch: neither threads nor the batch it is in make a difference.
class Augmenter {
 public:
  /// Throws ConfigError unless `sample` is [height, width, channels].
  Augmenter(const Augmentation& augmentation, const Shape& sample, AugmenterOptions options = {});
  /// For what `data` gives out. Throws DataError where it has no one background.
  Augmenter(const Augmentation& augmentation, const Dataset& data, std::uint64_t seed);
  ~Augmenter();
  Augmenter(Augmenter&&) noexcept;
  Augmenter& operator=(Augmenter&&) noexcept;

  /// Changes `images` [n, height, width, channels], the samples `indices` [n] of a data set, in place, on all
  /// threads. Throws ShapeError when the two do not agree.
  void operator()(std::span<float> images, std::span<const std::int64_t> indices, std::uint64_t epoch) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hebb
