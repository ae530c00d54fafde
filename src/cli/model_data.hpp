/// A saved model and the data that it is used on.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "hebb/datasets.hpp"
#include "hebb/model_file.hpp"

namespace hebb::cli {

/// The options of loading data that were given, in their order, upon those of `base`; folders of data sets
/// are completed.
DataOptions data_options(const std::vector<ChangeData>& given, DataOptions base = {});

/// A data set and how it is loaded.
struct DataChoice {
  std::string data;
  DataOptions options;
};
/// What a saved model is used on: `data`, or where that is empty, what it was trained on. Data of the run in
/// whose folder the model's file lies are loaded as the run did, but for the options `given`. Throws
/// ConfigError where nothing tells the data, and what reading the run's configuration throws.
DataChoice data_for(const SavedModel& model, const std::string& path, const std::string& data,
                    const std::vector<ChangeData>& given);

/// What the model knows of its data need not be said again: the options of loading `data` for it.
void follow_model(const InputSpec& input, const std::string& data, DataOptions& options);
/// Throws DataError unless the data are what the model takes.
void check_data(const SavedModel& model, const DataSplits& data);

}  // namespace hebb::cli
