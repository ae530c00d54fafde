/// A model and the data it learns from, as the commands that look inside training are given them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "hebb/datasets.hpp"
#include "hebb/losses.hpp"
#include "hebb/module.hpp"

namespace hebb::cli {

struct ModelSource {
  std::string file = {};   ///< a saved model or the folder of a run
  std::string model = {};  ///< or a description, a model's name, or a saved model, too
  std::string data = {};
  std::string loss = {};
  std::string scale = {};  ///< empty: `table_scale` for tables, standard for images
  ScaleKind table_scale = ScaleKind::standard;
  std::uint64_t seed = 0;
  std::vector<ChangeData> data_options = {};  ///< those given
};

/// Adds the options that say these, but for those of the data.
void add_model_source(CLI::App& command, ModelSource& source);

/// A model built or read, its data loaded and scaled, and its loss.
struct ReadyModel {
  std::unique_ptr<Module> model;
  DataSplits data;
  Loss loss;
};
/// Throws ConfigError where something is missing or said twice, and what loading throws.
ReadyModel ready_model(const ModelSource& source);

}  // namespace hebb::cli
