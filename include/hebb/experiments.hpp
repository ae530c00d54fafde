/// What is learned from trials: the learning-rate finder, cross-validation, sweeps over settings.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hebb/config.hpp"
#include "hebb/datasets.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/run.hpp"

namespace hebb {

// ---- Learning-rate finder ----

struct RateFinderOptions {
  double from = 1e-7;  ///< first and last learning rate, positive
  double to = 10;
  std::int64_t steps = 200;                        ///< at least 20; the rate grows by the same factor at each
  const std::atomic<bool>* stop = nullptr;         ///< set it to end after the step at hand
  std::function<void(std::int64_t)> on_step = {};  ///< called with the number of steps done
};

struct RateFinding {
  std::vector<double> rates;
  /// Of the batches before their updates, smoothed: an average that decays by 0.95 a step, without its bias.
  std::vector<double> losses;
  /// Where the smoothed loss falls fastest against the logarithm of the rate; 0 where it never falls.
  double suggested = 0;
  double at_minimum = 0;  ///< the rate of the lowest smoothed loss; beyond it training is unstable
  bool diverged = false;  ///< ended early, with a loss that is not finite or four times the lowest
  bool interrupted = false;
};

/// The range test of Smith (2017, arXiv:1506.01186), with an exponential sweep: trains a model from its
/// initial weights while the learning rate grows from step to step. Nothing of it is kept. Epochs, schedule
/// and patience of the configuration do not count. Throws what run_training throws before it trains, and
/// ConfigError for options out of their ranges and for methods that choose their steps themselves (lbfgs,
/// rprop).
RateFinding find_learning_rate(const TrainConfig& config, DataSplits data,
                               const RateFinderOptions& options = {});

// ---- Several runs ----

struct Spread {
  double mean = 0;
  double deviation = 0;  ///< of a sample: divided by n - 1; 0 for a single value
};
Spread spread_of(std::span<const double> values);

struct ComparisonOptions {
  std::string out = {};  ///< folder in which each run has one of its own; empty: nothing is written
  bool overwrite = false;
  bool insight = true;                   ///< see RunOptions
  TrainingObserver* observer = nullptr;  ///< of all runs, one after the other
  const std::atomic<bool>* stop = nullptr;
};

struct CrossValidation {
  std::vector<EvaluationReport> folds;  ///< each on the samples that its model was not trained on
  bool interrupted = false;             ///< and then only the folds completed before

  Spread loss() const;
  Spread accuracy() const;  ///< of classes
  Spread rmse() const;      ///< of values
};

/// Cross-validation in k folds (Stone 1974; Kohavi 1995): the training split is cut into k parts, classes in
/// proportion; k models are trained, each on all parts but one (scaling learned from those alone), and
/// evaluated on that one. A test split is not looked at. A share set aside by `validation` is taken from the
/// parts trained on, so that early stopping does not see what a fold is judged by. Folders are named fold-1,
/// fold-2, ... `on_fold` gets the number of each fold, from 1, and its report. Throws ConfigError unless 2 <=
/// folds <= the number of samples, and what run_training throws.
CrossValidation cross_validate(const TrainConfig& config, const DataSplits& data, std::int64_t folds,
                               const ComparisonOptions& options = {},
                               const std::function<void(std::size_t, const EvaluationReport&)>& on_fold = {});

/// One setting that varies: a key of the configuration and the values it takes, as set_config_value reads
/// them.
struct SweepAxis {
  std::string key;
  std::vector<std::string> values;
};

struct SweepRun {
  std::vector<std::string> values;                  ///< one for each axis
  std::string folder = {};                          ///< where it is kept; empty when it is not
  std::int64_t epochs = 0;                          ///< trained
  std::optional<EvaluationReport> validation = {};  ///< none when training diverged
  std::string failure = {};                         ///< what went wrong then
};

struct Sweep {
  std::vector<SweepRun> runs;  ///< by validation loss, the lowest first; those that diverged come last
  bool interrupted = false;    ///< and then only the runs completed before
};

/// A run for every combination of the axes' values, compared by validation loss: the configuration needs a
/// `validation` share. Folders are named by number and values: "2-learning_rate=0.001". `on_run` gets each
/// run as it is completed. Throws ConfigError for a key that is unknown or says which data are loaded, for
/// values out of their ranges, before anything is trained; and what run_training throws, but for
/// DivergedError.
Sweep sweep(const TrainConfig& config, const DataSplits& data, const std::vector<SweepAxis>& axes,
            const ComparisonOptions& options = {}, const std::function<void(const SweepRun&)>& on_run = {});

}  // namespace hebb
