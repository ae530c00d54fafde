#include "train/neuron_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "train/looks.hpp"
#include "train/subset.hpp"
#include "train/tally.hpp"

namespace hebb::training {

namespace {

using Clock = std::chrono::steady_clock;

/// Refuses what a neuron has no use for: better than ignoring it.
void refuse_foreign_keys(const TrainConfig& c) {
  const TrainConfig usual;
  const char* key = c.loss != usual.loss                   ? "loss"
                    : c.optimizer != usual.optimizer       ? "optimizer"
                    : c.batch_size != usual.batch_size     ? "batch_size"
                    : c.mixup != usual.mixup               ? "mixup"
                    : c.ema != usual.ema                   ? "ema"
                    : c.clip_value != usual.clip_value     ? "clip_value"
                    : c.clip_norm != usual.clip_norm       ? "clip_norm"
                    : c.augment != usual.augment           ? "augment"
                    : c.init_from != usual.init_from       ? "init_from"
                    : c.replace_last != usual.replace_last ? "replace_last"
                    : !c.freeze.empty()                    ? "freeze"
                    : c.precision != usual.precision       ? "precision"
                                                           : nullptr;
  if (key == nullptr) return;
  throw ConfigError(
      fmt::format("{}: the neuron {} learns by its own rule, sample by sample; a network of the same form, "
                  "such as dense(3), takes this option",
                  key, c.model));
}

/// Looks at the network that a neuron is, before and after an epoch.
class NeuronRecorder {
 public:
  NeuronRecorder(const Module& model, const Dataset& data, const std::vector<std::int64_t>& samples,
                 std::int64_t epochs)
      : due_(std::ssize(samples), 1, epochs),
        model_(model.clone()),
        parameters_(parameters(*model_)),
        activations_(model_, parameters_, data, samples, Precision::f32) {}

  bool due(std::int64_t epoch) const { return due_(epoch); }
  void before(const Module& network) { before_ = values_of(parameter_values(network)); }
  /// The epoch is the step: a neuron's rule changes its weights sample by sample.
  Insight after(const Module& network, std::int64_t epoch, std::int64_t steps) const {
    const Tensors now = values_of(parameter_values(network));
    return {.epoch = epoch,
            .steps = steps,
            .samples = activations_.samples(),
            .layers = layer_insights(parameters_, before_, now, {}),
            .activations = activations_(now)};
  }

 private:
  DueLooks due_;
  std::shared_ptr<Module> model_;
  std::vector<NamedTensor> parameters_;
  Activations activations_;
  Tensors before_;
};

/// One run while it goes on.
class NeuronTraining {
 public:
  NeuronTraining(neurons::Classifier& neuron, Module& model, const TrainConfig& config,
                 const TrainerInputs& inputs, bool insight)
      : neuron_(neuron), model_(model), config_(config), inputs_(inputs) {
    const std::vector<std::int64_t> samples = samples_of(*inputs.train, inputs.samples.train);
    if (inputs.validation != nullptr) validation_ = samples_of(*inputs.validation, inputs.samples.validation);
    features_ = inputs.train->input_shape().elements();
    values_.resize(samples.size() * static_cast<std::size_t>(features_));
    labels_.resize(samples.size());
    read_samples(samples);
    require_two_classes();
    if (insight) recorder_.emplace(model, *inputs.train, samples, config.epochs);
    if (inputs.resume != nullptr) resume(*inputs.resume);
  }

  TrainResult run() {
    last_checkpoint_ = Clock::now();
    while (neuron_.epochs() < config_.epochs && !stopped_early_) {
      if (inputs_.stop != nullptr && inputs_.stop->load(std::memory_order_relaxed)) {
        interrupted_ = true;
        break;
      }
      one_epoch();
      const double since = std::chrono::duration<double>(Clock::now() - last_checkpoint_).count();
      if (since >= config_.checkpoint_seconds) offer_checkpoint(false);
    }
    offer_checkpoint(!interrupted_);
    load_exactly(parameters(model_), interrupted_ || best_.empty() ? network_values() : best_);
    return {.epochs = std::move(reports_),
            .steps = steps(),
            .best_epoch = best_epoch_,
            .interrupted = interrupted_,
            .stopped_early = stopped_early_};
  }

 private:
  neurons::Samples samples() const { return {values_, features_}; }
  std::int64_t steps() const { return neuron_.epochs() * std::ssize(labels_); }
  Sequential network() const { return network_for(neuron_, *inputs_.train); }
  std::vector<NamedValue> network_values() const { return parameter_values(network()); }

