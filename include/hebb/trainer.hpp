/// Training on data sets: epochs, batches, validation, early stopping, checkpoints, resumption.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hebb/augmentation.hpp"
#include "hebb/data.hpp"
#include "hebb/insight.hpp"
#include "hebb/losses.hpp"
#include "hebb/module.hpp"
#include "hebb/optim.hpp"

namespace hebb {

/// How to train.
struct TrainerOptions {
  Loss loss = {};
  Optimizer optimizer = {};
  /// Set to train by L-BFGS instead: full batch, one epoch an iteration. It chooses its steps itself, so that
  /// `schedule` and `clip` do not count.
  std::optional<LbfgsOptions> lbfgs = {};
  Schedule schedule = {};
  PenaltyOptions penalty = {};
  ClipOptions clip = {};
  double mixup = 0;                      ///< see TrainingOptions
  Precision precision = Precision::f32;  ///< of products
  double ema = 0;  ///< see TrainingOptions; validation, best and final weights are then those of the average
  /// Patterns of parameters that stay as they are, running statistics included: "dense_1.*".
  std::vector<std::string> freeze = {};
  /// Samples a step; 0: all of them, in the data set's order, which then is not shuffled. The last batch of
  /// an epoch may be shorter.
  std::int64_t batch_size = 32;
  std::int64_t epochs = 10;   ///< in total, those before a resumption included; 0 trains nothing
  std::int64_t patience = 0;  ///< epochs without a lower validation loss before stopping; 0: never stop early
  std::uint64_t seed = 0;     ///< of shuffling, dropout, mixing and augmentation
  /// Random changes of the training images, anew in every epoch; functions of seed, epoch and sample.
  Augmentation augment = {};
  std::int64_t evaluation_batch = 1024;
  double checkpoint_seconds = 30;
  /// Look inside at the end of epochs (EpochReport::insight), which changes no result. Of all epochs where
  /// one is long against a look; of 50 to 200 in a run of many short ones, the first and the last among them.
  bool insight = false;
};

/// What there is to say about one epoch.
struct EpochReport {
  std::int64_t epoch = 0;  ///< from 1
  std::int64_t steps = 0;  ///< since the beginning of training
  /// In the loss's own scale, penalties and mixing included, as the steps saw it: the mean over samples of
  /// the batches' losses before their updates; for sse their sum. For a full batch it is exactly the loss
  /// before the epoch's update.
  double train_loss = 0;
  double learning_rate = 0;  ///< of the last step
  /// The training pass alone, shuffling and forming batches included. Epochs shorter than the clock is worth
  /// reading are timed in groups and share their time equally.
  double seconds = 0;
  std::optional<double> validation_loss = {};
  std::optional<double> validation_accuracy = {};  ///< classes
  std::optional<double> validation_rmse = {};      ///< values
  std::optional<double> validation_r2 = {};        ///< values
  bool best = false;                               ///< lowest validation loss so far
  /// What the inside of the model looked like, of epochs in which it was looked at.
  std::shared_ptr<const Insight> insight = {};
};

/// A training run at rest: what it takes to go on as if it had never stopped.
struct Checkpoint {
  std::vector<NamedValue> parameters = {};
  std::vector<NamedValue> optimizer = {};
  std::vector<NamedValue> average = {};  ///< moving average of the parameters; empty where there is none
  std::vector<NamedValue> best = {};     ///< parameters of the best epoch; empty where there is none
  std::string progress = {};  ///< JSON: counters, schedule, early stopping, sums of an unfinished epoch
  std::int64_t epoch = 0;     ///< epochs completed
  std::int64_t steps = 0;
  /// Reports of the completed epochs, when given to resume from; those not yet seen, when given to an
  /// observer.
  std::vector<EpochReport> reports = {};
};

/// Watches a training run. All calls come from the training thread; an exception ends training and goes
/// through.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  /// After each epoch, in order; of very short epochs, several at a time.
  virtual void on_epoch(const EpochReport&) {}
  /// Samples done of the present epoch; about ten times a second, not at all in short epochs.
  virtual void on_progress(std::int64_t /*done*/, std::int64_t /*total*/) {}
  /// Every `checkpoint_seconds`, on interruption, and at the end: a state worth keeping. `final` when no
  /// training will follow because epochs or patience ran out.
  virtual void on_checkpoint(const Checkpoint&, bool /*final*/) {}
  /// Whether on_checkpoint is of interest at all; if not, none are made.
  virtual bool wants_checkpoints() const { return false; }
};

/// What a run is given beside its options.
struct TrainerInputs {
  const Dataset* train = nullptr;       ///< scaled as the model shall see it
  const Dataset* validation = nullptr;  ///< none when null
  /// The samples of each that are used; all when empty. Both may be of one data set.
  Split samples = {};
  const Checkpoint* resume = nullptr;       ///< where to go on
  const std::atomic<bool>* stop = nullptr;  ///< set it to finish the step at hand and return
  TrainingObserver* observer = nullptr;
};

/// How a run ended.
struct TrainResult {
  std::vector<EpochReport> epochs = {};  ///< all of them, those before a resumption included
  std::int64_t steps = 0;
  std::int64_t best_epoch =
      0;  ///< of the lowest validation loss, whose weights the model has; 0 without validation
  bool interrupted = false;    ///< by `stop`; the model has the weights of the last step
  bool stopped_early = false;  ///< by `patience`

  std::vector<double> loss_history() const;
  std::vector<double> epoch_seconds() const;
};

/// Trains the model, which has the result when this returns: the weights of the epoch with the lowest
/// validation loss where there is validation, else the last ones.
///
///     auto model = Sequential::parse("dense(128, act=relu) dense(10)");
///     model.build(data.input_shape(), seed);
///     TrainResult result = train(model, {.loss = "cross_entropy", .optimizer = Adam(), .epochs = 5}, {.train
///     = &data});
///
/// The result is a function of model, options, data and instruction set: neither the number of threads nor
/// where a run was stopped and resumed changes a bit of it. Throws ConfigError for options out of their
/// ranges and for a model that does not fit data or loss; DataError for an empty data set; FormatError for a
/// checkpoint of another model; DivergedError, naming the layer or parameter in which the first value that is
/// not finite appeared, after the observer was given the last good state; the model is left as it was.
TrainResult train(Module& model, const TrainerOptions& options, const TrainerInputs& inputs);

}  // namespace hebb
