#include "hebb/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/threads.hpp"
#include "io/json.hpp"
#include "train/config_fields.hpp"
#include "train/method.hpp"
#include "train/run_folder.hpp"

namespace hebb {

namespace {

using training::Method;
using training::RunFolder;

/// Some samples of a data set, as one of their own.
class Subset final : public Dataset {
 public:
  Subset(const Dataset& whole, const std::vector<std::int64_t>& samples) : whole_(whole), samples_(samples) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(samples_.size()); }
  Shape input_shape() const override { return whole_.input_shape(); }
  TargetKind target_kind() const override { return whole_.target_kind(); }
  std::int64_t outputs() const override { return whole_.outputs(); }
  void fill(std::span<const std::int64_t> indices, float* inputs,
            const TargetBuffer& targets) const override {
    std::vector<std::int64_t> mapped;
    for (const std::int64_t i : indices) mapped.push_back(samples_.at(static_cast<std::size_t>(i)));
    whole_.fill(mapped, inputs, targets);
  }

 private:
  const Dataset& whole_;
  const std::vector<std::int64_t>& samples_;
};

EvaluationReport evaluate_part(const Module& model, const Dataset& data,
                               const std::vector<std::int64_t>& samples, const TrainConfig& config,
                               const Loss& loss) {
  const EvaluationOptions options = {.batch_size = config.evaluation_batch};
  if (samples.empty()) return evaluate(model, data, loss, options);
  return evaluate(model, Subset(data, samples), loss, options);
}

/// The model that training starts from.
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

/// Keeps the run folder while training goes on, and passes on what it sees.
class Keeper final : public TrainingObserver {
 public:
  Keeper(RunFolder* folder, TrainingObserver* next, const RunResult& result)
      : folder_(folder), next_(next), result_(result) {}

  void on_epoch(const EpochReport& report) override {
    last_ = report;
    if (folder_ != nullptr) folder_->add(report);
    if (next_ != nullptr) next_->on_epoch(report);
  }
  void on_progress(std::int64_t done, std::int64_t total) override {
    if (next_ != nullptr) next_->on_progress(done, total);
  }
  void on_checkpoint(const Checkpoint& state, bool final) override {
    if (folder_ != nullptr) {
      const std::vector<NamedValue>& newest = state.average.empty() ? state.parameters : state.average;
      const SavedModel last = with(newest, state);
      const SavedModel best = state.best.empty() ? with(newest, state) : with(state.best, state);
      folder_->keep(state, last, best);
    }
    if (next_ != nullptr) next_->on_checkpoint(state, final);
  }
  bool wants_checkpoints() const override {
    return folder_ != nullptr || (next_ != nullptr && next_->wants_checkpoints());
  }

 private:
  SavedModel with(const std::vector<NamedValue>& values, const Checkpoint& state) const {
    SavedModel model(*result_.model.module, result_.model.input, result_.model.loss);
    load_exactly(parameters(*model.module), values);
    model.summary = result_.model.summary;
    model.summary.epochs = state.epoch;
    model.summary.steps = state.steps;
    if (last_.epoch > 0) model.summary.train_loss = last_.train_loss;
    model.summary.validation_loss = last_.validation_loss;
    model.summary.validation_accuracy = last_.validation_accuracy;
    return model;
  }

