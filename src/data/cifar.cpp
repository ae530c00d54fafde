#include "data/cifar.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/bytes.hpp"
#include "io/utf8.hpp"

namespace hebb {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSide = 32;
constexpr std::size_t kPixels = kSide * kSide;
constexpr std::size_t kImageBytes = 3 * kPixels;
constexpr std::uint64_t kMostNamesBytes = 1 << 16;

std::string path_of(const std::string& folder, std::string_view file) {
  return fmt::format("{}/{}", folder, file);
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::vector<std::string_view> missing_files(const CifarDataset& dataset, const std::string& folder) {
  std::vector<std::string_view> files = dataset.train;
  files.push_back(dataset.test);
  std::erase_if(files, [&](std::string_view file) { return is_file(path_of(folder, file)); });
  return files;
}

std::string what_is_there(const CifarDataset& dataset, const std::string& folder) {
  const std::vector<std::string_view> missing = missing_files(dataset, folder);
  if (missing.size() == dataset.train.size() + 1) return folder;
  return fmt::format("{} (which lacks {})", folder, fmt::join(missing, ", "));
}

std::vector<std::string> class_names(const CifarDataset& dataset, const std::string& folder) {
  std::vector<std::string> names;
  const std::string path = path_of(folder, dataset.class_names);
  if (is_file(path)) {
    const std::vector<std::uint8_t> bytes = read_file(path, kMostNamesBytes);
    std::string line;
    for (const std::uint8_t byte : bytes) {
      if (byte != '\n' && byte != '\r') {
        line += static_cast<char>(byte);
      } else if (!line.empty()) {
        names.push_back(std::exchange(line, {}));
      }
    }
    if (!line.empty()) names.push_back(line);
    if (static_cast<std::int64_t>(names.size()) != dataset.classes) {
      throw FormatError(
          fmt::format("{}: {} names; expected {}, one a line", path, names.size(), dataset.classes));
    }
    for (const std::string& name : names) {
      if (io::first_not_utf8(name) != std::string_view::npos)
        throw FormatError(fmt::format("{}: the names are not UTF-8 text", path));
    }
    return names;
  }
  for (std::int64_t c = 0; c < dataset.classes; ++c) names.push_back(std::to_string(c));
  return names;
}

std::size_t record_bytes(const CifarDataset& dataset) { return dataset.labels + kImageBytes; }

/// Number of records of a file, told by its size.
std::int64_t count_records(const CifarDataset& dataset, const std::string& path) {
  std::error_code problem;
  const std::uint64_t bytes = fs::file_size(path, problem);
  if (problem) throw FormatError(fmt::format("{}: cannot be read: {}", path, problem.message()));
  if (bytes == 0 || bytes % record_bytes(dataset) != 0) {
    throw FormatError(
        fmt::format("{}: {} bytes; expected records of {} bytes, so it is truncated or of another kind", path,
                    bytes, record_bytes(dataset)));
  }
  return static_cast<std::int64_t>(bytes / record_bytes(dataset));
}

struct Arrays {
  std::uint8_t* images = nullptr;  ///< [n, 32, 32, 3]
  std::vector<std::int32_t> labels = {};
};

/// Adds the records of a file.
void read_records(const CifarDataset& dataset, const std::string& path, std::int64_t records, Arrays& to) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  if (bytes.size() != static_cast<std::size_t>(records) * record_bytes(dataset))
    throw FormatError(fmt::format("{}: its size has changed while it was read", path));
  for (std::int64_t r = 0; r < records; ++r) {
    const std::uint8_t* record = bytes.data() + static_cast<std::size_t>(r) * record_bytes(dataset);
    const std::int32_t label = record[dataset.label];
    if (label >= dataset.classes) {
      throw DataError(fmt::format("{}: record {} (from 0) has the label {}; expected 0 to {}", path, r, label,
                                  dataset.classes - 1));
    }
    const std::uint8_t* planes = record + dataset.labels;
    std::uint8_t* image = to.images + to.labels.size() * kImageBytes;
    for (std::size_t i = 0; i < kPixels; ++i) {
      for (std::size_t c = 0; c < 3; ++c) image[3 * i + c] = planes[c * kPixels + i];
    }
    to.labels.push_back(label);
  }
}

std::shared_ptr<const Dataset> read_part(const CifarDataset& dataset, const std::vector<std::string>& paths) {
  std::vector<std::int64_t> records;
  std::int64_t total = 0;
  for (const std::string& path : paths) {
    records.push_back(count_records(dataset, path));
    total += records.back();
  }
  Arrays arrays;
  ArrayData data;
  data.inputs = io::make_tensor<std::uint8_t>({total, kSide, kSide, 3}, paths.front(), [&](std::uint8_t* to) {
    arrays.images = to;
    for (std::size_t i = 0; i < paths.size(); ++i) read_records(dataset, paths[i], records[i], arrays);
  });
  data.targets = Tensor::from(std::span<const std::int32_t>(arrays.labels), {total});
  data.classes = dataset.classes;
  return std::make_shared<ArrayDataset>(std::move(data));
}

}  // namespace

