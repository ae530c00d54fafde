/// Looks inside a model at the end of epochs, beside the training step and without touching it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hebb/insight.hpp"
#include "hebb/model.hpp"
#include "hebb/trainer.hpp"
#include "hebb/training_step.hpp"
#include "hebb/transforms.hpp"
#include "train/looks.hpp"

namespace hebb::training {

class Recorder {
 public:
  /// `samples` are those of `data` that are trained on, in batches of `batch_size`. Neither the model nor the
  /// data are kept: the activations' inputs are taken now.
  Recorder(const Module& model, const TrainerOptions& options, const Dataset& data,
           const std::vector<std::int64_t>& samples);

  /// Whether an epoch, 1 for the first, is looked at.
  bool due(std::int64_t epoch) const { return due_(epoch); }
  /// Keeps the state that a step begins with.
  void before(const TrainingStep& step);
  /// Looks at what the step made of it. `batch` holds the n samples that it learned from, values of the shape
  /// `target` where they are no labels.
  Insight after(const TrainingStep& step, const BatchBuffers& batch, std::int64_t n, const Shape& target);

 private:
  Tensors slopes(const BatchBuffers& batch, std::int64_t n, const Shape& target) const;

  std::shared_ptr<Module> model_;
  std::vector<NamedTensor> parameters_;  ///< of that model
  Shape input_;
  DueLooks due_;
  Activations activations_;
  Compiled slopes_;
  Tensors before_;  ///< parameters
  Tensor key_;
  Tensor mixing_;
};

}  // namespace hebb::training
