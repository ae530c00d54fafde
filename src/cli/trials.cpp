#include "cli/trials.hpp"

#include "hebb/error.hpp"

namespace hebb::cli {

void add_trial_options(CLI::App& command, TrialOptions& options) {
  const char* group = "Trials";
  command
      .add_flag("--find-lr", options.find_rate,
                "Draw the loss against a growing learning rate and suggest one; trains nothing")
      ->group(group);
  command.add_option("--svg", options.svg, "With --find-lr: the curve as a picture")
      ->check(is_given())
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--folds", options.folds,
                  "Cross-validation: train K models, each judged by the part of the data it did not see")
      ->check(is_number<std::int64_t>())
      ->type_name("K")
      ->group(group);
  command
      .add_option("--sweep", options.sweep,
                  "A run for each value, compared by validation loss: lr=1e-4..1e-2:log:5, "
                  "batch-size=32,64; several make a grid")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->type_name("KEY=VALUES")
      ->group(group);
}

void check_trial(const TrialOptions& options, const TrialOutput& output, bool resume) {
  const auto exclude = [](bool both, const char* what) {
    if (both) throw ConfigError(std::string(what) + " exclude each other");
  };
  exclude(options.find_rate && options.folds != 0, "--find-lr and --folds");
  exclude(options.find_rate && !options.sweep.empty(), "--find-lr and --sweep");
  exclude(options.folds != 0 && !options.sweep.empty(), "--folds and --sweep");
  exclude(options.any() && resume, "--resume and trials (--find-lr, --folds, --sweep)");
  if (options.find_rate && !output.out.empty())
    throw ConfigError("--find-lr keeps no run: --svg FILE keeps its curve, --out is for runs");
  if (!options.find_rate && !options.svg.empty()) throw ConfigError("--svg goes with --find-lr");
}

void run_trial(const TrialOptions& options, const TrialOutput& output, const TrainConfig& config,
               const DataSplits& data, Context& context) {
  if (options.find_rate) {
    find_rate(options, output, config, data, context);
  } else if (options.folds != 0) {
    compare_folds(options.folds, output, config, data, context);
  } else {
    compare_settings(options.sweep, output, config, data, context);
  }
}

}  // namespace hebb::cli
