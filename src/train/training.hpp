/// One training run while it goes on: the state behind `train`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hebb/trainer.hpp"
#include "hebb/training_step.hpp"
#include "train/recorder.hpp"

namespace hebb::training {

/// Where a run is: everything beside parameters and optimiser that decides what comes next.
struct Position {
  std::int64_t epoch = 0;  ///< epochs completed
  std::int64_t batch = 0;  ///< batches done of the next one
  double loss_sum = 0;     ///< of those batches
  double seconds = 0;      ///< they took
  double best_loss = 0;    ///< meaningful when there is a best epoch
  std::int64_t best_epoch = 0;
  std::int64_t bad_epochs = 0;  ///< since the best
  bool stopped_early = false;
};

/// The step of such a run. Throws ConfigError when model, loss and data do not fit.
TrainingStep make_step(const Module& model, const TrainerOptions& options, const Dataset& data);

class Training {
 public:
  Training(Module& model, const TrainerOptions& options, const TrainerInputs& inputs);
  TrainResult run();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::int64_t kNever = -2;  ///< of a set that is not shuffled

  void check_options() const;
  void resume(const Checkpoint& checkpoint);
  Checkpoint checkpoint();
  bool stop_asked() const;
  bool finished() const;

  /// Whether every batch is the whole training set, in its own order.
  bool whole_set_in_order() const { return shuffled_ == kNever; }
  std::int64_t batches() const;
  std::span<const std::int64_t> samples_of_batch();
  void fill(std::span<const std::int64_t> samples, const BatchBuffers& to) const;
  void shuffle();

  /// One batch; false when its loss is not finite, and then nothing but the step's own state has changed.
  bool one_step();
  /// The same, looking at what it does.
  bool observed_step();
  bool is_observed() const;
  double lbfgs_step();
  void train_epochs();
  bool train_one_epoch();
  void end_epoch();
  void validate(EpochReport& report);
  void judge(EpochReport& report);
  void deliver(double seconds);
  void tick(bool between_epochs);

  void take_snapshot();
  void restore(const Checkpoint& state);
  void replay(std::int64_t steps);
  std::string first_bad_state() const;
  void require_finite_state();
  [[noreturn]] void diverged(const std::string& what, std::string where = {});
  std::string culprit(const Dataset& data, std::span<const std::int64_t> samples, bool training) const;
  void finish();

  Module& model_;
  TrainerOptions options_;
  TrainerInputs inputs_;
  std::vector<std::int64_t> samples_;
  std::vector<std::int64_t> validation_;
  Shape output_;
  TrainingStep step_;
  std::optional<Augmenter> augmenter_;
  std::optional<Lbfgs> lbfgs_;
  std::optional<Recorder> recorder_;
  std::shared_ptr<const Insight> insight_;  ///< of the present epoch
  std::vector<double> point_;               ///< the parameters, for L-BFGS
  Schedule schedule_;
  double base_rate_;

  Position position_;
  std::vector<std::int64_t> order_;
  std::int64_t shuffled_ = -1;     ///< epoch whose order this is
  const float* filled_ = nullptr;  ///< buffer that holds the whole training set
  double last_loss_ = 0;
  std::vector<NamedValue> best_;
  std::vector<EpochReport> reports_;
  std::size_t delivered_ = 0;  ///< reports given to on_epoch
  std::size_t kept_ = 0;       ///< reports given with a checkpoint
  bool interrupted_ = false;

  Clock::time_point group_start_;
  Clock::time_point last_checkpoint_;
  Clock::time_point last_snapshot_;
  Clock::time_point last_progress_;
  Checkpoint snapshot_;
};

/// [n, sample...].
Shape batch_shape(std::int64_t n, const Shape& sample);

}  // namespace hebb::training
