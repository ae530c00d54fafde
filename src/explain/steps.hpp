/// Training that can be stopped at any step, to look at the model.
#pragma once

#include <cstdint>
#include <vector>

#include "hebb/trainer.hpp"
#include "hebb/training_step.hpp"

namespace hebb::explaining {

/// Takes the steps that `train` takes, in the same order; without validation.
class Steps {
 public:
  /// Throws what make_step throws.
  Steps(const Module& model, const TrainerOptions& training, const Dataset& data);

  /// So many steps more. Throws DivergedError where a loss is not finite.
  void run(std::int64_t count);
  /// In an epoch.
  std::int64_t batches() const { return batches_; }
  /// The learning rate of the next step.
  double next_rate() const;
  TrainingStep& step() { return step_; }
  const TrainingStep& step() const { return step_; }

 private:
  const TrainerOptions& training_;
  const Dataset& data_;
  TrainingStep step_;
  std::int64_t size_ = 0;  ///< samples of a step
  std::int64_t batches_ = 0;
  std::vector<std::int64_t> order_;
};

/// Throws ConfigError, naming `purpose`, for what such steps cannot be taken with: L-BFGS, mixup, moving
/// averages, augmentation, a negative batch size.
void require_plain(const TrainerOptions& training, const char* purpose);

}  // namespace hebb::explaining
