/// CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features from tiny images", 2009) in
/// their binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of one byte for each kind of
/// label and 3072 bytes of an image of 32 x 32 pixels, first all red ones, then green, then blue.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hebb/datasets.hpp"

namespace hebb {

struct CifarDataset {
  std::string_view name;
  std::string_view description;
  std::vector<std::string_view> folders;  ///< names it has in a folder of data sets
  std::vector<std::string_view> train;    ///< files
  std::string_view test;
  std::string_view class_names;  ///< a file, of a line for each class; need not be there
  std::int64_t classes;
  std::size_t labels;  ///< bytes of labels in a record
  std::size_t label;   ///< which of them it is
};

const std::vector<CifarDataset>& cifar_datasets();

/// The first folder that holds all its files; empty if there is none.
std::string find_cifar(const CifarDataset& dataset, const std::vector<std::string>& directories);

/// The data set whose files lie in a folder, or null.
const CifarDataset* cifar_in(const std::string& folder);

/// From the directories of the options.
DataSplits load_cifar(const CifarDataset& dataset, const DataOptions& options);
DataSplits load_cifar_folder(const CifarDataset& dataset, const std::string& folder);

}  // namespace hebb
