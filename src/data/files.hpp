/// Data sets from files of arrays: IDX, NPY, NPZ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hebb/datasets.hpp"

namespace hebb {

/// A published data set in the four IDX files of MNIST.
struct IdxDataset {
  std::string_view name;
  std::string_view description;
  std::vector<std::string> class_names;
};

/// Those that have a name.
const std::vector<IdxDataset>& idx_datasets();

/// The first of DIRECTORY/NAME that holds all four files; empty if there is none.
std::string find_idx_dataset(std::string_view name, const std::vector<std::string>& directories);

/// Whether a folder holds the four files.
bool holds_idx_dataset(const std::string& directory);

DataSplits load_idx_dataset(const IdxDataset& dataset, const DataOptions& options);
/// The four files of a folder; the classes are the labels that occur.
DataSplits load_idx_directory(const std::string& directory, const DataOptions& options);
/// A file of images with its labels.
DataSplits load_idx_pair(const std::string& images, const DataOptions& options);
DataSplits load_npy(const std::string& path, const DataOptions& options);
DataSplits load_npz(const std::string& path, const DataOptions& options);

}  // namespace hebb
