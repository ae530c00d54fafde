#include "cli/model_data.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "hebb/error.hpp"
#include "hebb/run.hpp"

namespace hebb::cli {

DataOptions data_options(const std::vector<ChangeData>& given, DataOptions base) {
  for (const ChangeData& change : given) change(base);
  base.directories = data_directories(base.directories);
  return base;
}

DataChoice data_for(const SavedModel& model, const std::string& path, const std::string& data,
                    const std::vector<ChangeData>& given) {
  DataChoice choice{.data = data, .options = {}};
  const std::filesystem::path file(path);
  const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
  const bool of_run = file.filename() == RunFiles::kBest || file.filename() == RunFiles::kLast;
  if (of_run && holds_run(folder)) {
    const TrainConfig run = read_run_config(folder);
    if (data.empty() || data == run.data) choice = {run.data, run.data_options};
  }
  if (choice.data.empty()) choice.data = model.summary.data;
  if (choice.data.empty())
    throw ConfigError("--data: expected a data set; the model's file does not tell what it was trained on");
  choice.options = data_options(given, std::move(choice.options));
  follow_model(model.input, choice.data, choice.options);
  return choice;
}

void follow_model(const InputSpec& input, const std::string& data, DataOptions& options) {
  std::error_code ignored;
  const bool is_table = !input.columns.empty() && std::filesystem::is_regular_file(data, ignored);
  if (options.target.empty() && is_table) options.target = input.target_name;
  if (!input.resizes || !std::filesystem::is_directory(data, ignored)) return;
  if (options.image_size.empty())
    options.image_size = fmt::format("{}x{}", input.input_shape[0], input.input_shape[1]);
  if (options.channels == 0) options.channels = input.input_shape[2];
}

void check_data(const SavedModel& model, const DataSplits& data) {
  const auto& part = data.train;
  if (part->input_shape().elements() != model.input.input_shape.elements()) {
    throw DataError(fmt::format("{}: samples of shape {}; the model takes {}", data.name,
                                to_string(part->input_shape()), to_string(model.input.input_shape)));
  }
  const auto same_but_for_fill = [](Column a, const Column& b) {
    a.fill = b.fill;
    a.fills_missing = b.fills_missing;
    return a == b;
  };
  const auto& columns = model.input.columns;
  for (std::size_t i = 0; i < columns.size() && i < data.spec.columns.size(); ++i) {
    if (same_but_for_fill(columns[i], data.spec.columns[i])) continue;
    throw DataError(fmt::format("{}: column '{}' is not the model's column '{}', or has other categories",
                                data.name, data.spec.columns[i].name, columns[i].name));
  }
  if (model.input.class_names != data.spec.class_names) {
    throw DataError(fmt::format("{}: its classes are not those of the model", data.name));
  }
}

}  // namespace hebb::cli
