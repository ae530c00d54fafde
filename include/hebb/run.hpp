/// Runs: from a configuration and a data set to a trained model, and the folder that keeps it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hebb/config.hpp"
#include "hebb/datasets.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/model_file.hpp"
#include "hebb/trainer.hpp"

namespace hebb {

namespace neurons {
class Classifier;
}

/// The files of a run folder.
///
/// - config.toml: the resolved configuration
/// - metrics.jsonl: one JSON object a line and epoch
/// - insight.jsonl: what the inside of the model looked like (Insight), one JSON object a line
/// - outcome.json: how the run ended, and what the resulting model makes of the data; not there before the
/// end
/// - best.safetensors: the model with the lowest validation loss; without validation the same as last
/// - last.safetensors: the model at the last checkpoint
/// - resume.safetensors: what resumption needs: parameters, optimiser, counters; one file, so that it is
///   always of one moment
struct RunFiles {
  static constexpr const char* kConfig = "config.toml";
  static constexpr const char* kMetrics = "metrics.jsonl";
  static constexpr const char* kInsight = "insight.jsonl";
  static constexpr const char* kOutcome = "outcome.json";
  static constexpr const char* kBest = "best.safetensors";
  static constexpr const char* kLast = "last.safetensors";
  static constexpr const char* kResume = "resume.safetensors";
  static constexpr const char* kReport = "report.html";  ///< written by write_report of hebb/report.hpp
  static constexpr const char* kLock = ".lock";
};

/// Whether a folder holds a run.
bool holds_run(const std::string& folder);
/// The configuration of the run in a folder. Throws FormatError when there is none.
TrainConfig read_run_config(const std::string& folder);

/// What to do with a configuration.
struct RunOptions {
  std::string out = {};    ///< the run folder; empty: nothing is written
  bool overwrite = false;  ///< replace a run that is there; otherwise it is refused
  bool resume = false;     ///< go on with the run that is there
  bool insight = true;     ///< keep insight.jsonl in the folder; changes no result
  TrainingObserver* observer = nullptr;
  const std::atomic<bool>* stop = nullptr;
};

/// What came of a run.
struct RunResult {
  TrainConfig config = {};  ///< resolved: loss, learning rate and model as they were used
  TrainResult training = {};
  SavedModel model = {};
  /// As it learned (hebb/neurons.hpp), when the model is a neuron; `model` is its network.
  std::shared_ptr<const neurons::Classifier> neuron = {};
  LoadReport loaded = {};       ///< what was taken from `init_from` when it was taken by name
  std::int64_t parameters = 0;  ///< trainable elements before freezing
  EvaluationReport train = {};  ///< of the resulting model on the training samples; not when interrupted
  std::optional<EvaluationReport> validation = {};
  std::optional<EvaluationReport> test = {};
  int threads = 0;
};

/// Splits and scales the data, builds the model, trains, evaluates on the test split where there is one, and
/// keeps the run folder. Everything is checked, and the folder made and locked, before training starts. The
/// data are as `load_dataset(config.data, config.data_options)` gives them, unscaled.
///
/// Throws what its parts throw; ConfigError when the folder holds a run and neither `overwrite` nor `resume`
/// is given, when `resume` finds a run of another configuration (only `epochs`, `patience`, `threads`,
/// `checkpoint_seconds`, `evaluation_batch` and where data lie may differ), and when another process runs in
/// it; FormatError when the folder cannot be written.
RunResult run_training(const TrainConfig& config, DataSplits data, const RunOptions& options = {});

/// The result as the JSON object of `hebb train --json`: train_loss, test_loss, test_accuracy (and other
/// metrics that apply), validation_loss, validation_accuracy, epochs, epoch_seconds, total_seconds,
/// loss_history, parameters, threads, precision, seed, model, interrupted, stopped_early, best_epoch.
std::string to_json(const RunResult& result, double total_seconds);

}  // namespace hebb
