#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"
#include "io/input_file.hpp"

namespace hebb {

namespace {

// One read or write call: Linux moves at most 2 GiB at once.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

std::string describe(int error_number) { return std::generic_category().message(error_number); }

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void refuse_strange_path(const std::string& path) {
  if (path.empty()) throw FormatError("the name of a file is empty");
  if (path.find('\0') != std::string::npos) {
    throw FormatError(fmt::format("the file name {} holds a zero byte", hebb::in_quotes(path)));
  }
}

}  // namespace

namespace io {

InputFile::InputFile(const std::string& path) : path_(path) {
  refuse_strange_path(path);
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw FormatError(fmt::format("{}: cannot be read: {}", path, describe(errno)));
  struct stat status {};
  const bool known = fstat(descriptor_, &status) == 0;
  const int error_number = errno;
  if (!known || S_ISDIR(status.st_mode)) {
    close(descriptor_);
    if (!known) throw FormatError(fmt::format("{}: cannot be read: {}", path, describe(error_number)));
    throw FormatError(fmt::format("{}: is a directory, a file was expected", path));
  }
  regular_ = S_ISREG(status.st_mode);
  size_ = regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
}

InputFile::~InputFile() { close(descriptor_); }

void InputFile::read_at(std::uint64_t offset, std::uint8_t* to, std::size_t count) const {
  while (count > 0) {
    const ssize_t got = pread(descriptor_, to, std::min(count, kMostAtOnce), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_at(path_, offset, fmt::format("cannot be read: {}", describe(errno)));
    if (got == 0) fail_at(path_, offset, fmt::format("truncated: {} more bytes were expected", count));
    to += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

std::size_t InputFile::read_some(std::uint8_t* to, std::size_t count) const {
  while (true) {
    const ssize_t got = ::read(descriptor_, to, std::min(count, kMostAtOnce));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw FormatError(fmt::format("{}: cannot be read: {}", path_, describe(errno)));
  }
}

}  // namespace io

std::vector<std::uint8_t> read_file(const std::string& path, std::uint64_t most_bytes) {
  const io::InputFile file(path);
  const auto refuse = [&](const std::string& has) {
    throw FormatError(fmt::format("{}: has {} bytes, at most {} are read", path, has, most_bytes));
  };
  if (file.size() > most_bytes) refuse(std::to_string(file.size()));
  io::check_memory(file.size(), path);
  constexpr std::size_t kChunk = std::size_t{1} << 16;
  std::vector<std::uint8_t> bytes;
  try {
    // One byte more than the size, so that a single read finds the end, too. Files that do not know
    // their size (pipes, /proc) grow.
    bytes.resize(file.size() > 0 ? file.size() + 1 : kChunk);
    std::size_t filled = 0;
    while (true) {
      const std::size_t got = file.read_some(bytes.data() + filled, bytes.size() - filled);
      if (got == 0) break;
      filled += got;
      if (filled > most_bytes) refuse("more than " + std::to_string(most_bytes));
      if (filled == bytes.size()) bytes.resize(bytes.size() + std::max(kChunk, bytes.size() / 2));
    }
    bytes.resize(filled);
  } catch (const std::bad_alloc&) {
    throw FormatError(fmt::format("{}: not enough memory to hold it", path));
  }
  return bytes;
}

AtomicFile::AtomicFile(const std::string& path) : path_(path), target_(path) {
  refuse_strange_path(path);
  // A link is followed, so that it survives and the file it points to is replaced.
  if (char* resolved = realpath(path.c_str(), nullptr); resolved != nullptr) {
    target_ = resolved;
    std::free(resolved);
  }
  struct stat status {};
  const bool exists = stat(target_.c_str(), &status) == 0;
  if (!exists && errno != ENOENT) fail("cannot be written", errno);
  if (exists && S_ISDIR(status.st_mode)) fail("is a directory, a file was expected", 0);
  if (!exists && path.back() == '/') fail("names a directory, a file was expected", 0);
  if (exists && access(target_.c_str(), W_OK) != 0) fail("cannot be written", errno);
  if (exists && !S_ISREG(status.st_mode)) {
    // A device or a pipe must not be replaced by a file; there is nothing to keep whole either.
    descriptor_ = open(target_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail("cannot be written", errno);
    return;
  }
  static std::atomic<unsigned> counter{0};
  do {
    temporary_ = fmt::format("{}/.hebb-{}-{}.tmp", directory_of(target_), getpid(), counter++);
    descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) {
    const int error_number = errno;
    temporary_.clear();
    fail("cannot be written", error_number);
  }
  if (exists) (void)!fchmod(descriptor_, status.st_mode & 07777);
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::fail(const std::string& doing, int error_number) {
  discard();
  throw FormatError(error_number == 0 ? fmt::format("{}: {}", path_, doing)
                                      : fmt::format("{}: {}: {}", path_, doing, describe(error_number)));
}

void AtomicFile::write(std::span<const std::uint8_t> bytes) {
  if (descriptor_ < 0) fail("cannot be written: the file is already complete or given up", 0);
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kMostAtOnce));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot be written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) {
  write(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void AtomicFile::commit() {
  if (descriptor_ < 0) fail("cannot be written: the file is already complete or given up", 0);
  const bool replaces = !temporary_.empty();
  if (replaces && fsync(descriptor_) != 0) fail("cannot be flushed to the disk", errno);
  const int descriptor = std::exchange(descriptor_, -1);
  if (close(descriptor) != 0) fail("cannot be written", errno);
  if (!replaces) return;
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be put in its place", errno);
  temporary_.clear();
  // The content is safe; that the new name is, too, is worth an attempt but not a failure.
  const int directory = open(directory_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    (void)fsync(directory);
    close(directory);
  }
}

void write_file_atomically(const std::string& path, std::span<const std::uint8_t> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file_atomically(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace hebb
