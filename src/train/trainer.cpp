#include "hebb/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "train/tally.hpp"
#include "train/training.hpp"

namespace hebb {

namespace training {

namespace {

constexpr double kGroupSeconds = 2e-3;  // epochs shorter than this share readings of the clock
constexpr std::int64_t kMostGrouped = 4096;
constexpr double kSnapshotSeconds = 2;  // what a divergence makes us repeat at the most
constexpr double kProgressSeconds = 0.1;

Shape output_of(const Module& model, const Shape& input) {
  ForwardContext context;
  const Tensor y = model.forward(Tensor::placeholder(batch_shape(1, input), DType::f32, "input"), context);
  const auto& extents = y.shape().extents();
  if (extents.empty()) throw ConfigError("the model's output has no batch axis");
  return Shape(std::vector<std::int64_t>(extents.begin() + 1, extents.end()));
}

SampleShape sample_shape_of(const Module& model, const Dataset& data) {
  const bool classes = data.target_kind() == TargetKind::classes;
  return {.input = data.input_shape(),
          .target_type = classes ? DType::i32 : DType::f32,
          .target = classes ? Shape() : output_of(model, data.input_shape())};
}

std::string number_kind(double value) { return std::isnan(value) ? "not a number" : "infinite"; }

const Dataset& required(const Dataset* data) {
  if (data == nullptr) throw ConfigError("train: there is no training data");
  return *data;
}

}  // namespace

Shape batch_shape(std::int64_t n, const Shape& sample) {
  std::vector<std::int64_t> extents = {n};
  extents.insert(extents.end(), sample.extents().begin(), sample.extents().end());
  return Shape(std::move(extents));
}

TrainingStep make_step(const Module& model, const TrainerOptions& options, const Dataset& data) {
  check_fit(output_of(model, data.input_shape()), data, options.loss);
  return {model,
          sample_shape_of(model, data),
          {.loss = options.loss,
           .optimizer = options.optimizer,
           .penalty = options.penalty,
           .clip = options.clip,
           .freeze = options.freeze,
           .mixup = options.mixup,
           .ema = options.ema,
           .seed = options.seed,
           .precision = options.precision}};
}

Training::Training(Module& model, const TrainerOptions& options, const TrainerInputs& inputs)
    : model_(model),
      options_(options),
      inputs_(inputs),
      samples_(samples_of(required(inputs.train), inputs.samples.train)),
      output_(output_of(model, inputs.train->input_shape())),
      step_(make_step(model, options, *inputs.train)),
      schedule_(options.schedule),
      base_rate_(options.lbfgs ? options.lbfgs->learning_rate : options.optimizer.learning_rate()) {
  check_options();
  if (inputs.validation != nullptr) validation_ = samples_of(*inputs.validation, inputs.samples.validation);
  const auto count = static_cast<std::int64_t>(samples_.size());
  if (options_.batch_size == 0 || options_.lbfgs) {
    options_.batch_size = count;
    order_ = samples_;
    shuffled_ = kNever;
  } else {
    options_.batch_size = std::min(options_.batch_size, count);
    order_.resize(samples_.size());
  }
  if (!options_.augment.empty()) augmenter_.emplace(options_.augment, *inputs.train, options_.seed);
  if (options_.lbfgs) {
    lbfgs_.emplace(*options_.lbfgs);
    std::vector<float> flat(static_cast<std::size_t>(step_.trainable_size()));
    step_.get_trainable(flat);
    point_.assign(flat.begin(), flat.end());
  }
  reports_.reserve(static_cast<std::size_t>(std::min<std::int64_t>(options_.epochs, 1 << 16)));
  if (options_.insight) recorder_.emplace(model_, options_, *inputs_.train, samples_);
  if (inputs_.resume != nullptr) resume(*inputs_.resume);
}

void Training::check_options() const {
  const auto require = [](bool holds, const char* what, double value) {
    if (!holds) throw ConfigError(fmt::format("train: {}, got {}", what, value));
  };
  require(options_.batch_size >= 0, "expected a batch size of 1 or more, or 0 for all samples",
          static_cast<double>(options_.batch_size));
  require(options_.epochs >= 0, "expected 0 or more epochs", static_cast<double>(options_.epochs));
  require(options_.patience >= 0, "expected a patience of 0 or more", static_cast<double>(options_.patience));
  require(options_.evaluation_batch >= 1, "expected an evaluation batch of 1 or more",
          static_cast<double>(options_.evaluation_batch));
  require(options_.mixup == 0 || !options_.lbfgs, "lbfgs learns from samples as they are: expected mixup 0",
          options_.mixup);
  require(options_.ema == 0 || !options_.lbfgs, "lbfgs keeps no average: expected ema 0", options_.ema);
  require(options_.checkpoint_seconds >= 0, "expected 0 or more seconds between checkpoints",
          options_.checkpoint_seconds);
  if (options_.lbfgs && !options_.augment.empty())
    throw ConfigError(
        "train: L-BFGS needs a loss that stays the same; augmentation changes it in every epoch");
}

std::int64_t Training::batches() const {
  const auto count = static_cast<std::int64_t>(samples_.size());
  return (count + options_.batch_size - 1) / options_.batch_size;
}

bool Training::stop_asked() const {
  return inputs_.stop != nullptr && inputs_.stop->load(std::memory_order_relaxed);
}

bool Training::finished() const { return position_.epoch >= options_.epochs || position_.stopped_early; }

void Training::shuffle() {
  if (shuffled_ == position_.epoch) return;
  epoch_order(samples_, options_.seed, static_cast<std::uint64_t>(position_.epoch), order_);
  shuffled_ = position_.epoch;
}

std::span<const std::int64_t> Training::samples_of_batch() {
  const auto begin = static_cast<std::size_t>(position_.batch * options_.batch_size);
  const std::size_t end = std::min(order_.size(), begin + static_cast<std::size_t>(options_.batch_size));
  return std::span<const std::int64_t>(order_).subspan(begin, end - begin);
}

void Training::fill(std::span<const std::int64_t> samples, const BatchBuffers& to) const {
  inputs_.train->fill(samples, to.inputs, {.labels = to.labels, .values = to.values});
  if (!augmenter_) return;
  const std::size_t elements =
      samples.size() * static_cast<std::size_t>(inputs_.train->input_shape().elements());
  (*augmenter_)({to.inputs, elements}, samples, static_cast<std::uint64_t>(position_.epoch));
}

bool Training::one_step() {
  const std::span<const std::int64_t> samples = samples_of_batch();
  const BatchBuffers buffers = step_.batch(static_cast<std::int64_t>(samples.size()));
  // A batch that is the whole set in its own order is formed once: steps leave it as it is.
  if (buffers.inputs != filled_) {
    fill(samples, buffers);
    filled_ = whole_set_in_order() && !augmenter_ ? buffers.inputs : nullptr;
  }
  if (lbfgs_) {
    last_loss_ = lbfgs_step();
  } else {
    step_.set_learning_rate(schedule_.rate(base_rate_, step_.steps(), batches(),
                                           std::max<std::int64_t>(1, options_.epochs * batches())));
    last_loss_ = step_.run();
  }
  if (!std::isfinite(last_loss_)) return false;
  const auto weight = options_.loss.is_sum() ? 1.0 : static_cast<double>(samples.size());
  position_.loss_sum += weight * last_loss_;
  ++position_.batch;
  return true;
}

/// Whether the next batch is the last whole one of an epoch that is looked at.
bool Training::is_observed() const {
  if (!recorder_) return false;
  const std::int64_t whole = static_cast<std::int64_t>(samples_.size()) / options_.batch_size;
  return position_.batch == whole - 1 && recorder_->due(position_.epoch + 1);
}

bool Training::observed_step() {
  auto since = Clock::now();
  recorder_->before(step_);
  group_start_ += Clock::now() - since;  // the time of training is that of training alone
  if (!one_step()) return false;
  since = Clock::now();
  // The batch that was asked for is still there.
  Insight seen = recorder_->after(step_, step_.batch(options_.batch_size), options_.batch_size, output_);
  seen.epoch = position_.epoch + 1;
  seen.steps = lbfgs_ ? seen.epoch : step_.steps();
  insight_ = std::make_shared<const Insight>(std::move(seen));
  group_start_ += Clock::now() - since;
  return true;
}

double Training::lbfgs_step() {
  std::vector<float> flat(point_.size());
  std::vector<float> slope(point_.size());
  const double loss = lbfgs_->step(point_, [&](std::span<const double> x, std::span<double> gradient) {
    std::transform(x.begin(), x.end(), flat.begin(), [](double value) { return static_cast<float>(value); });
    step_.set_trainable(flat);
    const double value = step_.loss_and_gradient(slope);
    std::copy(slope.begin(), slope.end(), gradient.begin());
    return value;
  });
  std::transform(point_.begin(), point_.end(), flat.begin(),
                 [](double value) { return static_cast<float>(value); });
  step_.set_trainable(flat);
  return loss;
}

bool Training::train_one_epoch() {
  if (!whole_set_in_order()) shuffle();
  const std::int64_t count = batches();
  while (position_.batch < count) {
    if (!(is_observed() ? observed_step() : one_step())) return false;
    // The clock is read within long epochs only: see train_epochs.
    if (count > 1) tick(false);
    if (stop_asked()) break;
  }
  if (position_.batch == count) end_epoch();
  return true;
}

void Training::end_epoch() {
  EpochReport report;
  report.epoch = ++position_.epoch;
  report.steps = lbfgs_ ? position_.epoch : step_.steps();
  report.learning_rate = lbfgs_ ? base_rate_ : step_.learning_rate();
  const auto count = static_cast<double>(samples_.size());
  report.train_loss = options_.loss.is_sum() ? position_.loss_sum : position_.loss_sum / count;
  report.insight = std::move(insight_);
  position_.batch = 0;
  position_.loss_sum = 0;
  reports_.push_back(report);
  if (lbfgs_ && lbfgs_->converged()) position_.stopped_early = true;
  if (validation_.empty()) judge(reports_.back());
}

/// What the losses of an epoch decide about those after it.
void Training::judge(EpochReport& report) {
  schedule_.observe(report.validation_loss.value_or(report.train_loss));
  if (!report.validation_loss) return;
  report.best = position_.best_epoch == 0 || *report.validation_loss < position_.best_loss;
  if (report.best) {
    position_.best_loss = *report.validation_loss;
    position_.best_epoch = report.epoch;
    position_.bad_epochs = 0;
    best_ = step_.inference_state();
  } else {
    ++position_.bad_epochs;
  }
  if (options_.patience > 0 && position_.bad_epochs >= options_.patience) position_.stopped_early = true;
}

/// Epochs in groups that are long enough for the clock; of one epoch each where there is validation.
void Training::train_epochs() {
  std::int64_t group = 1;
  while (!finished() && !interrupted_) {
    group_start_ = Clock::now();
    const std::int64_t end = std::min(options_.epochs, position_.epoch + group);
    while (position_.epoch < end && !position_.stopped_early) {
      if (!train_one_epoch()) diverged("the loss is " + number_kind(last_loss_));
      if (stop_asked()) {
        interrupted_ = !finished();
        break;
      }
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - group_start_).count();
    deliver(seconds);
    if (validation_.empty() && seconds < kGroupSeconds && group < kMostGrouped) group *= 2;
    if (!interrupted_ && !finished()) tick(true);
  }
}

/// Shares the time of a group among its epochs, completes their reports and hands them out.
void Training::deliver(double seconds) {
  const std::size_t fresh = reports_.size() - delivered_;
  if (fresh == 0) {
    position_.seconds += seconds;
    return;
  }
  for (; delivered_ < reports_.size(); ++delivered_) {
    EpochReport& report = reports_[delivered_];
    report.seconds = (seconds + position_.seconds) / static_cast<double>(fresh);
    if (!validation_.empty()) {
      require_finite_state();
      validate(report);
      judge(report);
    }
    if (inputs_.observer != nullptr) inputs_.observer->on_epoch(report);
  }
  position_.seconds = 0;
}

void Training::validate(EpochReport& report) {
  Tally tally(output_, *inputs_.validation, options_.loss, 1);
  const auto most = static_cast<std::size_t>(options_.evaluation_batch);
  for (std::size_t start = 0; start < validation_.size(); start += most) {
    const std::size_t n = std::min(most, validation_.size() - start);
    const BatchBuffers buffers = step_.evaluation_batch(static_cast<std::int64_t>(n));
    const TargetBuffer targets = {.labels = buffers.labels, .values = buffers.values};
    inputs_.validation->fill(std::span<const std::int64_t>(validation_).subspan(start, n), buffers.inputs,
                             targets);
    const TrainingStep::Evaluation evaluation = step_.evaluate();
    if (!std::isfinite(evaluation.loss)) {
      const std::string where =
          culprit(*inputs_.validation, std::span<const std::int64_t>(validation_).subspan(start, n), false);
      diverged("the validation loss is " + number_kind(evaluation.loss), where);
    }
    tally.add(evaluation.outputs, evaluation.loss, targets);
  }
  filled_ = nullptr;
  const EvaluationReport found = tally.report();
  report.validation_loss = found.loss;
  if (found.classes) report.validation_accuracy = found.classes->accuracy();
  if (found.values) {
    report.validation_rmse = found.values->rmse();
    report.validation_r2 = found.values->r2();
  }
}

/// What is done by the clock: progress, snapshots, checkpoints. `between_epochs` says that no report is
/// pending.
void Training::tick(bool between_epochs) {
  const auto now = Clock::now();
  const auto since = [&](Clock::time_point then) {
    return std::chrono::duration<double>(now - then).count();
  };
  if (!between_epochs && inputs_.observer != nullptr && since(last_progress_) >= kProgressSeconds &&
      since(group_start_) >= kProgressSeconds) {
    last_progress_ = now;
    const auto count = static_cast<std::int64_t>(samples_.size());
    inputs_.observer->on_progress(std::min(count, position_.batch * options_.batch_size), count);
  }
  const bool reports_pending = delivered_ != reports_.size();
  if (reports_pending) return;
  const bool snapshot_due = since(last_snapshot_) >= kSnapshotSeconds;
  const bool wanted = inputs_.observer != nullptr && inputs_.observer->wants_checkpoints();
  const bool checkpoint_due = wanted && since(last_checkpoint_) >= options_.checkpoint_seconds;
  if (snapshot_due || checkpoint_due) require_finite_state();
  if (snapshot_due) take_snapshot();
  if (checkpoint_due) {
    inputs_.observer->on_checkpoint(checkpoint(), false);
    last_checkpoint_ = Clock::now();
  }
}

void Training::finish() {
  require_finite_state();
  const bool wanted = inputs_.observer != nullptr && inputs_.observer->wants_checkpoints();
  if (wanted) inputs_.observer->on_checkpoint(checkpoint(), !interrupted_);
  step_.store(model_);
  if (!interrupted_ && !best_.empty()) load_exactly(parameters(model_), best_);
}

TrainResult Training::run() {
  last_checkpoint_ = last_snapshot_ = last_progress_ = Clock::now();
  take_snapshot();
  train_epochs();
  finish();
  return {.epochs = std::move(reports_),
          .steps = lbfgs_ ? position_.epoch : step_.steps(),
          .best_epoch = position_.best_epoch,
          .interrupted = interrupted_,
          .stopped_early = position_.stopped_early};
}

}  // namespace training

TrainResult train(Module& model, const TrainerOptions& options, const TrainerInputs& inputs) {
  return training::Training(model, options, inputs).run();
}

std::vector<double> TrainResult::loss_history() const {
  std::vector<double> history;
  for (const EpochReport& report : epochs) history.push_back(report.train_loss);
  return history;
}

std::vector<double> TrainResult::epoch_seconds() const {
  std::vector<double> seconds;
  for (const EpochReport& report : epochs) seconds.push_back(report.seconds);
  return seconds;
}

}  // namespace hebb
