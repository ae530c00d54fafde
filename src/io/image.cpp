#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "hebb/error.hpp"
#include "io/image_codecs.hpp"

namespace hebb {

namespace io {

void check_extents(const ImageSource& source, std::int64_t width, std::int64_t height,
                   std::uint64_t most_fit) {
  if (width <= 0 || height <= 0) {
    throw FormatError(
        fmt::format("{}: an image of {} x {} pixels has no pixels", source.name, width, height));
  }
  if (width > source.most_pixels / height) {
    throw FormatError(fmt::format("{}: {} x {} pixels are more than the {} that are read", source.name, width,
                                  height, source.most_pixels));
  }
  if (static_cast<std::uint64_t>(width * height) > most_fit) {
    throw FormatError(
        fmt::format("{}: truncated: {} bytes cannot hold the {} x {} pixels the header promises", source.name,
                    source.bytes.size(), width, height));
  }
}

std::size_t image_bytes(const Image& image) {
  return static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width) *
         static_cast<std::size_t>(image.channels);
}

}  // namespace io

Image parse_image(std::span<const std::uint8_t> bytes, const std::string& name, std::int64_t most_pixels) {
  const io::ImageSource source{.bytes = bytes, .name = name, .most_pixels = most_pixels};
  const auto begins = [&](std::string_view magic) {
    return bytes.size() >= magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin(),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  };
  if (begins("\x89PNG")) return io::decode_png(source);
  if (begins("\xFF\xD8\xFF")) return io::decode_jpeg(source);
  for (const std::string_view magic : {"P2", "P3", "P5", "P6"}) {
    if (begins(magic)) return io::decode_pnm(source);
  }
  throw FormatError(
      fmt::format("{}: not an image that is read: it begins neither as PNG, JPEG, PGM nor PPM", name));
}

bool is_image_name(const std::string& path) {
  constexpr std::array<std::string_view, 5> kEndings = {".png", ".jpg", ".jpeg", ".pgm", ".ppm"};
  std::string ending = std::filesystem::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

Image read_image(const std::string& path, std::int64_t most_pixels) {
  return parse_image(read_file(path), path, most_pixels);
}

Image with_channels(const Image& image, int channels) {
  if (channels != 1 && channels != 3) {
    throw ShapeError(fmt::format("an image can be turned into 1 or 3 channels, not {}", channels));
  }
  if (image.height < 0 || image.width < 0 || image.channels < 1 || image.channels > 4 ||
      image.bytes.size() != io::image_bytes(image)) {
    throw ShapeError(fmt::format("an image of {} x {} pixels and {} channels cannot have {} bytes",
                                 image.height, image.width, image.channels, image.bytes.size()));
  }
  const auto from = static_cast<std::size_t>(image.channels);
  const auto to = static_cast<std::size_t>(channels);
  const std::size_t pixels = image.bytes.size() / from;
  Image result{.height = image.height, .width = image.width, .channels = channels, .bytes = {}};
  result.bytes.resize(pixels * to);
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint8_t* in = image.bytes.data() + i * from;
    std::uint8_t* out = result.bytes.data() + i * to;
    if (from >= 3 && to == 1) {
      out[0] = static_cast<std::uint8_t>((299 * in[0] + 587 * in[1] + 114 * in[2] + 500) / 1000);
    } else {
      for (std::size_t c = 0; c < to; ++c) out[c] = from >= 3 ? in[c] : in[0];
    }
  }
  return result;
}

void write_png(const std::string& path, const Image& image) {
  write_file_atomically(path, encode_png(image));
}

}  // namespace hebb