  RunFolder* folder_;
  TrainingObserver* next_;
  const RunResult& result_;
  EpochReport last_;
};

/// Loss, learning rate and model written out as they are used.
TrainConfig resolved(TrainConfig config, const Method& method, const RunResult& result) {
  config.loss = result.model.loss.describe();
  config.learning_rate = method.learning_rate();
  config.augment = Augmentation::parse(config.augment).describe();
  if (config.optimizer.find("learning_rate") != std::string::npos) config.learning_rate.reset();
  if (config.model.empty() && config.init_from.empty()) config.model = result.model.module->describe();
  for (const NamedModel& model : named_models()) {
    if (config.model == model.name) config.model = model.text;
  }
  return config;
}

void refuse_other_configuration(const TrainConfig& config, const std::string& folder) {
  const TrainConfig before = read_run_config(folder);
  const std::string key = training::first_difference(config, before);
  if (!key.empty()) {
    throw ConfigError(
        fmt::format("{}: the run there has another '{}'; a run goes on as it began, but for epochs, "
                    "patience and threads",
                    folder, key));
  }
}

TrainerOptions trainer_options(const TrainConfig& config, const Method& method, const Loss& loss) {
  return {.loss = loss,
          .optimizer = method.optimizer,
          .lbfgs = method.lbfgs,
          .schedule = method.schedule,
          .penalty = method.penalty,
          .clip = method.clip,
          .mixup = config.mixup,
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

}  // namespace

RunResult run_training(const TrainConfig& config, DataSplits data, const RunOptions& options) {
  config.check();
  const Method method = training::parse_method(config);
  if (config.threads > 0) set_threads(static_cast<int>(config.threads));
  if (options.resume && options.out.empty()) throw ConfigError("resume: expected the folder of a run");
  if (data.train == nullptr) throw DataError("there is no training data");
  if (config.patience > 0 && config.validation == 0) {
    throw ConfigError("patience: early stopping needs a validation split; set validation, such as 0.1");
  }

  Split samples;
  if (config.validation > 0) samples = validation_split(*data.train, config.validation, config.seed);
  apply_scaling(data, config.scale, samples.train);

  RunResult result;
  result.threads = threads();
  std::unique_ptr<Module> model = make_model(config, data.train->input_shape(), result.loaded);
  const std::int64_t outputs = outputs_of(*model, data.train->input_shape());
  const Loss loss = resolve_loss(config, *data.train, outputs);
  result.parameters = count_trainable(parameters(*model));
  result.model = SavedModel(*model, data.spec, loss);
  result.model.summary = {.data = config.data, .seed = config.seed, .optimizer = config.optimizer};
  result.config = resolved(config, method, result);

  std::optional<RunFolder> folder;
  std::optional<Checkpoint> resume;
  if (!options.out.empty()) {
    folder.emplace(options.out, options.overwrite, options.resume);
    if (options.resume) {
      refuse_other_configuration(result.config, options.out);
      resume = folder->read_checkpoint();
      folder->go_on(result.config, *resume);
    } else {
      folder->begin(result.config);
    }
  }

  Keeper keeper(folder ? &*folder : nullptr, options.observer, result);
  result.training = train(*model, trainer_options(config, method, loss),
                          {.train = data.train.get(),
                           .validation = samples.validation.empty() ? nullptr : data.train.get(),
                           .samples = samples,
                           .resume = resume ? &*resume : nullptr,
                           .stop = options.stop,
                           .observer = &keeper});
  result.model.module = std::move(model);
  if (result.training.interrupted) return result;
  result.train = evaluate_part(*result.model.module, *data.train, samples.train, config, loss);
  if (!samples.validation.empty()) {
    result.validation = evaluate_part(*result.model.module, *data.train, samples.validation, config, loss);
  }
  if (data.test != nullptr) result.test = evaluate_part(*result.model.module, *data.test, {}, config, loss);
  return result;
}

namespace {

void put(Json& json, const std::string& part, const EvaluationReport& report) {
  json[part + "_loss"] = report.loss;
  if (report.classes) json[part + "_accuracy"] = report.classes->accuracy();
  if (report.values) {
    json[part + "_rmse"] = report.values->rmse();
    json[part + "_r2"] = report.values->r2();
  }
}

}  // namespace

std::string to_json(const RunResult& result, double total_seconds) {
  Json json = Json::object();
  const std::vector<double> history = result.training.loss_history();
  if (result.training.interrupted) {
    json["train_loss"] = history.empty() ? Json(nullptr) : Json(history.back());
  } else {
    put(json, "train", result.train);
  }
  if (result.validation) put(json, "validation", *result.validation);
  if (result.test) put(json, "test", *result.test);
  json["epochs"] = history.size();
  json["epoch_seconds"] = result.training.epoch_seconds();
  json["total_seconds"] = total_seconds;
  json["loss_history"] = history;
  json["parameters"] = result.parameters;
  json["threads"] = result.threads;
  json["precision"] = result.config.precision;
  json["seed"] = result.config.seed;
  json["model"] = result.model.module == nullptr ? result.config.model : result.model.module->describe();
  json["loss"] = result.model.loss.describe();
  json["optimizer"] = result.config.optimizer;
  json["data"] = result.config.data;
  json["steps"] = result.training.steps;
  json["best_epoch"] = result.training.best_epoch;
  json["interrupted"] = result.training.interrupted;
  json["stopped_early"] = result.training.stopped_early;
  return json_text(json);
}

}  // namespace hebb
