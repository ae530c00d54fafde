// The IDX format: two zero bytes, a byte for the type, a byte for the number of axes, the extents as
// big-endian 32-bit integers, the elements big-endian. See http://yann.lecun.com/exdb/mnist/.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"
#include "io/inflate.hpp"

namespace hebb {

namespace {

using io::Bytes;

/// The plain content of a file, compressed or not.
class Content {
 public:
  Content(Bytes file, const std::string& name) : name_(name), plain_(file) {
    if (io::is_gzip(file)) inflater_.emplace(file, name, io::Wrapping::gzip);
  }

  std::uint64_t position() const { return position_; }
  /// No more bytes than these can follow.
  std::uint64_t most_remaining() const {
    return inflater_ ? io::most_inflated(plain_.size()) : plain_.size() - position_;
  }
  std::size_t read(std::uint8_t* to, std::size_t count) {
    const std::size_t got =
        inflater_ ? inflater_->read(to, count) : std::min(count, plain_.size() - position_);
    if (!inflater_ && got > 0) std::copy_n(plain_.data() + position_, got, to);
    position_ += got;
    return got;
  }
  void read_exactly(std::uint8_t* to, std::size_t count, const std::string& what) {
    const std::uint64_t start = position_;
    const std::size_t got = read(to, count);
    if (got < count)
      fail(start, fmt::format("truncated: {} takes {} bytes, only {} remain", what, count, got));
  }
  [[noreturn]] void fail(std::uint64_t byte, const std::string& what) const {
    io::fail_at(inflater_ ? name_ + " (decompressed)" : name_, byte, what);
  }
  /// The data must end here. Reading past them also makes zlib verify its checksum.
  void expect_end(const Shape& shape) {
    std::uint8_t extra = 0;
    const std::uint64_t end = position_;
    if (read(&extra, 1) > 0) {
      fail(end, fmt::format("data go on after the last element of shape {}", to_string(shape)));
    }
  }

 private:
  const std::string& name_;
  Bytes plain_;
  std::uint64_t position_ = 0;
  std::optional<io::Inflater> inflater_;
};

struct IdxHeader {
  std::uint8_t type = 0;
  std::size_t element_bytes = 0;
  Shape shape;
};

std::size_t element_bytes(std::uint8_t type) {
  switch (type) {
    case 0x08:
    case 0x09: return 1;
    case 0x0B: return 2;
    case 0x0C:
    case 0x0D: return 4;
    case 0x0E: return 8;
    default: return 0;
  }
}

IdxHeader read_header(Content& content, const std::string& name) {
  constexpr int kMostAxes = 8;
  std::array<std::uint8_t, 4> magic{};
  content.read_exactly(magic.data(), magic.size(), "the magic number of an IDX file");
  IdxHeader header{.type = magic[2], .element_bytes = element_bytes(magic[2]), .shape = {}};
  if (magic[0] != 0 || magic[1] != 0 || header.element_bytes == 0 || magic[3] == 0 || magic[3] > kMostAxes) {
    content.fail(0,
                 fmt::format("not an IDX file: it begins with {:02x} {:02x} {:02x} {:02x}, expected 00 00, "
                             "a type (08, 09, 0b, 0c, 0d or 0e) and 1 to {} axes",
                             magic[0], magic[1], magic[2], magic[3], kMostAxes));
  }
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < magic[3]; ++axis) {
    std::array<std::uint8_t, 4> bytes{};
    content.read_exactly(bytes.data(), bytes.size(), fmt::format("the extent of axis {}", axis));
    extents.push_back(io::load<std::uint32_t>(bytes.data(), std::endian::big));
  }
  header.shape = io::checked_shape(extents, name, 4);
  const std::uint64_t needed = static_cast<std::uint64_t>(header.shape.elements()) * header.element_bytes;
  if (needed > content.most_remaining()) {
    content.fail(content.position(),
                 fmt::format("truncated: the header promises shape {}, {} bytes, but at most {} follow",
                             to_string(header.shape), needed, content.most_remaining()));
  }
  return header;
}

std::string elements_of(const Shape& shape) { return fmt::format("the data of shape {}", to_string(shape)); }

/// Elements as wide in the file as in the tensor: read in place, then put in order.
template <class T, std::integral Word>
Tensor read_direct(Content& content, const IdxHeader& header, const std::string& name) {
  return io::make_tensor<T>(header.shape, name, [&](T* out) {
    const auto count = static_cast<std::size_t>(header.shape.elements());
    auto* bytes = reinterpret_cast<std::uint8_t*>(out);
    content.read_exactly(bytes, count * sizeof(T), elements_of(header.shape));
    if constexpr (sizeof(Word) > 1) {
      for (std::size_t i = 0; i < count; ++i) {
        const Word word = io::load<Word>(bytes + i * sizeof(Word), std::endian::big);
        std::memcpy(out + i, &word, sizeof word);
      }
    }
  });
}

/// Narrow integers become 32-bit ones.
template <std::integral Word>
Tensor read_widened(Content& content, const IdxHeader& header, const std::string& name) {
  return io::make_tensor<std::int32_t>(header.shape, name, [&](std::int32_t* out) {
    const auto count = static_cast<std::size_t>(header.shape.elements());
    // The words go to the far half of the tensor's own memory and are spread from its front; the
    // reader is never overtaken by the writer.
    auto* words = reinterpret_cast<std::uint8_t*>(out) + count * (sizeof(std::int32_t) - sizeof(Word));
    content.read_exactly(words, count * sizeof(Word), elements_of(header.shape));
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t value = io::load<Word>(words + i * sizeof(Word), std::endian::big);
      std::memcpy(out + i, &value, sizeof value);
    }
  });
}

Tensor read_elements(Content& content, const IdxHeader& header, const std::string& name) {
  switch (header.type) {
    case 0x08: return read_direct<std::uint8_t, std::uint8_t>(content, header, name);
    case 0x09: return read_widened<std::int8_t>(content, header, name);
    case 0x0B: return read_widened<std::int16_t>(content, header, name);
    case 0x0C: return read_direct<std::int32_t, std::uint32_t>(content, header, name);
    case 0x0D: return read_direct<float, std::uint32_t>(content, header, name);
    default: return read_direct<double, std::uint64_t>(content, header, name);
  }
}

}  // namespace

Tensor parse_idx(std::span<const std::uint8_t> bytes, const std::string& name) {
  Content content(bytes, name);
  const IdxHeader header = read_header(content, name);
  Tensor tensor = read_elements(content, header, name);
  content.expect_end(header.shape);
  return tensor;
}

Tensor read_idx(const std::string& path) { return parse_idx(read_file(path), path); }

}  // namespace hebb
