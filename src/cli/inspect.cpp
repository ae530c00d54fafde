#include <fmt/format.h>

#include <filesystem>

#include "cli/command.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/model_file.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  hebb inspect runs/mlp/best.safetensors
  hebb inspect runs/mlp                     the best model of a run
  hebb inspect iris
  hebb inspect prices.csv --target price --json)";

struct Options {
  std::string what;
  bool json = false;
  DataOptions data_options;
};

Json model_json(const SavedModel& model) {
  Json json = {{"model", model.module->describe()},
               {"loss", model.loss.describe()},
               {"input_shape", model.input.input_shape.extents()},
               {"classes", model.input.class_names},
               {"scaling", to_string(model.input.scaling.kind)},
               {"format_version", model.format_version},
               {"library_version", model.library_version}};
  const auto named = parameters(*model.module);
  json["parameters"] = count_trainable(named);
  json["tensors"] = Json::array();
  for (const NamedTensor& p : named)
    json["tensors"].push_back({{"name", p.name}, {"shape", p.value->shape().extents()}});
  if (const auto* layers = dynamic_cast<const Sequential*>(model.module.get())) {
    json["layers"] = Json::array();
    for (const SummaryRow& row : layers->summary()) {
      json["layers"].push_back({{"name", row.name},
                                {"description", row.description},
                                {"output_shape", row.output_shape.extents()},
                                {"parameters", row.parameters},
                                {"flops", row.flops}});
    }
  }
  return json;
}

std::string layers_text(const SavedModel& model) {
  std::vector<std::vector<std::string>> rows = {{"layer", "description", "output", "parameters", "FLOP"}};
  std::int64_t parameters_sum = 0;
  std::int64_t flops_sum = 0;
  if (const auto* layers = dynamic_cast<const Sequential*>(model.module.get())) {
    for (const SummaryRow& row : layers->summary()) {
      rows.push_back({row.name, row.description, to_string(row.output_shape), with_commas(row.parameters),
                      with_commas(row.flops)});
      parameters_sum += row.parameters;
      flops_sum += row.flops;
    }
    rows.push_back({"total", "", "", with_commas(parameters_sum), with_commas(flops_sum)});
    return table(rows);
  }
  rows = {{"parameter", "shape", "elements"}};
  for (const NamedTensor& p : parameters(*model.module)) {
    rows.push_back({p.name, to_string(p.value->shape()), with_commas(p.value->size())});
  }
  return "a free composition of operations\n" + table(rows);
}

std::string model_text(const SavedModel& model) {
  std::string text = fmt::format("input   {}, scaling {}\n", to_string(model.input.input_shape),
                                 to_string(model.input.scaling.kind));
  if (!model.input.class_names.empty()) {
    std::string names;
    for (const std::string& name : model.input.class_names) names += (names.empty() ? "" : ", ") + name;
    if (names.size() > 200) names = names.substr(0, 200) + " ...";
    text += fmt::format("classes {}: {}\n", model.input.class_names.size(), names);
  }
  text += fmt::format("loss    {}\n", model.loss.describe());
  const TrainingSummary& s = model.summary;
  if (!s.data.empty()) {
    text += fmt::format("trained on {} with {}, {} epochs, {} steps, seed {}\n", s.data, s.optimizer,
                        s.epochs, s.steps, s.seed);
  }
  return text + "\n" + layers_text(model);
}

Json range_json(const RangeSummary& range) {
  if (range.categories > 0) return {{"name", range.name}, {"categories", range.categories}};
  return {{"name", range.name},
          {"minimum", range.minimum},
          {"maximum", range.maximum},
          {"mean", range.mean},
          {"deviation", range.deviation}};
}

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
  for (const RangeSummary& range : data.inputs) json["inputs"].push_back(range_json(range));
  for (const RangeSummary& range : data.targets) json["target_ranges"].push_back(range_json(range));
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

void run(Options& options) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::string path = options.what;
  if (fs::exists(path + "/best.safetensors", ignored)) path += "/best.safetensors";
  if (path.ends_with(".safetensors")) {
    const SavedModel model = load_model(path);
    print(options.json ? json_text(model_json(model)) + "\n" : model_text(model));
    return;
  }
  options.data_options.directories = data_directories(options.data_options.directories);
  const DataSummary data = summarize(load_dataset(options.what, options.data_options));
  print(options.json ? json_text(data_json(data)) + "\n" : data_text(data));
}

}  // namespace

void add_inspect(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("inspect", "Show what a model or a data set is made of");
  auto options = std::make_shared<Options>();
  command
      ->add_option("what", options->what, "A saved model, the folder of a run, or a data set by name or file")
      ->type_name("MODEL|DATA")
      ->required();
  command->add_flag("--json", options->json, "Print one JSON object instead of text");
  add_data_options(*command, [options](const ChangeData& change) { change(options->data_options); });
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
