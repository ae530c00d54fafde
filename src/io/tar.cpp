#include "io/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "hebb/error.hpp"
#include "io/inflate.hpp"

namespace hebb::io {
namespace {

constexpr std::size_t kBlock = 512;
using Block = std::array<std::uint8_t, kBlock>;

/// Text of a field, which ends with a zero or with the field.
std::string text_of(const Block& header, std::size_t begin, std::size_t length) {
  const char* from = reinterpret_cast<const char*>(header.data()) + begin;
  return {from, std::find(from, from + length, '\0')};
}

/// An octal number; spaces and zeros around it do not count.
std::uint64_t number_of(const Block& header, std::size_t begin, std::size_t length, const std::string& name) {
  std::string text = text_of(header, begin, length);
  std::erase(text, ' ');
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '7')
      throw FormatError(fmt::format("{}: the archive is damaged: a bad number", name));
    value = value * 8 + static_cast<std::uint64_t>(digit - '0');  // 12 digits at the most
  }
  return value;
}

/// The sum of the header's bytes, those of the checksum itself taken for spaces.
std::uint64_t checksum_of(const Block& header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? std::uint64_t{' '} : header[i];
  return sum;
}

class Archive {
 public:
  Archive(Bytes bytes, const std::string& name) : inflater_(bytes, name, Wrapping::gzip), name_(name) {}

  /// False at the end: a block of zeros, or no block any more.
  bool header(Block& block) {
    const std::size_t count = inflater_.read(block.data(), kBlock);
    if (count == 0) return false;
    if (count < kBlock) cut();
    if (std::any_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte != 0; })) return true;
    // What follows is padding; read, so that the stream's checksum is looked at.
    while (inflater_.read(block.data(), kBlock) > 0) {
    }
    return false;
  }
  void read(std::uint8_t* to, std::size_t count) {
    if (inflater_.read(to, count) != count) cut();
  }
  void skip(std::uint64_t count) {
    Block block;
    for (; count > 0; count -= std::min<std::uint64_t>(count, kBlock))
      read(block.data(), static_cast<std::size_t>(std::min<std::uint64_t>(count, kBlock)));
  }

 private:
  [[noreturn]] void cut() const { throw FormatError(fmt::format("{}: the archive is cut", name_)); }

  Inflater inflater_;
  const std::string& name_;
};

}  // namespace

void read_tar_gz(Bytes bytes, const std::string& name, const std::function<void(const TarMember&)>& visit) {
  Archive archive(bytes, name);
  Block header;
  while (archive.header(header)) {
    if (number_of(header, 148, 8, name) != checksum_of(header))
      throw FormatError(fmt::format("{}: the archive is damaged: a header's checksum is wrong", name));
    const std::uint64_t size = number_of(header, 124, 12, name);
    const std::uint64_t padding = (kBlock - size % kBlock) % kBlock;
    const std::string prefix = text_of(header, 257, 5) == "ustar" ? text_of(header, 345, 155) : "";
    const std::string path = (prefix.empty() ? "" : prefix + "/") + text_of(header, 0, 100);
    const char kind = static_cast<char>(header[156]);
    bool taken = false;
    if (kind == '0' || kind == '\0') {
      visit(TarMember(path, size, [&](std::uint8_t* to, std::size_t count) {
        archive.read(to, count);
        taken = true;
      }));
    }
    archive.skip((taken ? 0 : size) + padding);
  }
}

}  // namespace hebb::io
