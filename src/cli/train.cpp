#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/run_report.hpp"
#include "cli/trials.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/neurons.hpp"
#include "hebb/run.hpp"
#include "hebb/threads.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  hebb train --data iris --model 'dense(16, act=tanh) dense(3)' --epochs 50
  hebb train --data mnist --model 'dense(128, act=relu) dense(10)' \
      --optimizer adam --lr 1e-3 --batch-size 128 --epochs 5 --out runs/mlp
  hebb train --data prices.csv --target price --model 'dense(9) relu dense(1)'
  hebb train --data mnist --model lenet5    a model by its name
  hebb train --data iris --model perceptron a neuron with its own rule
  hebb train config.toml --epochs 10        a file, overridden by options
  hebb train fast-mnist --seed 3            a recipe ('hebb recipes'), likewise
  hebb train --resume runs/mlp --epochs 8   --epochs is the total
  hebb train fast-mnist --find-lr           a learning rate to begin with
  hebb train --data iris --model 'dense(9) relu dense(3)' --folds 5
  hebb train fast-mnist --validation 0.1 --sweep lr=1e-3..1e-2:log:5

A model is its layers, separated by spaces; 'hebb train --layers' lists them,
and the models that have a name.
Optimisers, schedules and losses take options in parentheses:
  --optimizer 'momentum(momentum=0.8)' --schedule 'cosine(warmup=100)'
  --augment 'shift(2) rotate(10) scale(0.1) elastic(alpha=34, sigma=4)'
  --loss 'huber(0.5)' --loss 'cross_entropy(label_smoothing=0.1)'
  --loss 'cross_entropy(class_weights=1 5 2)'   a positive weight for each class

Exit codes: 0 done, 2 wrong usage, 3 bad data or file, 4 training diverged,
130 interrupted by Ctrl-C (the state is saved when there is an --out folder).)";

struct Options {
  std::vector<std::function<void(TrainConfig&)>> changes;
  std::string file;
  std::string out;
  std::string resume;
  bool overwrite = false;
  bool json = false;
  bool no_report = false;
  bool layers = false;
  TrialOptions trial;
};

std::int64_t batch_size_of(const std::string& text) {
  if (text == "full") return 0;
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || value < 1) {
    throw ConfigError("--batch-size: expected a whole number of 1 or more, or 'full', got " +
                      in_quotes(text));
  }
  return value;
}

/// Adds options whose values change the configuration later, when a file may have been read.
class ConfigOptions {
 public:
  ConfigOptions(CLI::App& command, std::shared_ptr<Options> options)
      : command_(command), options_(std::move(options)) {}

  template <class T, class Set>
  void add(const char* group, const char* name, const char* type, const char* help, Set set) {
    CLI::Option* option =
        command_
            .add_option_function<T>(
                name,
                [options = options_, set](const T& value) {
                  options->changes.push_back([set, value](TrainConfig& c) { set(c, value); });
                },
                help)
            ->type_name(type)
            ->group(group);
    if constexpr (std::is_arithmetic_v<T>) option->check(is_number<T>());
  }

 private:
  CLI::App& command_;
  std::shared_ptr<Options> options_;
};

using Text = std::string;
using Texts = std::vector<std::string>;

