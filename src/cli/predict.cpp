#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "cli/command.hpp"
#include "cli/sample.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/model_file.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kExamples =
    R"(Input is a table (CSV or TSV), a matrix (NPY), an image (PNG, JPEG, PGM) or a
folder of images; from standard input, CSV. It is raw: the model scales it.
Output is CSV on standard output.

Examples:
  hebb predict runs/iris/best.safetensors --input flowers.csv --proba
  hebb predict runs/mlp/best.safetensors --input digits/ --top 3
  hebb predict model.safetensors < rows.csv > answers.csv)";

struct Options {
  std::string model;
  std::string input;
  bool probabilities = false;
  std::int64_t top = 0;
  std::int64_t shifts = 0;
  std::string precision = "f32";
  bool json = false;
};

/// Raw samples, and names of them where they have some.
struct Samples {
  std::vector<float> values;
  std::vector<std::string> names;
};

std::string lower_extension(const fs::path& path) {
  std::string text = path.extension().string();
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void add_image(const std::string& path, const InputSpec& spec, Samples& samples) {
  const std::vector<float> values = image_values(path, spec);
  samples.values.insert(samples.values.end(), values.begin(), values.end());
  samples.names.push_back(fs::path(path).filename().string());
}

Samples read_folder(const std::string& path, const InputSpec& spec) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (is_image_name(entry.path().string())) files.push_back(entry.path().string());
  }
  if (files.empty())
    throw DataError(fmt::format("{}: the folder holds no image (PNG, JPEG, PGM, PPM)", path));
  std::sort(files.begin(), files.end());
  Samples samples;
  for (const std::string& file : files) add_image(file, spec, samples);
  return samples;
}

Samples read_matrix(const std::string& path, std::int64_t features) {
  const Tensor matrix = read_npy(path);
  const std::int64_t rows = matrix.shape().rank() > 1 ? matrix.shape()[0] : 1;
  if (rows == 0 || matrix.size() != rows * features) {
    throw DataError(fmt::format("{}: an array of shape {}; the model takes rows of {} values", path,
                                to_string(matrix.shape()), features));
  }
  Samples samples;
  for (const double value : matrix.to_vector()) {
    const auto i = static_cast<std::int64_t>(samples.values.size());
    samples.values.push_back(static_cast<float>(value));
    if (std::isfinite(samples.values.back())) continue;
    throw DataError(fmt::format("{}: row {}, value {}: {} is not a finite number of 32 bits", path,
                                i / features + 1, i % features + 1, value));
  }
  return samples;
}

Samples read_samples(const Options& options, const InputSpec& spec) {
  const std::int64_t features = spec.input_shape.elements();
  if (options.input.empty() || options.input == "-") {
    return {encode_table(spec, read_csv(std::cin)), {}};
  }
  std::error_code ignored;
  if (fs::is_directory(options.input, ignored)) return read_folder(options.input, spec);
  if (is_image_name(options.input)) {
    Samples samples;
    add_image(options.input, spec, samples);
    return samples;
  }
  if (lower_extension(options.input) == ".npy") return read_matrix(options.input, features);
  return {encode_table(spec, read_csv(options.input)), {}};
}

/// A cell of CSV, in quotes where it must be.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// What is said of one sample: keys and values in order, the values as text and as JSON.
using Answer = std::vector<std::pair<std::string, Json>>;

class Answers {
 public:
  Answers(LoadedModel& model, const Options& options) : model_(model), options_(options) {
    if (!model.is_classifier() && (options.probabilities || options.top > 0)) {
      throw ConfigError("--proba and --top need a model of classes; this one predicts values");
    }
    if (options.top < 0 || options.top > std::max<std::int64_t>(1, model.classes())) {
      throw ConfigError(fmt::format("--top: expected 1 to {}, the number of classes, got {}", model.classes(),
                                    options.top));
    }
  }

