#include "data/download.hpp"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>

#include "hebb/error.hpp"

namespace hebb {

// ---- The file
// ---------------------------------------------------------------------------------------------------

PartFile::PartFile(const std::string& final_path) : final_path_(final_path), path_(final_path + ".part") {
  descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor_ < 0) fail("cannot be opened");
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int problem = errno;
    close(descriptor_);
    descriptor_ = -1;
    if (problem == EWOULDBLOCK) throw FormatError(path_ + ": another process is downloading this file");
    errno = problem;
    fail("cannot be locked");
  }
  size_ = lseek(descriptor_, 0, SEEK_END);
  if (size_ < 0) {
    const int problem = errno;
    close(descriptor_);
    descriptor_ = -1;
    errno = problem;
    fail("is no regular file");
  }
}

PartFile::~PartFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void PartFile::append(const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t written = write(descriptor_, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot be written");
    bytes += written;
    count -= static_cast<std::size_t>(written);
    size_ += written;
  }
}

void PartFile::clear() {
  if (ftruncate(descriptor_, 0) != 0 || lseek(descriptor_, 0, SEEK_SET) != 0) fail("cannot be emptied");
  size_ = 0;
}

void PartFile::commit() {
  if (fsync(descriptor_) != 0) fail("cannot be flushed to the disk");
  if (rename(path_.c_str(), final_path_.c_str()) != 0) fail("cannot be renamed");
}

void PartFile::remove() {
  if (unlink(path_.c_str()) != 0 && errno != ENOENT) fail("cannot be removed");
}

void PartFile::fail(const std::string& doing) const {
  throw FormatError(fmt::format("{}: {}: {}", path_, doing, std::strerror(errno)));
}

// ---- The transfer
// -----------------------------------------------------------------------------------------------

namespace {

constexpr long kOk = 200;
constexpr long kPartialContent = 206;
constexpr std::int64_t kProgressStep = 1 << 16;

/// What the callbacks of libcurl, which must not throw, share with the caller.
struct Session {
  const Transfer& transfer;
  PartFile& part;
  CURL* handle = nullptr;
  bool begun = false;             ///< the first byte of the body has come
  std::int64_t range_start = -1;  ///< as the server says
  std::int64_t reported = -1;
  bool cancelled = false;
  std::string problem = {};
  std::exception_ptr exception = {};
};

bool cancelled(const Session& session) {
  return session.transfer.cancel != nullptr && session.transfer.cancel->load();
}

void report(Session& session, bool always) {
  if (!session.transfer.progress) return;
  if (!always && session.part.size() < session.reported + kProgressStep && session.reported >= 0) return;
  session.reported = session.part.size();
  session.transfer.progress();
}

/// Whether the answer continues where the part ends; a server that sends the whole file starts it anew.
bool begin_body(Session& session) {
  session.begun = true;
  long status = 0;
  curl_easy_getinfo(session.handle, CURLINFO_RESPONSE_CODE, &status);
  if (status == kPartialContent) {
    if (session.range_start == session.part.size()) return true;
    session.problem = fmt::format("the server sends the file from byte {}, asked for was byte {}",
                                  session.range_start, session.part.size());
    return false;
  }
  if (status == kOk) {
    if (session.part.size() > 0) session.part.clear();
    return true;
  }
  session.problem = fmt::format("the server answered {}", status);
  return false;
}

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& session = *static_cast<Session*>(user);
  constexpr std::size_t kStop = 0;
  if (count == 0) return count;
  try {
    if (!session.begun && !begin_body(session)) return kStop;
    if (session.part.size() + static_cast<std::int64_t>(count) > session.transfer.most_bytes) {
      session.problem =
          fmt::format("the server sends more than the {} bytes of the file", session.transfer.most_bytes);
      session.part.clear();
      return kStop;
    }
    session.part.append(bytes, count);
    report(session, false);
  } catch (...) {
    session.exception = std::current_exception();
    return kStop;
  }
  return count;
}

/// Notes the first byte of "Content-Range: bytes 100-199/200".
std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& session = *static_cast<Session*>(user);
  constexpr std::string_view kName = "content-range: bytes ";
  const std::string_view line(bytes, count);
  if (line.starts_with("HTTP/")) session.range_start = -1;  // of another answer, after a redirection
  const bool named =
      line.size() > kName.size() && std::equal(kName.begin(), kName.end(), line.begin(), [](char a, char b) {
        return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + ('a' - 'A')) : b);
      });
  if (named) {
    std::int64_t start = -1;
    std::from_chars(line.data() + kName.size(), line.data() + line.size(), start);
    session.range_start = start;
  }
  return count;
}

int watch(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& session = *static_cast<Session*>(user);
  session.cancelled = session.cancelled || cancelled(session);
  return session.cancelled ? 1 : 0;
}

using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;

Handle make_handle() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  Handle handle(ready == CURLE_OK ? curl_easy_init() : nullptr, curl_easy_cleanup);
  if (!handle) throw Error("libcurl cannot be initialised");
  return handle;
}

void configure(Session& session, const std::string& range, char* message) {
  CURL* handle = session.handle;
  const Transfer& transfer = session.transfer;
  const char* protocols = transfer.allow_http ? "http,https" : "https";
  curl_easy_setopt(handle, CURLOPT_URL, transfer.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "hebb");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(1000 * transfer.connect_timeout_seconds));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 100L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                   std::max(1L, static_cast<long>(transfer.stall_timeout_seconds)));
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &session);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &session);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, watch);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &session);
  if (!range.empty()) curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());
}

}  // namespace

TransferResult receive(const Transfer& transfer, PartFile& part) {
  const Handle handle = make_handle();
  Session session{.transfer = transfer, .part = part, .handle = handle.get()};
  std::array<char, CURL_ERROR_SIZE> message{};
  configure(session, part.size() > 0 ? fmt::format("{}-", part.size()) : std::string(), message.data());
  if (cancelled(session)) return {.end = TransferEnd::cancelled};
  const CURLcode code = curl_easy_perform(handle.get());
  if (session.exception) std::rethrow_exception(session.exception);
  if (session.cancelled) return {.end = TransferEnd::cancelled};
  if (code == CURLE_OK) {
    report(session, true);
    return {.end = TransferEnd::complete};
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  constexpr long kRangeNotSatisfiable = 416;
  if (status == kRangeNotSatisfiable) part.clear();  // so that the next attempt asks for the whole file
  if (!session.problem.empty()) return {.problem = session.problem};
  const bool told = code != CURLE_HTTP_RETURNED_ERROR && message[0] != '\0';
  if (code == CURLE_HTTP_RETURNED_ERROR) return {.problem = fmt::format("the server answered {}", status)};
  return {.problem = told ? message.data() : curl_easy_strerror(code)};
}

}  // namespace hebb
