#include "train/preparation.hpp"

#include <fmt/format.h>

#include <numeric>

#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/threads.hpp"
#include "train/neuron_training.hpp"
#include "train/subset.hpp"

namespace hebb::training {

namespace {

std::unique_ptr<Module> make_model(const TrainConfig& config, const Shape& input, LoadReport& loaded) {
  std::unique_ptr<Module> model;
  std::optional<SavedModel> start;
  if (!config.init_from.empty()) start = load_model(config.init_from);
  if (!config.model.empty()) {
    auto described = std::make_unique<Sequential>(Sequential::parse(config.model));
    described->build(input, config.seed);
    if (start) loaded = load_matching(parameters(*described), parameter_values(*start->module));
    if (start && loaded.loaded.empty()) {
      throw ConfigError(
          fmt::format("init_from: no parameter of {} fits the model by name and shape", config.init_from));
    }
    model = std::move(described);
  } else if (start) {
    if (start->input.input_shape.elements() != input.elements()) {
      throw ConfigError(fmt::format("init_from: {} takes samples of shape {}, the data have {}",
                                    config.init_from, to_string(start->input.input_shape), to_string(input)));
    }
    model = std::move(start->module);
  } else {
    throw ConfigError("model: expected a model description, such as 'dense(128, act=relu) dense(10)'");
  }
  if (!config.replace_last.empty()) {
    auto* layers = dynamic_cast<Sequential*>(model.get());
    if (layers == nullptr) throw ConfigError("replace_last: only a model of layers has a last one");
    layers->replace_last(Sequential::parse(config.replace_last).layer(0), config.seed);
  }
  return model;
}

std::int64_t outputs_of(const Module& model, const Shape& input) {
  std::vector<std::int64_t> extents = {1};
  extents.insert(extents.end(), input.extents().begin(), input.extents().end());
  return model(Tensor::placeholder(Shape(std::move(extents)), DType::f32, "input")).size();
}

Loss resolve_loss(const TrainConfig& config, const Dataset& data, std::int64_t outputs) {
  if (config.loss != "auto") return Loss::parse(config.loss);
  return data.target_kind() == TargetKind::classes ? Loss::for_classes(outputs) : Loss::for_values();
}

/// What is set aside of `among`, by numbers of the whole.
Split split_of(const TrainConfig& config, const Dataset& data, const std::vector<std::int64_t>& among) {
  if (config.validation == 0) return {.train = among, .validation = {}};
  if (among.empty()) return validation_split(data, config.validation, config.seed);
  Split split = validation_split(Subset(data, among), config.validation, config.seed);
  for (std::vector<std::int64_t>* part : {&split.train, &split.validation}) {
    for (std::int64_t& sample : *part) sample = among[static_cast<std::size_t>(sample)];
  }
  return split;
}

}  // namespace

TrainerOptions Preparation::trainer_options(const TrainConfig& config) const {
  return {.loss = loss,
          .optimizer = method.optimizer,
          .lbfgs = method.lbfgs,
          .schedule = method.schedule,
          .penalty = method.penalty,
          .clip = method.clip,
          .mixup = config.mixup,
          .precision = precision_named(config.precision),
          .ema = config.ema,
          .freeze = config.freeze,
          .batch_size = config.batch_size,
          .epochs = config.epochs,
          .patience = config.patience,
          .seed = config.seed,
          .augment = Augmentation::parse(config.augment),
          .evaluation_batch = config.evaluation_batch,
          .checkpoint_seconds = config.checkpoint_seconds};
}

TrainerInputs Preparation::trainer_inputs() const {
  return {.train = data.train.get(),
          .validation = samples.validation.empty() ? nullptr : data.train.get(),
          .samples = samples};
}

Preparation prepare(const TrainConfig& config, DataSplits data, const std::vector<std::int64_t>& among) {
  config.check();
  Preparation result;
  const bool is_neuron = neurons::is_neuron(config.model);
  if (!is_neuron) result.method = parse_method(config);
  if (config.threads > 0) set_threads(static_cast<int>(config.threads));
  if (data.train == nullptr) throw DataError("there is no training data");
  if (config.patience > 0 && config.validation == 0) {
    throw ConfigError("patience: early stopping needs a validation split; set validation, such as 0.1");
  }
  result.data = std::move(data);
  result.samples = split_of(config, *result.data.train, among);
  apply_scaling(result.data, config.scale, result.samples.train);
  const Shape input = result.data.train->input_shape();
  if (is_neuron) {
    result.neuron = make_neuron(config, *result.data.train);
    result.model = network_for(*result.neuron, *result.data.train).clone();
    result.loss = loss_for(*result.neuron, *result.data.train);
    return result;
  }
  result.model = make_model(config, input, result.loaded);
  result.loss = resolve_loss(config, *result.data.train, outputs_of(*result.model, input));
  return result;
}

}  // namespace hebb::training
