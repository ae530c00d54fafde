#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "cli/command.hpp"
#include "cli/confusion.hpp"
#include "cli/model_data.hpp"
#include "cli/worst_images.hpp"
#include "hebb/error.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/io.hpp"
#include "hebb/model_file.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  hebb eval runs/mlp/best.safetensors
  hebb eval runs/mlp/best.safetensors --data mnist --split train --json
  hebb eval digits.safetensors --data mnist --confusion c.svg --worst w.png

A data set without a test split is evaluated as a whole. The data of a run are
loaded as the run did, but for the options given.)";

struct Options {
  std::string model;
  std::string data;
  std::string split = "test";
  std::int64_t batch_size = 1024;
  std::string confusion;
  std::string worst;
  std::int64_t worst_count = 40;
  std::int64_t shifts = 0;
  std::string precision = "f32";
  bool json = false;
  std::vector<ChangeData> data_options;  ///< those given
};

/// A name for each class: its number where it has none.
std::vector<std::string> names_of(const InputSpec& spec, const ClassificationMetrics& metrics) {
  std::vector<std::string> names = spec.class_names;
  for (auto i = static_cast<std::int64_t>(names.size()); i < metrics.classes(); ++i) {
    names.push_back(std::to_string(i));
  }
  return names;
}

std::string text_of(const EvaluationReport& report, const InputSpec& spec) {
  std::string text =
      fmt::format("samples   {}\nloss      {:.6g}\n", with_commas(report.samples), report.loss);
  if (report.values) {
    text += fmt::format("rmse      {:.6g}\nmae       {:.6g}\nR2        {:.6f}\n", report.values->rmse(),
                        report.values->mae(), report.values->r2());
  }
  if (!report.classes) return text;
  const ClassificationMetrics& m = *report.classes;
  text += fmt::format("accuracy  {:.2f} %\n", 100 * m.accuracy());
  if (m.top_k() > 1) text += fmt::format("top {}     {:.2f} %\n", m.top_k(), 100 * m.top_k_accuracy());
  constexpr std::int64_t kMostClasses = 30;
  if (m.classes() > kMostClasses) return text;
  const std::vector<std::string> names = names_of(spec, m);
  std::vector<std::vector<std::string>> rows = {{"class", "precision", "recall", "F1", "samples"}};
  std::vector<std::vector<std::string>> confusion = {{"label \\ predicted"}};
  for (std::int64_t c = 0; c < m.classes(); ++c) {
    const std::string& name = names[static_cast<std::size_t>(c)];
    rows.push_back({name, fmt::format("{:.4f}", m.precision(c)), fmt::format("{:.4f}", m.recall(c)),
                    fmt::format("{:.4f}", m.f1(c)), std::to_string(m.support(c))});
    confusion.front().push_back(name);
    confusion.push_back({name});
    for (std::int64_t p = 0; p < m.classes(); ++p)
      confusion.back().push_back(std::to_string(m.confusion(c, p)));
  }
  return text + "\n" + table(rows) + "\n" + table(confusion);
}

/// What was evaluated.
struct Evaluated {
  const Dataset& raw;
  std::string name;  ///< "mnist, test"
};

void draw(const Options& options, const SavedModel& model, const EvaluationReport& report,
          const Evaluated& data) {
  const std::vector<std::string> names = names_of(model.input, *report.classes);
  const std::string title =
      std::filesystem::path(options.model).lexically_normal().string() + " on " + data.name;
  if (!options.confusion.empty()) {
    write_file_atomically(options.confusion, confusion_svg(*report.classes, names, title));
  }
  if (!options.worst.empty()) write_png(options.worst, worst_images(report, data.raw, names, title));
}

void run(Options& options) {
  if (options.split != "test" && options.split != "train") {
    throw ConfigError(fmt::format("--split: expected test or train, got '{}'", options.split));
  }
  if (options.worst_count < 1) {
    throw ConfigError(fmt::format("--worst-count: expected 1 or more, got {}", options.worst_count));
  }
  SavedModel model = load_model(options.model);
  average_over_shifts(model, options.shifts);
  const DataChoice choice = data_for(model, options.model, options.data, options.data_options);
  const DataSplits data = load_dataset(choice.data, choice.options);
  check_data(model, data);
  const bool has_test = data.test != nullptr;
  const std::shared_ptr<const Dataset> part = options.split == "test" && has_test ? data.test : data.train;
  const bool draws = !options.confusion.empty() || !options.worst.empty();
  if (draws && part->target_kind() != TargetKind::classes) {
    throw ConfigError(
        fmt::format("--confusion and --worst need classes; the targets of {} are values", data.name));
  }
  const EvaluationReport report = evaluate(*model.module, *scaled(part, model.input.scaling), model.loss,
                                           {.batch_size = options.batch_size,
                                            .precision = precision_named(options.precision),
                                            .worst = options.worst.empty() ? 0 : options.worst_count});
  if (draws)
    draw(options, model, report, {.raw = *part, .name = data.name + (has_test ? ", " + options.split : "")});
  print(options.json ? to_json(report, model.input) + "\n" : text_of(report, model.input));
}

}  // namespace

void add_eval(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("eval", "Tell how good a saved model is on a data set");
  auto options = std::make_shared<Options>();
  command->add_option("model", options->model, "A saved model")->type_name("MODEL")->required();
  command
      ->add_option("--data", options->data,
                   "A data set by name or a file (default: what the model was trained on)")
      ->type_name("NAME|FILE");
  command->add_option("--split", options->split, "test (default) or train")->type_name("PART");
  command->add_option("--batch-size", options->batch_size, "Samples evaluated at once")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--confusion", options->confusion, "Draw the confusion matrix, as SVG")
      ->check(is_given())
      ->type_name("FILE");
  command->add_option("--worst", options->worst, "Draw the images with the largest losses, as PNG")
      ->check(is_given())
      ->type_name("FILE");
  command->add_option("--worst-count", options->worst_count, "How many of them (default: 40)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  add_shifts(*command, options->shifts);
  add_precision(*command, options->precision);
  command->add_flag("--json", options->json, "Print one JSON object instead of text");
  add_threads(*command);
  add_data_options(*command,
                   [options](const ChangeData& change) { options->data_options.push_back(change); });
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
