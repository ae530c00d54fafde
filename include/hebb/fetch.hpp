/// Downloading data sets that have files.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hebb {

/// A file of a published data set, and how to know it.
struct RemoteFile {
  std::string name = {};
  std::int64_t bytes = 0;
  std::string sha256 = {};  ///< 64 hexadecimal digits
};

/// How far a download is.
struct FetchProgress {
  std::string file = {};
  std::string mirror = {};
  std::int64_t received = 0;  ///< bytes of this file, those of an earlier attempt included
  std::int64_t total = 0;     ///< bytes of this file
  int file_number = 0;        ///< from 1
  int files = 0;
};

struct FetchOptions {
  /// Folder that gets a folder of the data set's name. It is made if need be.
  std::string cache_dir = {};
  /// Addresses to try, in this order, each ending where the file's name follows; by default the known ones.
  std::vector<std::string> mirrors = {};
  /// What to fetch, instead of the data set's own files.
  std::vector<RemoteFile> files = {};
  /// Called now and then, from the thread that fetches.
  std::function<void(const FetchProgress&)> progress = {};
  /// Set it from anywhere to stop; what was received is kept for the next time.
  const std::atomic<bool>* cancel = nullptr;
  /// Without it only https:// addresses are used, also after a redirection.
  bool allow_http = false;
  double connect_timeout_seconds = 15;
  /// A mirror that sends less than 100 bytes a second for so long is given up.
  double stall_timeout_seconds = 30;
};

struct FetchResult {
  std::string directory = {};                ///< where the files are
  std::vector<std::string> downloaded = {};  ///< names of the files that were fetched now
  std::vector<std::string> present = {};     ///< names of those that were there already, intact
  bool cancelled = false;
};

/// Names that `fetch_dataset` knows, sorted.
std::vector<std::string> fetchable_datasets();

/// Downloads `mnist`, `fashion-mnist`, `cifar10` or `cifar100`. Each file is received as NAME.part, continued
/// where an earlier attempt ended, checked against its SHA-256, and only then renamed to its name: a half or
/// wrong file never gets there. Archives (.tar.gz) are then unpacked beside themselves, without folders. A
/// mirror that fails is followed by the next. Throws ConfigError for an unknown name, a bad mirror or an
/// empty cache_dir, and FormatError, telling what each mirror answered, when none had the file, or when the
/// folder cannot be written.
FetchResult fetch_dataset(const std::string& name, const FetchOptions& options);

/// The SHA-256 of a file, as 64 hexadecimal digits (FIPS 180-4). Throws FormatError when it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace hebb
