#include <fmt/format.h>

#include <filesystem>

#include "cli/command.hpp"
#include "cli/inside.hpp"
#include "cli/inspect_model.hpp"
#include "data/summary.hpp"
#include "hebb/error.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  hebb inspect runs/mlp/best.safetensors
  hebb inspect runs/mlp                     the best model of a run
  hebb inspect runs/mlp --filters filters.png --saliency mnist:17 why.png
  hebb inspect 'conv(8) flatten dense(10)' --data mnist --batch-size 64
  hebb inspect iris
  hebb inspect prices.csv --target price --json)";

struct Options {
  std::string what;
  std::string data;
  std::int64_t batch_size = 32;
  std::string filters;
  std::pair<std::string, std::string> activations;  ///< the image, the file to write
  std::pair<std::string, std::string> saliency;
  bool json = false;
  DataOptions data_options;
};

Json data_json(const DataSummary& data) {
  Json json = {{"name", data.name},
               {"description", data.description},
               {"train_rows", data.train_rows},
               {"test_rows", data.test_rows},
               {"input_shape", data.input_shape.extents()},
               {"targets", to_string(data.target_kind)},
               {"outputs", data.outputs},
               {"classes", data.class_names},
               {"train_counts", data.train_counts},
               {"test_counts", data.test_counts},
               {"inputs", Json::array()},
               {"target_ranges", Json::array()}};
  for (const RangeSummary& range : data.inputs) json["inputs"].push_back(json_of(range));
  for (const RangeSummary& range : data.targets) json["target_ranges"].push_back(json_of(range));
  return json;
}

std::string ranges_text(const std::vector<RangeSummary>& ranges) {
  std::vector<std::vector<std::string>> rows = {{"column", "minimum", "maximum", "mean", "deviation"}};
  for (const RangeSummary& r : ranges) {
    if (r.categories > 0) {
      rows.push_back({r.name, fmt::format("text, {} categories", r.categories)});
    } else {
      rows.push_back({r.name, fmt::format("{:.5g}", r.minimum), fmt::format("{:.5g}", r.maximum),
                      fmt::format("{:.5g}", r.mean), fmt::format("{:.5g}", r.deviation)});
    }
  }
  return table(rows);
}

std::string data_text(const DataSummary& data) {
  std::string text = fmt::format("{}: {}\n", data.name, data.description);
  text += fmt::format("samples {} to train, {} to test\n", with_commas(data.train_rows),
                      with_commas(data.test_rows));
  text += fmt::format("input   {}\ntargets {} {}\n\n", to_string(data.input_shape), data.outputs,
                      data.target_kind == TargetKind::classes ? "classes" : "values");
  text += ranges_text(data.inputs);
  if (!data.targets.empty()) text += "\n" + ranges_text(data.targets);
  if (data.class_names.empty() && data.train_counts.empty()) return text;
  std::vector<std::vector<std::string>> rows = {{"class", "train", "test"}};
  for (std::size_t i = 0; i < data.train_counts.size(); ++i) {
    rows.push_back({i < data.class_names.size() ? data.class_names[i] : std::to_string(i),
                    with_commas(data.train_counts[i]),
                    i < data.test_counts.size() ? with_commas(data.test_counts[i]) : ""});
  }
  return text + "\n" + table(rows);
}

void draw(const Options& options, const SavedModel& model) {
  if (!options.filters.empty()) write_png(options.filters, filters_picture(model, options.what));
  const auto draw_sample = [&](const auto& image_and_file, const auto& picture) {
    const auto& [image, file] = image_and_file;
    if (file.empty()) return;
    const Sample sample = find_sample(image, model.input, options.data_options);
    write_png(file, picture(model, sample, options.what));
  };
  draw_sample(options.activations, activations_picture);
  draw_sample(options.saliency, saliency_picture);
}

void run(Options& options) {
  options.data_options.directories = data_directories(options.data_options.directories);
  if (options.batch_size < 1) {
    throw ConfigError(fmt::format("--batch-size: expected 1 or more, got {}", options.batch_size));
  }
  const bool draws =
      !options.filters.empty() || !options.activations.second.empty() || !options.saliency.second.empty();
  // A text with arguments is a model's, as no data set has a name like that.
  const bool is_model =
      draws || !options.data.empty() || !model_path(options.what).empty() ||
      (options.what.find('(') != std::string::npos && !std::filesystem::exists(options.what));
  if (is_model) {
    const SavedModel model = find_model(options.what, options.data, options.data_options);
    if (draws) draw(options, model);
    print(options.json ? json_text(model_json(model, options.batch_size)) + "\n"
                       : model_text(model, options.batch_size));
    return;
  }
  const DataSummary data = summarize(load_dataset(options.what, options.data_options));
  print(options.json ? json_text(data_json(data)) + "\n" : data_text(data));
}

}  // namespace

void add_inspect(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("inspect", "Show what a model or a data set is made of");
  auto options = std::make_shared<Options>();
  command
      ->add_option("what", options->what,
                   "A saved model, the folder of a run, a model description (with --data), or a data set by "
                   "name or file")
      ->type_name("MODEL|DATA")
      ->required();
  command->add_option("--data", options->data, "The data set whose samples a model description is to take")
      ->check(is_given())
      ->type_name("NAME|FILE");
  command
      ->add_option("--batch-size", options->batch_size,
                   "Model: samples of the training step whose memory is told (default: 32)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command
      ->add_option("--filters", options->filters,
                   "Draw the filters of the first convolution, or the first dense layer's weights, as PNG")
      ->check(is_given())
      ->type_name("FILE");
  command
      ->add_option(
          "--activations", options->activations,
          "Draw what each layer makes of an image, as PNG; IMAGE is a file or NAME:NUMBER, a sample of "
          "a data set's test split, from 0")
      ->check(is_given())
      ->type_name("IMAGE FILE");
  command
      ->add_option("--saliency", options->saliency,
                   "Draw how strongly the predicted class depends on each pixel, as PNG")
      ->check(is_given())
      ->type_name("IMAGE FILE");
  command->add_flag("--json", options->json, "Print one JSON object instead of text");
  add_data_options(*command, [options](const ChangeData& change) { change(options->data_options); });
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
