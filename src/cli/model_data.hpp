/// A saved model and the data that it is used on.
#pragma once

#include <string>

#include "hebb/datasets.hpp"
#include "hebb/model_file.hpp"

namespace hebb::cli {

/// What the model knows of its data need not be said again: the options of loading `data` for it.
void follow_model(const InputSpec& input, const std::string& data, DataOptions& options);
/// Throws DataError unless the data are what the model takes.
void check_data(const SavedModel& model, const DataSplits& data);

}  // namespace hebb::cli