void add_config_options(CLI::App& command, const std::shared_ptr<Options>& options) {
  ConfigOptions o(command, options);
  const char* data = "Data";
  o.add<Text>(data, "--data", "NAME|FILE", "A data set by name ('hebb datasets') or a file",
              [](TrainConfig& c, const Text& v) { c.data = v; });
  o.add<Text>(data, "--scale", "KIND", "Inputs: standard (default), unit or none",
              [](TrainConfig& c, const Text& v) { c.scale = parse_scale_kind(v); });
  o.add<double>(data, "--validation", "SHARE",
                "Part of the training data set aside for validation, such as 0.1",
                [](TrainConfig& c, double v) { c.validation = v; });
  o.add<Text>(data, "--augment", "CHANGES",
              "Random changes of the training images: shift, rotate, scale, shear, elastic, flip, crop, "
              "cutout, brightness",
              [](TrainConfig& c, const Text& v) { c.augment = v; });
  const char* model = "Model";
  o.add<Text>(model, "--model", "LAYERS|NAME", "The model description, or a model by name",
              [](TrainConfig& c, const Text& v) { c.model = v; });
  o.add<Text>(model, "--init-from", "MODEL", "Start from a saved model; with --model, from what fits by name",
              [](TrainConfig& c, const Text& v) { c.init_from = v; });
  o.add<Text>(model, "--replace-last", "LAYER", "Put this layer in the place of the last one",
              [](TrainConfig& c, const Text& v) { c.replace_last = v; });
  o.add<Texts>(model, "--freeze", "PATTERN", "Parameters that stay as they are, such as 'dense_1.*'",
               [](TrainConfig& c, const Texts& v) { c.freeze = v; });
  const char* learning = "Learning";
  o.add<Text>(learning, "--loss", "NAME",
              "sse, mse, mae, huber, cross_entropy, binary_cross_entropy, hinge, kl_divergence "
              "(default: by the targets)",
              [](TrainConfig& c, const Text& v) { c.loss = v; });
  o.add<Text>(learning, "--optimizer", "NAME",
              "gd, sgd, momentum, nesterov, adagrad, rmsprop, adam (default), adamw, rprop, lbfgs",
              [](TrainConfig& c, const Text& v) { c.optimizer = v; });
  o.add<double>(learning, "--lr,--learning-rate", "X", "Learning rate (default: the optimiser's own)",
                [](TrainConfig& c, double v) { c.learning_rate = v; });
  o.add<Text>(learning, "--schedule", "NAME",
              "constant (default), step, exponential, cosine, one_cycle, plateau, inverse",
              [](TrainConfig& c, const Text& v) { c.schedule = v; });
  o.add<Text>(learning, "--batch-size", "N|full", "Samples a step (default 32)",
              [](TrainConfig& c, const Text& v) { c.batch_size = batch_size_of(v); });
  o.add<std::int64_t>(learning, "--epochs", "N", "Passes over the training data, in total (default 10)",
                      [](TrainConfig& c, std::int64_t v) { c.epochs = v; });
  o.add<std::int64_t>(learning, "--patience", "N",
                      "Stop after so many epochs without a better validation loss",
                      [](TrainConfig& c, std::int64_t v) { c.patience = v; });
  o.add<double>(learning, "--l1", "X", "Penalty: times the sum of absolute weights",
                [](TrainConfig& c, double v) { c.l1 = v; });
  o.add<double>(learning, "--l2", "X", "Penalty: times the sum of squared weights",
                [](TrainConfig& c, double v) { c.l2 = v; });
  o.add<double>(learning, "--mixup", "X", "Mix samples by shares from Beta(X, X), such as 0.2",
                [](TrainConfig& c, double v) { c.mixup = v; });
  o.add<double>(learning, "--ema", "DECAY",
                "Evaluate and save a moving average of the weights, such as 0.999",
                [](TrainConfig& c, double v) { c.ema = v; });
  o.add<double>(learning, "--clip-value", "X", "Limit each element of the gradient",
                [](TrainConfig& c, double v) { c.clip_value = v; });
  o.add<double>(learning, "--clip-norm", "X", "Limit the norm of the whole gradient",
                [](TrainConfig& c, double v) { c.clip_norm = v; });
  o.add<std::uint64_t>(learning, "--seed", "N",
                       "Of weights, split, shuffling, dropout and augmentation (default 0)",
                       [](TrainConfig& c, std::uint64_t v) { c.seed = v; });
  const char* running = "Running";
  o.add<std::int64_t>(running, "--threads", "N", "Threads to compute with; results do not depend on it",
                      [](TrainConfig& c, std::int64_t v) { c.threads = v; });
  o.add<Text>(running, "--precision", "NAME", kPrecisionHelp,
              [](TrainConfig& c, const Text& v) { c.precision = v; });
  o.add<double>(running, "--checkpoint-seconds", "X", "Time between checkpoints (default 30)",
                [](TrainConfig& c, double v) { c.checkpoint_seconds = v; });
}

/// A word without dot and slash is a recipe where there is one; a file of that name is meant by ./NAME.
TrainConfig recipe_or_file(const std::string& name) {
  if (name.find_first_of("./") != std::string::npos) return read_config(name);
  const auto all = recipes();
  const bool known = std::any_of(all.begin(), all.end(), [&](const Recipe& r) { return r.name == name; });
  std::error_code ignored;
  if (!known && std::filesystem::exists(name, ignored)) return read_config(name);
  return parse_config(find_recipe(name).toml, name);
}

TrainConfig configuration(const Options& options) {
  TrainConfig config;
  if (!options.resume.empty()) {
    if (!options.file.empty())
      throw ConfigError("--resume takes the run's own configuration: no file beside it");
    config = read_run_config(options.resume);
  } else if (!options.file.empty()) {
    config = recipe_or_file(options.file);
  }
  for (const auto& change : options.changes) change(config);
  if (config.data.empty()) throw ConfigError("--data: expected a data set, such as iris, mnist or a file");
  config.check();
  return config;
}