  void read_samples(const std::vector<std::int64_t>& samples) {
    if (inputs_.train->target_kind() == TargetKind::classes) {
      inputs_.train->fill(samples, values_.data(), {.labels = labels_.data()});
      return;
    }
    std::vector<float> targets(samples.size());
    inputs_.train->fill(samples, values_.data(), {.values = targets.data()});
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] != 0 && targets[i] != 1) {
        throw DataError(fmt::format("sample {}: the target is {}; {} tells classes apart, or values 0 and 1",
                                    samples[i], targets[i], neuron_.describe()));
      }
      labels_[i] = static_cast<std::int32_t>(targets[i]);
    }
  }

  void require_two_classes() const {
    const std::int32_t first = labels_.front();
    if (std::any_of(labels_.begin(), labels_.end(), [&](std::int32_t label) { return label != first; }))
      return;
    throw DataError(fmt::format("all {} training samples are of class {}: there is nothing to tell apart",
                                labels_.size(), first));
  }

  void one_epoch() {
    const bool looks = recorder_ && recorder_->due(neuron_.epochs() + 1);
    if (looks) recorder_->before(network());
    const Clock::time_point start = Clock::now();
    neuron_.partial_fit(samples(), labels_);
    EpochReport report;
    report.epoch = neuron_.epochs();
    report.steps = steps();
    report.train_loss = neuron_.last_epoch().loss;
    report.learning_rate = neuron_.last_epoch().learning_rate;
    report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (looks)
      report.insight =
          std::make_shared<const Insight>(recorder_->after(network(), report.epoch, report.steps));
    if (!validation_.empty()) validate(report);
    if (neuron_.finished()) stopped_early_ = true;
    if (inputs_.observer != nullptr) inputs_.observer->on_epoch(report);
    reports_.push_back(report);
  }

  void validate(EpochReport& report) {
    const Sequential present = network();
    const EvaluationReport found =
        evaluate(present, Subset(*inputs_.validation, validation_), loss_for(neuron_, *inputs_.train),
                 {.batch_size = config_.evaluation_batch});
    report.validation_loss = found.loss;
    if (found.classes) report.validation_accuracy = found.classes->accuracy();
    if (found.values) report.validation_rmse = found.values->rmse();
    if (found.values) report.validation_r2 = found.values->r2();
    report.best = best_epoch_ == 0 || found.loss < best_loss_;
    if (report.best) {
      best_loss_ = found.loss;
      best_epoch_ = report.epoch;
      bad_epochs_ = 0;
      best_ = parameter_values(present);
    } else {
      ++bad_epochs_;
    }
    if (config_.patience > 0 && bad_epochs_ >= config_.patience) stopped_early_ = true;
  }

  void offer_checkpoint(bool final) {
    last_checkpoint_ = Clock::now();
    if (inputs_.observer == nullptr || !inputs_.observer->wants_checkpoints()) return;
    const std::vector<double> numbers = neuron_.state();
    Checkpoint state;
    state.parameters = network_values();
    state.optimizer = {
        {kState, Tensor::from(std::span<const double>(numbers), Shape({std::ssize(numbers)}))}};
    state.best = best_;
    state.progress = json_text({{"best_loss", best_loss_},
                                {"best_epoch", best_epoch_},
                                {"bad_epochs", bad_epochs_},
                                {"stopped_early", stopped_early_}});
    state.epoch = neuron_.epochs();
    state.steps = steps();
    state.reports.assign(reports_.begin() + static_cast<std::ptrdiff_t>(kept_), reports_.end());
    kept_ = reports_.size();
    inputs_.observer->on_checkpoint(state, final);
  }

  void resume(const Checkpoint& state) {
    const bool fits = state.optimizer.size() == 1 && state.optimizer[0].name == kState &&
                      state.optimizer[0].value.dtype() == DType::f64;
    if (!fits) throw FormatError("training state: it is not that of a neuron");
    neuron_.set_state(features_, neuron_.classes(), state.epoch, state.optimizer[0].value.to_vector());
    best_ = state.best;
    try {
      const Json json = parse_json(state.progress);
      best_loss_ = json.at("best_loss").get<double>();
      best_epoch_ = json.at("best_epoch").get<std::int64_t>();
      bad_epochs_ = json.at("bad_epochs").get<std::int64_t>();
      stopped_early_ = json.at("stopped_early").get<bool>();
    } catch (const Json::exception& error) {
      throw FormatError(fmt::format("training state: {}", error.what()));
    }
    reports_ = state.reports;
    kept_ = reports_.size();
  }

  static constexpr const char* kState = "neuron.state";

  neurons::Classifier& neuron_;
  Module& model_;
  const TrainConfig& config_;
  const TrainerInputs& inputs_;
  std::int64_t features_ = 0;
  std::vector<float> values_;
  std::vector<std::int32_t> labels_;
  std::vector<std::int64_t> validation_;
  std::optional<NeuronRecorder> recorder_;
  std::vector<EpochReport> reports_;
  std::size_t kept_ = 0;  ///< reports given with a checkpoint
  std::vector<NamedValue> best_;
  double best_loss_ = 0;
  std::int64_t best_epoch_ = 0;
  std::int64_t bad_epochs_ = 0;
  bool stopped_early_ = false;
  bool interrupted_ = false;
  Clock::time_point last_checkpoint_;
};

}  // namespace