const std::vector<CifarDataset>& cifar_datasets() {
  static const std::vector<CifarDataset> all = {
      {"cifar10",
       "small pictures of animals and vehicles (Krizhevsky, 2009)",
       {"cifar10", "cifar-10-batches-bin"},
       {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
       "test_batch.bin",
       "batches.meta.txt",
       10,
       1,
       0},
      {"cifar100",
       "small pictures of a hundred kinds of things",
       {"cifar100", "cifar-100-binary"},
       {"train.bin"},
       "test.bin",
       "fine_label_names.txt",
       100,
       2,
       1},
      {"cifar100-coarse",
       "the same, told apart by twenty groups of kinds",
       {"cifar100", "cifar-100-binary"},
       {"train.bin"},
       "test.bin",
       "coarse_label_names.txt",
       20,
       2,
       0},
  };
  return all;
}

std::string find_cifar(const CifarDataset& dataset, const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    for (const std::string_view name : dataset.folders) {
      std::string folder = path_of(directory, name);
      if (missing_files(dataset, folder).empty()) return folder;
    }
  }
  return {};
}

const CifarDataset* cifar_in(const std::string& folder) {
  for (const CifarDataset& dataset : cifar_datasets()) {
    if (missing_files(dataset, folder).empty()) return &dataset;
  }
  return nullptr;
}

DataSplits load_cifar(const CifarDataset& dataset, const DataOptions& options) {
  const std::string folder = find_cifar(dataset, options.directories);
  if (!folder.empty()) return load_cifar_folder(dataset, folder);
  std::vector<std::string> looked;
  for (const std::string& directory : options.directories) {
    for (const std::string_view name : dataset.folders)
      looked.push_back(what_is_there(dataset, path_of(directory, name)));
  }
  throw FormatError(fmt::format(
      "{}: its files are not there; looked in {}. `hebb fetch {}` downloads them", dataset.name,
      looked.empty() ? "no folder, for none was given" : fmt::format("{}", fmt::join(looked, ", ")),
      dataset.folders.front()));
}

DataSplits load_cifar_folder(const CifarDataset& dataset, const std::string& folder) {
  std::vector<std::string> train;
  for (const std::string_view file : dataset.train) train.push_back(path_of(folder, file));
  DataSplits splits;
  splits.name = dataset.name;
  splits.description = dataset.description;
  splits.spec.class_names = class_names(dataset, folder);
  splits.train = read_part(dataset, train);
  splits.test = read_part(dataset, {path_of(folder, dataset.test)});
  splits.spec.input_shape = splits.train->input_shape();
  splits.spec.target_name = "label";
  return splits;
}

}  // namespace hebb