  Answer of(std::span<const float> output) const {
    Answer answer;
    if (!model_.is_classifier()) {
      const std::string& name = model_.input().target_name;
      for (std::size_t i = 0; i < output.size(); ++i) {
        std::string key = name.empty() ? "prediction" : name;
        if (output.size() > 1) key += "_" + std::to_string(i + 1);
        answer.emplace_back(key, output[i]);
      }
      return answer;
    }
    answer.emplace_back("prediction", std::string(model_.class_name(model_.class_of(output))));
    const std::vector<float> p = by_class(output);
    if (options_.top > 0) add_top(p, answer);
    if (options_.probabilities) {
      for (std::size_t i = 0; i < p.size(); ++i) {
        answer.emplace_back("p_" + std::string(model_.class_name(static_cast<std::int64_t>(i))), p[i]);
      }
    }
    return answer;
  }

 private:
  std::vector<float> by_class(std::span<const float> output) const {
    if (output.size() > 1) return {output.begin(), output.end()};
    return {1 - output[0], output[0]};
  }

  void add_top(const std::vector<float>& p, Answer& answer) const {
    std::vector<std::size_t> order(p.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
    for (std::int64_t k = 0; k < options_.top; ++k) {
      const std::size_t c = order[static_cast<std::size_t>(k)];
      answer.emplace_back(fmt::format("top_{}", k + 1),
                          std::string(model_.class_name(static_cast<std::int64_t>(c))));
      answer.emplace_back(fmt::format("top_{}_p", k + 1), p[c]);
    }
  }

  LoadedModel& model_;
  const Options& options_;
};

std::string csv_of(const Answer& answer, bool keys) {
  std::string line;
  for (const auto& [key, value] : answer) {
    const std::string text = keys                ? key
                             : value.is_string() ? value.get<std::string>()
                                                 : fmt::format("{}", value.get<float>());
    line += (line.empty() ? "" : ",") + cell(text);
  }
  return line + "\n";
}

void run(const Options& options) {
  SavedModel saved = load_model(options.model);
  average_over_shifts(saved, options.shifts);
  LoadedModel model(saved, precision_named(options.precision));
  const Answers answers(model, options);
  const Samples samples = read_samples(options, model.input());
  const auto features = static_cast<std::size_t>(model.inputs());
  const auto width = static_cast<std::size_t>(model.outputs());
  constexpr std::size_t kBatch = 1024;
  Json all = Json::array();
  const std::size_t count = samples.values.size() / features;
  for (std::size_t start = 0; start < count; start += kBatch) {
    const std::size_t n = std::min(kBatch, count - start);
    const std::span<const float> outputs =
        model.predict(std::span<const float>(samples.values).subspan(start * features, n * features));
    std::string text;
    for (std::size_t i = 0; i < n; ++i) {
      Answer answer = answers.of(outputs.subspan(i * width, width));
      if (!samples.names.empty()) answer.insert(answer.begin(), {"file", samples.names[start + i]});
      if (options.json) {
        Json object = Json::object();
        for (const auto& [key, value] : answer) object[key] = value;
        all.push_back(std::move(object));
      } else {
        if (start + i == 0) text += csv_of(answer, true);
        text += csv_of(answer, false);
      }
    }
    if (!options.json) print(text);
  }
  if (options.json) print(json_text(Json{{"predictions", std::move(all)}}) + "\n");
}

}  // namespace

void add_predict(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("predict", "Predict with a saved model");
  auto options = std::make_shared<Options>();
  command->add_option("model", options->model, "A saved model")->type_name("MODEL")->required();
  command
      ->add_option("--input", options->input,
                   "CSV, NPY, image or folder of images (default: CSV from standard input)")
      ->check(is_given())
      ->type_name("FILE|DIR");
  command->add_flag("--proba", options->probabilities, "The probability of every class");
  command->add_option("--top", options->top, "The K most probable classes and their probabilities")
      ->check(is_number<std::int64_t>())
      ->type_name("K");
  add_shifts(*command, options->shifts);
  add_precision(*command, options->precision);
  command->add_flag("--json", options->json, "Print one JSON object instead of CSV");
  add_threads(*command);
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