std::unique_ptr<neurons::Classifier> parse_neuron(const TrainConfig& config) {
  refuse_foreign_keys(config);
  neurons::OnlineOptions options;
  options.learning_rate = config.learning_rate.value_or(0);
  options.penalty = {.l1 = config.l1, .l2 = config.l2};
  options.max_epochs = std::max<std::int64_t>(1, config.epochs);
  options.seed = config.seed;
  try {
    options.schedule = Schedule::parse(config.schedule);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("schedule: {}", error.what()));
  }
  try {
    return neurons::parse_neuron(config.model, options);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("model: {}", error.what()));
  }
}

std::unique_ptr<neurons::Classifier> make_neuron(const TrainConfig& config, const Dataset& data) {
  std::unique_ptr<neurons::Classifier> neuron = parse_neuron(config);
  const bool classes = data.target_kind() == TargetKind::classes;
  if (!classes && data.outputs() != 1) {
    throw ConfigError(
        fmt::format("model: {} tells classes apart; the targets of the data set are {} values a sample",
                    neuron->describe(), data.outputs()));
  }
  neuron->begin(data.input_shape().elements(), classes ? std::max<std::int64_t>(2, data.outputs()) : 2);
  return neuron;
}

Sequential network_for(const neurons::Classifier& neuron, const Dataset& data) {
  Sequential network = neuron.network(data.input_shape());
  if (data.target_kind() == TargetKind::classes) return network;
  const std::string_view loss = neuron.loss().name();
  const char* output = loss == "hinge" ? "step" : loss == "binary_cross_entropy" ? "sigmoid" : nullptr;
  if (output == nullptr) return network;
  const std::vector<NamedValue> values = parameter_values(network);
  network.add(Sequential::parse(output).layer(0));
  network.build(data.input_shape());
  load_exactly(parameters(network), values);
  return network;
}

Loss loss_for(const neurons::Classifier& neuron, const Dataset& data) {
  return data.target_kind() == TargetKind::classes ? neuron.loss() : Loss::for_values();
}

TrainConfig resolved_for_neuron(TrainConfig config, const neurons::Classifier& neuron) {
  config.model = neuron.describe();
  if (const auto* online = dynamic_cast<const neurons::OnlineClassifier*>(&neuron))
    config.learning_rate = online->options().learning_rate;
  return config;
}

TrainResult train_neuron(neurons::Classifier& neuron, Module& model, const TrainConfig& config,
                         const TrainerInputs& inputs, bool insight) {
  return NeuronTraining(neuron, model, config, inputs, insight).run();
}

namespace {

Json separation_json(const neurons::Separation& s) {
  switch (s.verdict) {
    case neurons::Separation::Verdict::separable:
      return {{"verdict", "separable"}, {"radius", s.radius},
              {"margin", s.margin},     {"novikoff_bound", s.novikoff_bound()},
              {"weights", s.weights},   {"bias", s.bias}};
    case neurons::Separation::Verdict::inseparable:
      return {{"verdict", "inseparable"},
              {"radius", s.radius},
              {"samples", s.samples},
              {"shares", s.shares},
              {"gap", s.gap}};
    case neurons::Separation::Verdict::open: break;
  }
  return {{"verdict", "open"}, {"radius", s.radius}};
}

}  // namespace

Json neuron_json(const neurons::Classifier& neuron) {
  Json json = {{"rule", neuron.describe()}, {"epochs", neuron.epochs()}};
  if (const auto* online = dynamic_cast<const neurons::OnlineClassifier*>(&neuron))
    json["mistakes"] = online->mistakes();
  if (const auto* perceptron = dynamic_cast<const neurons::Perceptron*>(&neuron)) {
    json["separability"] = Json::array();
    for (const neurons::Separation& s : perceptron->separations())
      json["separability"].push_back(separation_json(s));
  }
  return json;
}

}  // namespace hebb::training
