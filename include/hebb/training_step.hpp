/// Training and prediction, one step at a time, without data sets, files or clocks: what trainers are made
/// of.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hebb/losses.hpp"
#include "hebb/module.hpp"
#include "hebb/optim.hpp"
#include "hebb/precision.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

/// Shape and type of what one step learns from, without the batch.
struct SampleShape {
  Shape input;                     ///< of one sample
  DType target_type = DType::f32;  ///< i32: class labels, [batch]; f32: values, [batch, target...]
  Shape target = {};               ///< of one sample's target; ignored for labels
};

/// What a training step does with a batch.
struct TrainingOptions {
  Loss loss = {};
  Optimizer optimizer = {};
  PenaltyOptions penalty = {};
  ClipOptions clip = {};
  /// Patterns of parameter names that stay as they are, running statistics included: "dense_1.*".
  std::vector<std::string> freeze = {};
  /// Mixing of samples (Zhang et al. 2018, arXiv:1710.09412): each step draws a share s from Beta(mixup,
  /// mixup), a function of seed and step, and learns from s x[i] + (1 - s) x[n-1-i] with targets mixed
  /// likewise; of labels, s and 1 - s weigh the losses against both. 0: none.
  double mixup = 0;
  /// Decay d in [0, 1) of an exponential moving average of parameters and running statistics, with which the
  /// model is evaluated and stored; 0: none. It starts from the initial values, and after step t = 1, 2, ...
  /// becomes e + (1 - min(d, (1 + t) / (10 + t))) (p - e): a shorter memory while there is little to
  /// remember.
  double ema = 0;
  std::uint64_t seed = 0;                ///< of dropout and mixing
  Precision precision = Precision::f32;  ///< of products
};

/// Elements of a batch, to be written before a step.
struct BatchBuffers {
  float* inputs = nullptr;         ///< [n, input...]
  std::int32_t* labels = nullptr;  ///< [n], for class labels
  float* values = nullptr;         ///< [n, target...], otherwise
};

/// Trains a model: forward pass, loss, gradients and update, compiled to one plan for each batch size. Holds
/// the parameters and the optimiser's state while it does; the model given to it does not change until
/// `store`.
///
///     TrainingStep step(model, {.input = {3}, .target = {1}}, {.loss = "sse", .optimizer =
///     Sgd({.learning_rate = 1})}); for (int i = 0; i < 1500; ++i) double loss = step(x, y);
///     step.store(model);
class TrainingStep {
 public:
  /// Throws ConfigError when a freeze pattern matches nothing, no parameter is left to train, or a number is
  /// out of its range.
  TrainingStep(const Module& model, SampleShape sample, TrainingOptions options);
  ~TrainingStep();
  TrainingStep(TrainingStep&&) noexcept;
  TrainingStep& operator=(TrainingStep&&) noexcept;

  /// One step on a batch, x [n, input...] and y [n] or [n, target...]; returns the loss before the update,
  /// penalties included. Throws ShapeError when they do not fit.
  double operator()(const Tensor& x, const Tensor& y);

  /// The buffers for a batch of n samples, which the next `run` learns from; they stay valid, and keep what
  /// is written, until as many other batch sizes have been used as there is room for plans.
  BatchBuffers batch(std::int64_t n);
  /// One step on the buffers asked for last; returns the loss before the update. Throws Error when there are
  /// none, or not any more.
  double run();

  /// Loss and gradient on the buffers asked for last, for methods that choose their steps themselves; nothing
  /// is updated, and gradients are not clipped. `gradient` gets the trainable parameters' gradients, flat, in
  /// the order of the parameters. Throws ShapeError when it has no room for trainable_size() numbers.
  double loss_and_gradient(std::span<float> gradient);
  /// Number of trainable elements; and those elements, flat: ShapeError for any other number of them.
  std::int64_t trainable_size() const;
  void get_trainable(std::span<float> flat) const;
  void set_trainable(std::span<const float> flat);

  /// The model's outputs outside training for a batch written to `evaluation_batch(n)`, and the loss on it
  /// where targets were written (penalties not included); by the moving average where there is one.
  struct Evaluation {
    std::span<const float> outputs;  ///< [n, outputs...], valid until the next evaluation
    double loss = 0;
  };
  BatchBuffers evaluation_batch(std::int64_t n);
  Evaluation evaluate();

  /// The share of the next step's mixing, a scalar; empty without mixing.
  Tensor mixing() const;
  /// i32 [2]: where the next step's random numbers come from (ForwardContext::key).
  Tensor key() const;

  /// Steps taken so far, from the beginning of training. Part of the state.
  std::int64_t steps() const;
  double learning_rate() const;
  void set_learning_rate(double rate);

  /// Copies what predictions are to be made with into a model of the same parameters: their moving average
  /// where there is one, else their present values.
  void store(Module& model) const;
  /// The same, by name.
  std::vector<NamedValue> inference_state() const;
  /// Parameters by name, and the optimiser's state; together with `steps`, and with `inference_state` where
  /// there is a moving average, the whole state of training. Setting throws FormatError unless names and
  /// shapes are the same.
  std::vector<NamedValue> parameter_state() const;
  std::vector<NamedValue> optimizer_state() const;
  void set_state(const std::vector<NamedValue>& parameters, const std::vector<NamedValue>& optimizer,
                 std::int64_t steps, const std::vector<NamedValue>& average = {});

  /// What the plan for the last batch size computes, one line a kernel.
  std::string plan() const;
  /// Bytes of memory in which the plan of a step on n samples keeps its values, the batch included.
  /// Parameters and the optimiser's state lie outside, `state_bytes` of them. Nothing of that size is
  /// allocated.
  std::size_t plan_bytes(std::int64_t n) const;
  std::size_t state_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A model ready to predict: compiled, with memory of its own, where weights also lie in the order in which
/// products read them, once for each of the latest sizes of batch. One predictor serves one thread at a time;
/// make one for each thread that predicts.
class Predictor {
 public:
  /// Takes a snapshot of the model's parameters; `precision` is that of products.
  Predictor(const Module& model, const Shape& input_shape, Precision precision = Precision::f32);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  /// The outputs for n samples, [n, input...] as they lie in `inputs`; valid until the next call. Large
  /// batches are computed in parts that stay in the cache: the model predicts each sample by itself. Throws
  /// ShapeError unless the number of values is a multiple of a sample's.
  std::span<const float> operator()(std::span<const float> inputs);
  /// Shape of one sample's output.
  const Shape& output_shape() const;
  /// Bytes of memory in which the plan for n samples at once keeps its values, inputs included;
  /// parameters lie outside. Nothing of that size is allocated.
  std::size_t plan_bytes(std::int64_t n) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hebb