std::string summary(const RunResult& result) {
  std::string text;
  const auto line = [&](const char* part, const EvaluationReport& report) {
    text += fmt::format("{:<11} loss {:.5g}", part, report.loss);
    if (report.classes) text += fmt::format(", accuracy {:.2f} %", 100 * report.classes->accuracy());
    if (report.values)
      text += fmt::format(", rmse {:.5g}, R2 {:.4f}", report.values->rmse(), report.values->r2());
    text += fmt::format(" ({} samples)\n", with_commas(report.samples));
  };
  line("training", result.train);
  if (result.validation) line("validation", *result.validation);
  if (result.test) line("test", *result.test);
  if (result.neuron) text += result.neuron->report(result.model.input.class_names);
  return text;
}

void list_layers() {
  std::vector<std::vector<std::string>> rows = {{"layer", ""}};
  for (const LayerHelp& help : layer_help())
    rows.push_back({std::string(help.usage), std::string(help.summary)});
  print(table(rows) + "\n");
  rows = {{"neuron, learning by its own rule", ""}};
  for (const neurons::NeuronHelp& help : neurons::neuron_help())
    rows.push_back({std::string(help.name), std::string(help.summary)});
  print(table(rows) + "\n");
  for (const NamedModel& model : named_models())
    print(fmt::format("{}: {}\n  {}\n", model.name, model.summary, model.text));
}

void run(const Options& options, Context& context) {
  if (options.layers) {
    list_layers();
    return;
  }
  const TrialOutput output = {
      .out = options.out, .overwrite = options.overwrite, .json = options.json, .report = !options.no_report};
  check_trial(options.trial, output, !options.resume.empty());
  const TrainConfig config = configuration(options);
  const bool silent = context.quiet || options.json;
  DataOptions data_options = config.data_options;
  data_options.directories = data_directories(data_options.directories);
  DataSplits data = load_dataset(config.data, data_options);
  const std::string out = options.resume.empty() ? options.out : options.resume;
  watch_interrupts();
  if (options.trial.any()) {
    run_trial(options.trial, output, config, data, context);
    if (!out.empty() && output.report) report_trials(out, data, silent);
    return;
  }
  std::optional<Progress> progress;
  if (!silent) {
    for (const std::string& problem : data.skipped) tell(fmt::format("left out: {}\n", problem));
    tell(fmt::format("{}: {} training samples\n", data.name, with_commas(data.train->size())));
    progress.emplace(config.epochs);
  }
  const bool reports = !out.empty() && output.report;
  RunResult result;
  try {
    result = run_training(config, data,
                          {.out = out,
                           .overwrite = options.overwrite,
                           .resume = !options.resume.empty(),
                           .insight = output.report,
                           .observer = progress ? &*progress : nullptr,
                           .stop = &interrupted()});
  } catch (const DivergedError&) {
    if (reports) report_run(out, data, silent);  // now more than ever
    throw;
  }
  progress.reset();
  if (reports) report_run(out, data, silent);
  if (options.json) {
    print(to_json(result, context.seconds()) + "\n");
  } else if (!result.training.interrupted && !context.quiet) {
    print(summary(result));
  }
  if (result.training.interrupted) {
    if (!context.quiet) {
      tell(out.empty() ? std::string("hebb: interrupted; nothing was kept, for there is no --out folder\n")
                       : fmt::format("hebb: interrupted; go on with: hebb train --resume {}\n", out));
    }
    context.exit_code = kInterrupted;
  } else if (!silent && !out.empty()) {
    tell(fmt::format("saved in {}: {} and {}\n", out, RunFiles::kBest, RunFiles::kLast));
  }
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("train", "Train a model on a data set");
  auto options = std::make_shared<Options>();
  command
      ->add_option("config", options->file,
                   "A TOML file of the options below, by their names there, or a recipe")
      ->type_name("FILE|RECIPE");
  add_config_options(*command, options);
  add_data_options(*command, [options](ChangeData change) {
    options->changes.push_back([change](TrainConfig& c) { change(c.data_options); });
  });
  command->add_option("--out", options->out, "Folder that keeps the run; without it nothing is written")
      ->check(is_given())
      ->type_name("DIR")
      ->group("Running");
  CLI::Option* resume = command->add_option("--resume", options->resume, "Go on with the run in this folder")
                            ->check(is_given())
                            ->type_name("DIR")
                            ->group("Running");
  resume->excludes("--out");
  command->add_flag("--overwrite", options->overwrite, "Replace the run that the --out folder holds")
      ->group("Running");
  command
      ->add_flag("--no-report", options->no_report,
                 "Record nothing for a report, and write none into the --out folder")
      ->group("Running");
  add_trial_options(*command, options->trial);
  command->add_flag("--json", options->json, "Print one JSON object instead of text")->group("Running");
  command
      ->add_flag("--layers", options->layers,
                 "List the layers a description can have and the models by name, and end")
      ->group("Model");
  command->footer(kExamples);
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace hebb::cli
