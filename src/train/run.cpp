#include "hebb/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/threads.hpp"
#include "io/json.hpp"
#include "train/config_fields.hpp"
#include "train/neuron_training.hpp"
#include "train/preparation.hpp"
#include "train/run_folder.hpp"
#include "train/subset.hpp"

namespace hebb {

namespace {

using Samples = std::vector<std::int64_t>;
using training::Method;
using training::Preparation;
using training::RunFolder;

constexpr std::int64_t kWorst = 24;  // samples that a run with a folder names

EvaluationReport evaluate_part(const Module& model, const Dataset& data,
                               const std::vector<std::int64_t>& samples, const Loss& loss,
                               const EvaluationOptions& options) {
  if (samples.empty()) return evaluate(model, data, loss, options);
  EvaluationReport report = evaluate(model, training::Subset(data, samples), loss, options);
  for (SampleResult& sample : report.worst) sample.index = samples[static_cast<std::size_t>(sample.index)];
  return report;
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

struct Parts {
  const Split* fold;
  bool name_worst;
};

/// Of the worst samples, those of one part are named: of the one that the model has seen least of.
void evaluate_parts(RunResult& result, const Preparation& prepared, const TrainConfig& config,
                    const Parts& parts) {
  const Samples& set_aside = prepared.samples.validation;
  const bool tests = parts.fold != nullptr || prepared.data.test != nullptr;
  const auto evaluated = [&](const Dataset& on, const Samples& samples, bool last) {
    return evaluate_part(*result.model.module, on, samples, prepared.loss,
                         {.batch_size = config.evaluation_batch,
                          .precision = precision_named(config.precision),
                          .worst = parts.name_worst && last ? kWorst : 0});
  };
  const Dataset& train = *prepared.data.train;
  result.train = evaluated(train, prepared.samples.train, set_aside.empty() && !tests);
  if (!set_aside.empty()) result.validation = evaluated(train, set_aside, !tests);
  if (parts.fold != nullptr) {
    result.test = evaluated(train, parts.fold->validation, true);
  } else if (prepared.data.test != nullptr) {
    result.test = evaluated(*prepared.data.test, {}, true);
  }
}

/// What outcome.json says.
Json outcome_of(const RunResult& result, const char* state, const std::string& reason) {
  Json json = {{"state", state}};
  if (!reason.empty()) json["reason"] = reason;
  json["stopped_early"] = result.training.stopped_early;
  json["best_epoch"] = result.training.best_epoch;
  json["parameters"] = result.parameters;
  json["threads"] = result.threads;
  if (std::string_view(state) != "finished") return json;
  const auto put = [&](const char* part, const EvaluationReport& report) {
    json[part] = parse_json(to_json(report, result.model.input));
  };
  put("train", result.train);
  if (result.validation) put("validation", *result.validation);
  if (result.test) put("test", *result.test);
  return json;
}

}  // namespace

RunResult training::run_with_fold(const TrainConfig& config, DataSplits data, const RunOptions& options,
                                  const Split* fold) {
  if (options.resume && options.out.empty()) throw ConfigError("resume: expected the folder of a run");
  Preparation prepared = prepare(config, std::move(data), fold == nullptr ? Samples() : fold->train);

  RunResult result;
  result.threads = threads();
  result.loaded = prepared.loaded;
  result.parameters = count_trainable(parameters(*prepared.model));
  result.model = SavedModel(*prepared.model, prepared.data.spec, prepared.loss);
  result.model.summary = {.data = config.data, .seed = config.seed, .optimizer = config.optimizer};
  if (prepared.neuron) {
    result.config = resolved_for_neuron(config, *prepared.neuron);
    result.model.summary.optimizer = prepared.neuron->describe();
  } else {
    result.config = resolved(config, prepared.method, result);
  }

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

  const auto end = [&](const char* state, const std::string& reason = {}) {
    if (folder) folder->finish(json_text(outcome_of(result, state, reason)));
  };
  Keeper keeper(folder ? &*folder : nullptr, options.observer, result);
  TrainerInputs inputs = prepared.trainer_inputs();
  inputs.resume = resume ? &*resume : nullptr;
  inputs.stop = options.stop;
  inputs.observer = &keeper;
  const auto trained = [&] {
    const bool insight = folder && options.insight;
    if (prepared.neuron) return train_neuron(*prepared.neuron, *prepared.model, config, inputs, insight);
    TrainerOptions trainer = prepared.trainer_options(config);
    trainer.insight = insight;
    return train(*prepared.model, trainer, inputs);
  };
  try {
    result.training = trained();
  } catch (const DivergedError& error) {
    end("diverged", error.what());
    throw;
  }
  result.neuron = std::move(prepared.neuron);
  result.model.module = std::move(prepared.model);
  if (result.training.interrupted) {
    end("interrupted");
    return result;
  }
  evaluate_parts(result, prepared, config, {.fold = fold, .name_worst = folder.has_value()});
  end("finished");
  return result;
}

RunResult run_training(const TrainConfig& config, DataSplits data, const RunOptions& options) {
  return training::run_with_fold(config, std::move(data), options, nullptr);
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
  if (result.neuron) json["neuron"] = training::neuron_json(*result.neuron);
  return json_text(json);
}

}  // namespace hebb
