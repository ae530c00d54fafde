// PGM and PPM: "P5", width, height, largest value, one space, the samples. See the manual pages pgm(5)
// and ppm(5) of Netpbm.
#include <fmt/format.h>

#include "io/image_codecs.hpp"

namespace hebb::io {

namespace {

class PnmReader {
 public:
  explicit PnmReader(const ImageSource& source) : source_(source) {}

  Image read();

 private:
  [[noreturn]] void fail(const std::string& what) const { fail_at(source_.name, at_, what); }
  bool at_end() const { return at_ >= source_.bytes.size(); }
  static bool is_space(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  void skip_space_and_comments();
  std::uint32_t number(const char* what, std::uint32_t most);
  void read_text(Image& image);
  void read_binary(Image& image);
  std::uint8_t scaled(std::uint32_t sample) const {
    return static_cast<std::uint8_t>((sample * 255u + largest_ / 2) / largest_);
  }

  const ImageSource& source_;
  std::size_t at_ = 0;
  std::uint32_t largest_ = 255;
};

void PnmReader::skip_space_and_comments() {
  while (!at_end()) {
    if (source_.bytes[at_] == '#') {
      while (!at_end() && source_.bytes[at_] != '\n' && source_.bytes[at_] != '\r') ++at_;
    } else if (is_space(source_.bytes[at_])) {
      ++at_;
    } else {
      return;
    }
  }
}

std::uint32_t PnmReader::number(const char* what, std::uint32_t most) {
  skip_space_and_comments();
  const std::size_t start = at_;
  std::uint64_t value = 0;
  while (!at_end() && source_.bytes[at_] >= '0' && source_.bytes[at_] <= '9') {
    value = value * 10 + (source_.bytes[at_++] - std::uint8_t{'0'});
    if (value > most) fail(fmt::format("{} exceeds {}", what, most));
  }
  if (at_ == start)
    fail(at_end() ? fmt::format("truncated: {} is missing", what) : fmt::format("{} is not a number", what));
  return static_cast<std::uint32_t>(value);
}

Image PnmReader::read() {
  constexpr std::uint32_t kMostExtent = 1u << 30;
  const char kind = static_cast<char>(source_.bytes[1]);
  at_ = 2;
  if (at_end() || (!is_space(source_.bytes[at_]) && source_.bytes[at_] != '#'))
    fail("expected a space behind the magic number");
  const std::uint32_t width = number("the width", kMostExtent);
  const std::uint32_t height = number("the height", kMostExtent);
  largest_ = number("the largest value", 65535);
  if (largest_ == 0) fail("the largest value must not be 0");
  const bool text = kind == '2' || kind == '3';
  const int channels = kind == '2' || kind == '5' ? 1 : 3;
  const std::uint64_t sample_bytes = (text || largest_ > 255) ? 2 : 1;  // a digit and a space at least
  const std::uint64_t rest = source_.bytes.size() - at_;
  check_extents(source_, width, height, (rest + 1) / (sample_bytes * static_cast<std::uint64_t>(channels)));
  Image image{.height = static_cast<int>(height),
              .width = static_cast<int>(width),
              .channels = channels,
              .bytes = {}};
  image.bytes.resize(image_bytes(image));
  text ? read_text(image) : read_binary(image);
  return image;
}

void PnmReader::read_text(Image& image) {
  for (std::uint8_t& byte : image.bytes) byte = scaled(number("a sample", largest_));
}

void PnmReader::read_binary(Image& image) {
  if (at_end()) fail("truncated: the samples are missing");
  if (!is_space(source_.bytes[at_])) fail("expected one space before the samples");
  ++at_;
  const std::size_t sample_bytes = largest_ > 255 ? 2 : 1;
  const std::size_t needed = image.bytes.size() * sample_bytes;
  if (source_.bytes.size() - at_ < needed) {
    fail(fmt::format("truncated: the samples take {} bytes, only {} remain", needed,
                     source_.bytes.size() - at_));
  }
  const std::uint8_t* in = source_.bytes.data() + at_;
  for (std::size_t i = 0; i < image.bytes.size(); ++i) {
    const std::uint32_t sample =
        sample_bytes == 1 ? in[i] : load<std::uint16_t>(in + 2 * i, std::endian::big);
    if (sample > largest_) {
      at_ += i * sample_bytes;
      fail(fmt::format("the sample {} exceeds the largest value {}", sample, largest_));
    }
    image.bytes[i] = scaled(sample);
  }
}

}  // namespace

Image decode_pnm(const ImageSource& source) { return PnmReader(source).read(); }

}  // namespace hebb::io
