/// What `inspect` says of a model.
#pragma once

#include <string>

#include "hebb/datasets.hpp"
#include "hebb/model_file.hpp"
#include "io/json.hpp"

namespace hebb::cli {

/// The path of a saved model: the one given, or the best one of a run's folder; empty when `what` is neither.
std::string model_path(const std::string& what);
/// A saved model, or one of a model description, built for the samples of a data set and scaled as training
/// does. With a saved model, `data` may be empty; else its samples must be what the model takes (DataError).
SavedModel find_model(const std::string& what, const std::string& data, const DataOptions& options);

/// Both with the memory of a training step on so many samples.
std::string model_text(const SavedModel& model, std::int64_t batch_size);
Json model_json(const SavedModel& model, std::int64_t batch_size);

}  // namespace hebb::cli
