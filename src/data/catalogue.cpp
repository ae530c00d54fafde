#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.hpp"
#include "data/applicable.hpp"
#include "data/cifar.hpp"
#include "data/files.hpp"
#include "data/generated.hpp"
#include "data/image_folder.hpp"
#include "data/table.hpp"
#include "hebb/datasets.hpp"
#include "hebb/error.hpp"

namespace hebb {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return text;
}

/// A file of images by its name: "train-images-idx3-ubyte.gz", "letters.idx".
bool is_idx_name(std::string name) {
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  const std::string base = name.substr(name.find_last_of('/') + 1);
  return base.ends_with("ubyte") || base.ends_with(".idx") || base.find("idx3") != std::string::npos;
}

using Load = DataSplits (*)(const std::string&, const DataOptions&);

/// Who loads a file, and the options that count.
struct Loader {
  Load load = nullptr;
  std::string_view options = {};
};

Loader loader_for(const std::string& path) {
  const std::string name = lower(path);
  if (name.ends_with(".csv") || name.ends_with(".tsv"))
    return {load_table, "target task missing ignore header"};
  if (name.ends_with(".npy")) return {load_npy, "target task"};
  if (name.ends_with(".npz")) return {load_npz, "task"};
  if (is_idx_name(name)) return {load_idx_pair, "labels task"};
  return {};
}

[[noreturn]] void refuse(const std::string& name) {
  constexpr const char* kEndings = "expected .csv, .tsv, .npy, .npz or an IDX file";
  std::error_code ignored;
  if (std::filesystem::is_directory(name, ignored)) {
    throw DataError(fmt::format(
        "{}: the folder holds neither the four IDX files of a data set (train-images-idx3-ubyte, "
        "train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, plain or .gz), nor the "
        "binary files of CIFAR, nor a folder of images (PNG, JPEG, PGM, PPM) for each class",
        name));
  }
  if (std::filesystem::exists(name, ignored))
    throw ConfigError(fmt::format("{}: unknown kind of file; {}", name, kEndings));
  if (name.find('/') != std::string::npos)
    throw FormatError(fmt::format("{}: there is no such file or folder", name));
  std::vector<std::string_view> names;
  for (const Generator& generator : generators()) names.push_back(generator.name);
  for (const IdxDataset& dataset : idx_datasets()) names.push_back(dataset.name);
  for (const CifarDataset& dataset : cifar_datasets()) names.push_back(dataset.name);
  throw ConfigError(unknown_name("data set", name, names));
}

template <std::size_t count>
std::size_t find_name(std::string_view what, std::string_view name,
                      const std::array<std::string_view, count>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw ConfigError(unknown_name(what, name, names));
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

Task parse_task(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"auto", "classification", "regression"};
  return static_cast<Task>(find_name("task", name, kNames));
}

Missing parse_missing(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"error", "mean", "drop"};
  return static_cast<Missing>(find_name("treatment of missing values", name, kNames));
}

namespace {

DataSplits load_folder(const std::string& path, const DataOptions& options) {
  if (holds_idx_dataset(path)) {
    require_applicable(options, "task", path);
    return load_idx_directory(path, options);
  }
  if (const CifarDataset* dataset = cifar_in(path)) {
    require_applicable(options, "", path);
    return load_cifar_folder(*dataset, path);
  }
  if (!holds_image_folders(path)) refuse(path);
  require_applicable(options, "image_size channels skip_bad", path);
  return load_image_folders(path, options);
}

}  // namespace

DataSplits load_dataset(const std::string& name_or_path, const DataOptions& options) {
  for (const Generator& generator : generators()) {
    if (generator.name != name_or_path) continue;
    require_applicable(options, generator.options, name_or_path);
    return generator.make(generator, options);
  }
  for (const IdxDataset& dataset : idx_datasets()) {
    if (dataset.name != name_or_path) continue;
    require_applicable(options, "task", name_or_path);
    return load_idx_dataset(dataset, options);
  }
  for (const CifarDataset& dataset : cifar_datasets()) {
    if (dataset.name != name_or_path) continue;
    require_applicable(options, "", name_or_path);
    return load_cifar(dataset, options);
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(name_or_path, ignored)) return load_folder(name_or_path, options);
  const Loader loader = loader_for(name_or_path);
  if (loader.load == nullptr) refuse(name_or_path);
  require_applicable(options, loader.options, name_or_path);
  return loader.load(name_or_path, options);
}

std::vector<DatasetInfo> known_datasets(const std::vector<std::string>& directories) {
  std::vector<DatasetInfo> all;
  for (const Generator& generator : generators()) {
    all.push_back({.name = std::string(generator.name),
                   .description = std::string(generator.description),
                   .shape = std::string(generator.shape),
                   .train = generator.count,
                   .test = generator.test_count});
  }
  for (const IdxDataset& dataset : idx_datasets()) {
    all.push_back({.name = std::string(dataset.name),
                   .description = std::string(dataset.description),
                   .shape = "28x28x1 -> 10 classes",
                   .train = 60000,
                   .test = 10000,
                   .needs_files = true,
                   .directory = find_idx_dataset(dataset.name, directories),
                   .fetched_as = std::string(dataset.name)});
  }
  for (const CifarDataset& dataset : cifar_datasets()) {
    all.push_back({.name = std::string(dataset.name),
                   .description = std::string(dataset.description),
                   .shape = fmt::format("32x32x3 -> {} classes", dataset.classes),
                   .train = 50000,
                   .test = 10000,
                   .needs_files = true,
                   .directory = find_cifar(dataset, directories),
                   .fetched_as = std::string(dataset.folders.front())});
  }
  return all;
}

void apply_scaling(DataSplits& splits, ScaleKind kind, std::span<const std::int64_t> indices) {
  splits.spec.scaling = fit_scaling(*splits.train, kind, indices);
  splits.train = scaled(splits.train, splits.spec.scaling);
  if (splits.test != nullptr) splits.test = scaled(splits.test, splits.spec.scaling);
}

}  // namespace hebb
