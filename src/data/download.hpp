/// One transfer of one file.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace hebb {

/// A file that is being received: NAME.part beside what it will become. It belongs to one process at a
/// time; all functions throw FormatError when the disk does not play along.
class PartFile {
 public:
  /// Opens what an earlier attempt left, or an empty file. Throws FormatError also when another process
  /// receives the same file.
  explicit PartFile(const std::string& final_path);
  /// Leaves the part for the next attempt.
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::string& path() const { return path_; }
  std::int64_t size() const { return size_; }
  void append(const char* bytes, std::size_t count);
  void clear();
  /// Flushes the part to the disk and gives it its name.
  void commit();
  void remove();

 private:
  [[noreturn]] void fail(const std::string& doing) const;

  std::string final_path_;
  std::string path_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
};

/// What is asked for.
struct Transfer {
  std::string url;
  std::int64_t most_bytes = 0;
  bool allow_http = false;
  double connect_timeout_seconds = 15;
  double stall_timeout_seconds = 30;
  const std::atomic<bool>* cancel = nullptr;
  std::function<void()> progress = {};
};

enum class TransferEnd : std::uint8_t { complete, failed, cancelled };

struct TransferResult {
  TransferEnd end = TransferEnd::failed;
  std::string problem = {};  ///< when it failed
};

/// Receives the rest of a file, or all of it where the server cannot continue.
TransferResult receive(const Transfer& transfer, PartFile& part);

}  // namespace hebb
