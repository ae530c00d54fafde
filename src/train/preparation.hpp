/// From a configuration and data to what a run or a trial begins with.
#pragma once

#include <memory>

#include "hebb/neurons.hpp"
#include "hebb/run.hpp"
#include "train/method.hpp"

namespace hebb::training {

/// Data split and scaled, the model that training starts from, and how it is trained.
struct Preparation {
  DataSplits data = {};
  Split samples = {};  ///< of the training data; both empty: all are trained on
  std::unique_ptr<Module> model = {};
  Loss loss = {};
  Method method = {};
  /// Set when the model is a neuron, which learns by its own rule; `model` then is its network.
  std::unique_ptr<neurons::Classifier> neuron = {};
  LoadReport loaded = {};  ///< what was taken from `init_from` when it was taken by name

  TrainerOptions trainer_options(const TrainConfig& config) const;
  /// The samples trained on and, where some are set aside, those, as the trainer wants them.
  TrainerInputs trainer_inputs() const;
};

/// Checks the configuration and does what it says, `threads` included. Of the training data only `among` are
/// used, if any are given. Throws what run_training throws.
Preparation prepare(const TrainConfig& config, DataSplits data, const std::vector<std::int64_t>& among = {});

/// run_training; with a fold, on the samples fold.train alone, and with `test` of the result being that of
/// fold.validation.
RunResult run_with_fold(const TrainConfig& config, DataSplits data, const RunOptions& options,
                        const Split* fold);

}  // namespace hebb::training
