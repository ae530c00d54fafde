/// A file opened for reading.
#pragma once

#include <cstdint>
#include <string>

namespace hebb::io {

class InputFile {
 public:
  /// Throws FormatError when the path is missing, unreadable or a directory.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  /// Whether it is a regular file, so that `size` and `read_at` may be used.
  bool regular() const { return regular_; }
  std::uint64_t size() const { return size_; }
  /// Exactly `count` bytes from `offset`; FormatError when the file ends before.
  void read_at(std::uint64_t offset, std::uint8_t* to, std::size_t count) const;
  /// The next bytes, at most `count`; 0 at the end.
  std::size_t read_some(std::uint8_t* to, std::size_t count) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  bool regular_ = false;
  std::uint64_t size_ = 0;
};

}  // namespace hebb::io
