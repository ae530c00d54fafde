/// Reading archives in the format of tar (POSIX.1-1988, "ustar"), compressed by gzip.
#pragma once

#include <functional>
#include <string>

#include "io/bytes.hpp"

namespace hebb::io {

/// A regular file of an archive, while the archive is being read.
class TarMember {
 public:
  using Read = std::function<void(std::uint8_t* to, std::size_t count)>;
  TarMember(std::string path, std::uint64_t size, Read read)
      : path_(std::move(path)), size_(size), read_(std::move(read)) {}

  /// As it is in the archive: "cifar-10-batches-bin/test_batch.bin".
  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  /// The content; to be called once, or not at all.
  void read(std::uint8_t* to) const { read_(to, static_cast<std::size_t>(size_)); }

 private:
  std::string path_;
  std::uint64_t size_;
  Read read_;
};

/// Calls `visit` for every regular file, in the archive's order; folders, links and the like are passed over.
/// Throws FormatError, naming the archive, when it is cut or damaged.
void read_tar_gz(Bytes archive, const std::string& name, const std::function<void(const TarMember&)>& visit);

}  // namespace hebb::io
