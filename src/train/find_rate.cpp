#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hebb/augmentation.hpp"
#include "hebb/error.hpp"
#include "hebb/experiments.hpp"
#include "train/preparation.hpp"
#include "train/tally.hpp"
#include "train/training.hpp"

namespace hebb {

namespace {

constexpr double kDecay = 0.95;      // of the running average that tells divergence
constexpr double kDivergence = 4;    // times the lowest loss
constexpr double kSmoothing = 0.85;  // of the curve, forwards and backwards

void check(const RateFinderOptions& o) {
  if (!(o.from > 0 && o.to > o.from && std::isfinite(o.to)))
    throw ConfigError(
        fmt::format("find_learning_rate: expected rates 0 < from < to, got {} and {}", o.from, o.to));
  if (o.steps < 20 || o.steps > 1000000)
    throw ConfigError(fmt::format("find_learning_rate: expected 20 to 1000000 steps, got {}", o.steps));
}

/// Batches of an endless sequence of shuffled epochs.
class Batches {
 public:
  Batches(const Dataset& data, const std::vector<std::int64_t>& samples, const TrainConfig& config)
      : data_(data), samples_(training::samples_of(data, samples)), order_(samples_), seed_(config.seed) {
    in_order_ = config.batch_size == 0;
    size_ =
        in_order_ ? samples_.size() : std::min(samples_.size(), static_cast<std::size_t>(config.batch_size));
    at_ = order_.size();
    const Augmentation augment = Augmentation::parse(config.augment);
    if (!augment.empty()) augmenter_.emplace(augment, data, seed_);
  }

  void fill_next(TrainingStep& step) {
    if (at_ >= order_.size()) {
      ++epoch_;
      if (!in_order_) epoch_order(samples_, seed_, epoch_, order_);
      at_ = 0;
    }
    const std::size_t n = std::min(size_, order_.size() - at_);
    const BatchBuffers to = step.batch(static_cast<std::int64_t>(n));
    const auto batch = std::span<const std::int64_t>(order_).subspan(at_, n);
    data_.fill(batch, to.inputs, {.labels = to.labels, .values = to.values});
    const std::size_t elements = n * static_cast<std::size_t>(data_.input_shape().elements());
    if (augmenter_) (*augmenter_)({to.inputs, elements}, batch, epoch_);
    at_ += n;
  }

 private:
  const Dataset& data_;
  std::vector<std::int64_t> samples_;
  std::vector<std::int64_t> order_;
  std::uint64_t seed_;
  std::optional<Augmenter> augmenter_;
  std::uint64_t epoch_ = ~std::uint64_t{0};  ///< before the first
  std::size_t size_ = 0;
  std::size_t at_ = 0;
  bool in_order_ = false;
};

/// An exponential average without the bias of its beginning (Kingma and Ba 2015, section 3).
class RunningMean {
 public:
  explicit RunningMean(double decay) : decay_(decay) {}
  double add(double value) {
    sum_ = decay_ * sum_ + (1 - decay_) * value;
    weight_ = decay_ * weight_ + (1 - decay_);
    return sum_ / weight_;
  }

 private:
  double decay_;
  double sum_ = 0;
  double weight_ = 0;
};

/// Averaged in one direction a curve lags behind; in both it stays where it is.
std::vector<double> smoothed(std::vector<double> values) {
  RunningMean forwards(kSmoothing);
  for (double& value : values) value = forwards.add(value);
  RunningMean backwards(kSmoothing);
  std::for_each(values.rbegin(), values.rend(), [&](double& value) { value = backwards.add(value); });
  return values;
}

void suggest(RateFinding& found) {
  const auto& losses = found.losses;
  if (losses.empty()) return;
  const std::size_t lowest =
      static_cast<std::size_t>(std::min_element(losses.begin(), losses.end()) - losses.begin());
  found.at_minimum = found.rates[lowest];
  double steepest = 0;
  for (std::size_t i = 1; i < lowest; ++i) {
    const double slope = losses[i + 1] - losses[i - 1];  // rates are evenly spaced in their logarithm
    if (slope >= steepest) continue;
    steepest = slope;
    found.suggested = found.rates[i];
  }
}

}  // namespace

RateFinding find_learning_rate(const TrainConfig& config, DataSplits data, const RateFinderOptions& options) {
  check(options);
  if (neurons::is_neuron(config.model))
    throw ConfigError("find-lr: a neuron learns by its own rule; its learning rate is not searched for");
  const training::Preparation prepared = training::prepare(config, std::move(data));
  if (prepared.method.lbfgs || prepared.method.optimizer.name() == "rprop")
    throw ConfigError(
        fmt::format("optimizer: {} chooses its steps itself; there is no rate to find", config.optimizer));
  const Dataset& train = *prepared.data.train;
  TrainingStep step = training::make_step(*prepared.model, prepared.trainer_options(config), train);
  Batches batches(train, prepared.samples.train, config);

  RateFinding found;
  std::vector<double> losses;
  RunningMean average(kDecay);
  double lowest = std::numeric_limits<double>::infinity();
  const double factor = std::log(options.to / options.from) / static_cast<double>(options.steps - 1);
  for (std::int64_t i = 0; i < options.steps; ++i) {
    found.interrupted = options.stop != nullptr && options.stop->load(std::memory_order_relaxed);
    if (found.interrupted) break;
    const double rate = options.from * std::exp(factor * static_cast<double>(i));
    batches.fill_next(step);
    step.set_learning_rate(rate);
    const double loss = step.run();
    const double mean = average.add(loss);
    found.diverged = !std::isfinite(loss) || mean > kDivergence * lowest;
    if (found.diverged) break;
    lowest = std::min(lowest, mean);
    found.rates.push_back(rate);
    losses.push_back(std::min(loss, kDivergence * lowest));  // one that runs away shall not bend the rest
    if (options.on_step) options.on_step(i + 1);
  }
  found.losses = smoothed(std::move(losses));
  suggest(found);
  return found;
}

}  // namespace hebb
