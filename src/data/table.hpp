/// Tables of numbers and texts as data sets.
#pragma once

#include <string>

#include "hebb/datasets.hpp"

namespace hebb {

/// A .csv or .tsv file.
DataSplits load_table(const std::string& path, const DataOptions& options);

/// The number (from 0) of the column that `text` stands for: its name, or its number from 1, or from -1 at
/// the end. Throws ConfigError when there is none, or several of that name.
std::size_t find_column(const std::vector<std::string>& names, const std::string& text,
                        const std::string& file);

}  // namespace hebb
