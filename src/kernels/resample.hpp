/// Moving the pixels of an image of floats, and smoothing a field of floats; memory is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hebb {

/// Extents of an image [height, width, channels].
struct ImageExtents {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;

  std::int64_t elements() const { return height * width * channels; }
};

/// From a pixel of the result to where it comes from, both measured from the image's centre:
/// (x, y) comes from (xx (x - shift_x) + xy (y - shift_y), yx (x - shift_x) + yy (y - shift_y)).
struct AffineMap {
  float xx = 1, xy = 0, yx = 0, yy = 1;
  float shift_x = 0, shift_y = 0;  ///< pixels
};

/// Elements of an image with a frame around it: one pixel before and two behind, on either axis.
constexpr std::int64_t framed_width(const ImageExtents& extents) { return extents.width + 3; }
std::int64_t framed_floats(const ImageExtents& extents);
/// Copies an image into the middle of `framed`, and `background` around it.
void put_frame(const float* image, const ImageExtents& extents, float background, float* framed);

/// Rows of what belongs to pixels are so long: whole registers of any machine.
constexpr std::int64_t resample_width(const ImageExtents& extents) { return (extents.width + 15) / 16 * 16; }

/// What `resample` reads, and its working memory. Rows are `resample_width` long.
struct ResampleInput {
  const float* framed = nullptr;        ///< see put_frame
  const float* displacement = nullptr;  ///< [2, height, row], x then y, in pixels, added to where a pixel
                                        ///< comes from; may be null
  std::int32_t* places = nullptr;       ///< [row]
  float* parts = nullptr;               ///< [2, row]
};
/// Bilinear interpolation: `result` [height, width, channels]. Where whole pixels move by whole pixels, they
/// are copied exactly. Beyond the image there is the frame's colour.
void resample(const ResampleInput& input, const ImageExtents& extents, const AffineMap& map, float* result);

/// Elements of working memory that `smooth` needs.
std::int64_t smooth_floats(const ImageExtents& extents, std::size_t half);
/// Convolves `field` [height, resample_width] in place with a symmetric kernel along either axis, given by
/// its half, the middle first. Around the field [height, width] there are zeros.
void smooth(float* field, const ImageExtents& extents, std::span<const float> half, float* work);

}  // namespace hebb
