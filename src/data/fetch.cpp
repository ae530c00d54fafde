#include "hebb/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/names.hpp"
#include "data/download.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/tar.hpp"

namespace hebb {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string_view name;
  std::vector<std::string> mirrors;
  std::vector<RemoteFile> files;
};

/// Sizes and digests are those that TensorFlow Datasets verifies its downloads by (url_checksums/mnist.txt,
/// fashion_mnist.txt, cifar10.txt and cifar100.txt).
const std::vector<Source>& sources() {
  static const std::vector<Source> all = {
      {"cifar10",
       {"https://www.cs.toronto.edu/~kriz/"},
       {{"cifar-10-binary.tar.gz", 170052171,
         "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}}},
      {"cifar100",
       {"https://www.cs.toronto.edu/~kriz/"},
       {{"cifar-100-binary.tar.gz", 168513733,
         "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}}},
      {"fashion-mnist",
       {"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"},
       {{"train-images-idx3-ubyte.gz", 26421880,
         "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
        {"train-labels-idx1-ubyte.gz", 29515,
         "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
        {"t10k-images-idx3-ubyte.gz", 4422102,
         "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
        {"t10k-labels-idx1-ubyte.gz", 5148,
         "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}}},
      {"mnist",
       {"https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://raw.githubusercontent.com/fgnt/mnist/master/"},
       {{"train-images-idx3-ubyte.gz", 9912422,
         "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
        {"train-labels-idx1-ubyte.gz", 28881,
         "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
        {"t10k-images-idx3-ubyte.gz", 1648877,
         "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
        {"t10k-labels-idx1-ubyte.gz", 4542,
         "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}},
  };
  return all;
}

/// Nothing that could lead out of the folder.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos;
}

Source choose_source(const std::string& name, const FetchOptions& options) {
  Source source{.name = name, .mirrors = options.mirrors, .files = options.files};
  const auto known =
      std::find_if(sources().begin(), sources().end(), [&](const Source& s) { return s.name == name; });
  if (known != sources().end()) {
    if (source.mirrors.empty()) source.mirrors = known->mirrors;
    if (source.files.empty()) source.files = known->files;
  } else if (source.files.empty() || source.mirrors.empty()) {
    std::vector<std::string_view> names;
    for (const Source& s : sources()) names.push_back(s.name);
    throw ConfigError(unknown_name("data set to fetch", name, names));
  }
  return source;
}

void check_source(const Source& source, const FetchOptions& options) {
  if (options.cache_dir.empty()) throw ConfigError("fetch: no folder was given to download to");
  if (!is_plain_name(source.name))
    throw ConfigError(fmt::format("fetch: {} is no name of a folder", hebb::in_quotes(source.name)));
  for (const RemoteFile& file : source.files) {
    if (!is_plain_name(file.name) || file.bytes <= 0 || file.sha256.size() != 64) {
      throw ConfigError(
          fmt::format("fetch: file {} of {} bytes with digest {}; expected a name, a size and 64 "
                      "hexadecimal digits",
                      hebb::in_quotes(file.name), file.bytes, hebb::in_quotes(file.sha256)));
    }
  }
  for (const std::string& mirror : source.mirrors) {
    const bool allowed =
        mirror.starts_with("https://") || (options.allow_http && mirror.starts_with("http://"));
    if (!allowed)
      throw ConfigError(fmt::format("fetch: mirror {}; expected https://...", hebb::in_quotes(mirror)));
  }
}

std::string lower_hex(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? char(c + 32) : c; });
  return text;
}

bool is_intact(const std::string& path, const RemoteFile& file) {
  std::error_code problem;
  const auto size = fs::file_size(path, problem);
  if (problem || static_cast<std::int64_t>(size) != file.bytes) return false;
  return sha256_of_file(path) == lower_hex(file.sha256);
}

/// One file, from whichever mirror has it.
class FileFetcher {
 public:
  FileFetcher(const RemoteFile& file, const FetchOptions& options, FetchProgress progress,
              const std::string& directory)
      : file_(file), options_(options), progress_(std::move(progress)), part_(directory + "/" + file.name) {
    progress_.file = file.name;
    progress_.total = file.bytes;
  }

  /// False when cancelled.
  bool fetch(const std::vector<std::string>& mirrors) {
    if (part_.size() > file_.bytes) part_.clear();
    if (accept()) return true;
    for (const std::string& mirror : mirrors) {
      progress_.mirror = mirror;
      const Outcome outcome = try_mirror(mirror);
      if (outcome != Outcome::next_mirror) return outcome == Outcome::done;
    }
    if (part_.size() == 0) part_.remove();
    throw FormatError(fmt::format("{}: no mirror has delivered it:{}", file_.name, problems_));
  }

 private:
  enum class Outcome : std::uint8_t { done, cancelled, next_mirror };

  /// Tries again as long as that brings something new: a broken transfer that got further is continued, a
  /// wrong file that was pieced together from several transfers is fetched in one piece.
  Outcome try_mirror(const std::string& mirror) {
    constexpr int kAttempts = 5;
    const std::string url = mirror + (mirror.ends_with('/') ? "" : "/") + file_.name;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const std::int64_t before = part_.size();
      const TransferResult result = receive(transfer(url), part_);
      if (result.end == TransferEnd::cancelled) return Outcome::cancelled;
      if (accept()) return Outcome::done;
      const bool whole = part_.size() == file_.bytes;
      note(url, whole ? "the file's SHA-256 is wrong" : describe(result));
      if (whole) part_.clear();
      const bool went_on = !whole && part_.size() > before;
      const bool pieced = before > 0 && part_.size() == 0;
      if (!went_on && !pieced) return Outcome::next_mirror;
    }
    return Outcome::next_mirror;
  }

  Transfer transfer(const std::string& url) {
    return {.url = url,
            .most_bytes = file_.bytes,
            .allow_http = options_.allow_http,
            .connect_timeout_seconds = options_.connect_timeout_seconds,
            .stall_timeout_seconds = options_.stall_timeout_seconds,
            .cancel = options_.cancel,
            .progress = [this] { report(); }};
  }

  std::string describe(const TransferResult& result) const {
    if (result.end == TransferEnd::failed) return result.problem;
    return fmt::format("the file ends after {} of {} bytes", part_.size(), file_.bytes);
  }

  /// Takes the part for the file if it is.
  bool accept() {
    if (part_.size() != file_.bytes || sha256_of_file(part_.path()) != lower_hex(file_.sha256)) return false;
    part_.commit();
    report();
    return true;
  }

  void report() {
    progress_.received = part_.size();
    if (options_.progress) options_.progress(progress_);
  }

  void note(const std::string& url, const std::string& problem) {
    problems_ += fmt::format("\n  {}: {}", url, problem);
  }

  const RemoteFile& file_;
  const FetchOptions& options_;
  FetchProgress progress_;
  PartFile part_;
  std::string problems_;
};

}  // namespace

namespace {

/// Puts the files of an archive beside it, without their folders. Those that are there already, of the same
/// size, are left alone.
void unpack(const std::string& directory, const std::string& archive) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
  const std::string path = directory + "/" + archive;
  io::read_tar_gz(read_file(path), path, [&](const io::TarMember& member) {
    const std::string name = fs::path(member.path()).filename().string();
    if (!is_plain_name(name)) return;
    if (member.size() > kMostBytes)
      throw FormatError(
          fmt::format("{}: {} is said to have {} bytes", path, hebb::in_quotes(name), member.size()));
    const std::string target = directory + "/" + name;
    std::error_code absent;
    if (fs::file_size(target, absent) == member.size() && !absent) return;
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(member.size()));
    member.read(bytes.data());
    write_file_atomically(target, bytes);
  });
}

}  // namespace

std::vector<std::string> fetchable_datasets() {
  std::vector<std::string> names;
  for (const Source& source : sources()) names.emplace_back(source.name);
  return names;
}

FetchResult fetch_dataset(const std::string& name, const FetchOptions& options) {
  const Source source = choose_source(name, options);
  check_source(source, options);
  FetchResult result{.directory = fmt::format("{}/{}", options.cache_dir, name)};
  std::error_code problem;
  fs::create_directories(result.directory, problem);
  if (problem) throw FormatError(fmt::format("{}: cannot be made: {}", result.directory, problem.message()));
  FetchProgress progress{.files = static_cast<int>(source.files.size())};
  for (const RemoteFile& file : source.files) {
    ++progress.file_number;
    if (is_intact(result.directory + "/" + file.name, file)) {
      result.present.push_back(file.name);
    } else if (FileFetcher(file, options, progress, result.directory).fetch(source.mirrors)) {
      result.downloaded.push_back(file.name);
    } else {
      result.cancelled = true;
      return result;
    }
    if (file.name.ends_with(".tar.gz")) unpack(result.directory, file.name);
  }
  return result;
}

}  // namespace hebb
