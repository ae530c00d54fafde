/// The decoders behind parse_image, one for each format.
#pragma once

#include <string>

#include "hebb/io.hpp"
#include "io/bytes.hpp"

namespace hebb::io {

struct ImageSource {
  Bytes bytes;
  const std::string& name;
  std::int64_t most_pixels;
};

Image decode_png(const ImageSource& source);
Image decode_jpeg(const ImageSource& source);
/// PGM and PPM, in text (P2, P3) and binary (P5, P6).
Image decode_pnm(const ImageSource& source);

/// Throws FormatError unless the extents are positive, within the limit and not more than `most_fit`
/// pixels, which is what the file can hold at best.
void check_extents(const ImageSource& source, std::int64_t width, std::int64_t height,
                   std::uint64_t most_fit);

/// Bytes that the extents ask for.
std::size_t image_bytes(const Image& image);

}  // namespace hebb::io
