/// Decompression of deflate streams, a piece at a time.
#pragma once

#include <memory>
#include <string>

#include "io/bytes.hpp"

struct z_stream_s;

namespace hebb::io {

/// Deflate cannot compress better than 1032 to 1 (a match of 258 bytes in two bits; zlib's technical
/// notes, "Maximum Compression Factor"). Whoever promises more is not believed.
inline constexpr std::uint64_t kMostInflation = 1032;

/// The most bytes that `compressed` bytes of deflate can become.
constexpr std::uint64_t most_inflated(std::uint64_t compressed) {
  return compressed > ~std::uint64_t{0} / kMostInflation ? ~std::uint64_t{0} : compressed * kMostInflation;
}

enum class Wrapping : std::uint8_t { gzip, raw };

class Inflater {
 public:
  /// `compressed` lies at byte `offset` of the file `name` (for messages). A gzip stream may have
  /// several members and zero bytes behind it.
  Inflater(Bytes compressed, const std::string& name, Wrapping wrapping, std::uint64_t offset = 0);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Writes the next `count` bytes to `to`; fewer only where the data end. Throws FormatError with the
  /// position in the file when the stream is cut or damaged.
  std::size_t read(std::uint8_t* to, std::size_t count);

 private:
  bool advance();
  void end_of_member();
  std::uint64_t position() const;

  Bytes compressed_;
  std::string name_;
  Wrapping wrapping_;
  std::uint64_t offset_;
  std::unique_ptr<z_stream_s> stream_;
  bool ended_ = false;
};

/// Whether the bytes begin as gzip does.
inline bool is_gzip(Bytes bytes) { return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b; }

}  // namespace hebb::io
