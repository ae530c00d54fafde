/// What `hebb train` can do beside one run: find a learning rate, compare several runs.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "hebb/config.hpp"
#include "hebb/datasets.hpp"

namespace hebb::cli {

struct TrialOptions {
  bool find_rate = false;
  std::string svg = {};  ///< where the finder's curve goes as a picture
  std::int64_t folds = 0;
  std::vector<std::string> sweep = {};  ///< "lr=1e-4..1e-2:log:5"

  bool any() const { return find_rate || folds != 0 || !sweep.empty(); }
};

/// How the results are told and kept.
struct TrialOutput {
  std::string out = {};  ///< folder; empty: none
  bool overwrite = false;
  bool json = false;
  bool report = true;  ///< keep in the runs' folders what a report needs
};

void add_trial_options(CLI::App& command, TrialOptions& options);
/// Throws ConfigError for options that exclude each other.
void check_trial(const TrialOptions& options, const TrialOutput& output, bool resume);
void run_trial(const TrialOptions& options, const TrialOutput& output, const TrainConfig& config,
               const DataSplits& data, Context& context);

void find_rate(const TrialOptions& options, const TrialOutput& output, const TrainConfig& config,
               const DataSplits& data, Context& context);
void compare_folds(std::int64_t folds, const TrialOutput& output, const TrainConfig& config,
                   const DataSplits& data, Context& context);
void compare_settings(const std::vector<std::string>& axes, const TrialOutput& output,
                      const TrainConfig& config, const DataSplits& data, Context& context);

}  // namespace hebb::cli
