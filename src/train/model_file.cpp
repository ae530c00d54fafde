#include "hebb/model_file.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/model.hpp"
#include "hebb/version.hpp"
#include "io/json.hpp"

namespace hebb {
namespace {

// The keys of the metadata.
constexpr const char* kFormatVersion = "format_version";
constexpr const char* kLibraryVersion = "library_version";
constexpr const char* kDescription = "model";
constexpr const char* kGraph = "graph";
constexpr const char* kInput = "input";
constexpr const char* kLoss = "loss";
constexpr const char* kClassWeights = "class_weights";  // read; today they are part of the loss
constexpr const char* kTraining = "training";

template <class T>
void put(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

std::string to_json(const TrainingSummary& summary) {
  Json json = {{"data", summary.data},
               {"epochs", summary.epochs},
               {"steps", summary.steps},
               {"seed", summary.seed},
               {"optimizer", summary.optimizer}};
  put(json, "train_loss", summary.train_loss);
  put(json, "validation_loss", summary.validation_loss);
  put(json, "validation_accuracy", summary.validation_accuracy);
  return json_text(json);
}

TrainingSummary summary_from_json(const std::string& text) {
  const Json json = parse_json(text);
  const auto real = [&](const char* key) {
    return json.contains(key) && json[key].is_number() ? std::optional<double>(json[key].get<double>())
                                                       : std::nullopt;
  };
  return {.data = json.value("data", ""),
          .epochs = json.value("epochs", std::int64_t{0}),
          .steps = json.value("steps", std::int64_t{0}),
          .seed = json.value("seed", std::uint64_t{0}),
          .optimizer = json.value("optimizer", ""),
          .train_loss = real("train_loss"),
          .validation_loss = real("validation_loss"),
          .validation_accuracy = real("validation_accuracy")};
}

/// Reads one file, and names it in what it throws.
class ModelReader {
  /// Interprets one metadata text; whatever is wrong with it becomes a FormatError that names it.
  template <class Interpret>
  auto part(const char* key, const Interpret& interpret) const {
    const auto found = file_.metadata.find(key);
    if (found == file_.metadata.end()) fail(fmt::format("its metadata have no '{}'", key));
    try {
      return interpret(found->second);
    } catch (const Error& error) {
      fail(fmt::format("metadata '{}': {}", key, error.what()));
    } catch (const Json::exception& error) {
      fail(fmt::format("metadata '{}': {}", key, error.what()));
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw FormatError(fmt::format("{}: {}", name_, what));
  }

 public:
  ModelReader(const SafetensorsFile& file, const std::string& name) : file_(file), name_(name) {}

  SavedModel read() const {
    SavedModel model;
    model.format_version = version();
    model.library_version = text_or(kLibraryVersion, "");
    model.input = part(kInput, [](const std::string& text) { return input_spec_from_json(text); });
    model.loss = part(kLoss, [&](const std::string& text) { return with_weights(Loss::parse(text)); });
    if (file_.metadata.contains(kTraining)) {
      model.summary = part(kTraining, [](const std::string& text) { return summary_from_json(text); });
    }
    model.module = module(model.input.input_shape);
    check_output(model);
    return model;
  }

 private:
  std::string text_or(const char* key, const char* otherwise) const {
    const auto found = file_.metadata.find(key);
    return found == file_.metadata.end() ? otherwise : found->second;
  }

  int version() const {
    const auto found = file_.metadata.find(kFormatVersion);
    if (found == file_.metadata.end()) {
      fail(
          "is no Hebb model: its metadata have no 'format_version' (weights alone do not say what to "
          "compute)");
    }
    const std::string& text = found->second;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1) {
      fail(fmt::format("metadata 'format_version': expected a number from 1 to {}, got {}",
                       kModelFormatVersion, in_quotes(text)));
    }
    if (value > kModelFormatVersion) {
      fail(fmt::format("has format version {}; this version of Hebb ({}) reads versions up to {}", value,
                       kVersion, kModelFormatVersion));
    }
    return value;
  }

  Loss with_weights(const Loss& loss) const {
    const auto found = file_.metadata.find(kClassWeights);
    if (found == file_.metadata.end()) return loss;
    LossOptions options = loss.options();
    options.class_weights = parse_json(found->second).get<std::vector<float>>();
    return Loss(loss.name(), options);
  }

  std::unique_ptr<Module> module(const Shape& input) const {
    std::vector<NamedValue> values;
    std::int64_t elements = 0;
    for (const auto& [name, tensor] : file_.tensors) {
      values.push_back({name, tensor});
      elements += tensor.size();
    }
    const bool described = file_.metadata.contains(kDescription);
    const char* key = described ? kDescription : kGraph;
    if (!file_.metadata.contains(key)) {
      fail(fmt::format("its metadata have neither '{}' nor '{}'; expected one that says what to compute",
                       kDescription, kGraph));
    }
    std::unique_ptr<Module> result = part(key, [&](const std::string& text) -> std::unique_ptr<Module> {
      return described ? from_description(text, input, elements) : module_from_graph(text);
    });
    try {
      load_exactly(parameters(*result), values);
    } catch (const Error& error) {
      fail(fmt::format("metadata '{}' and weights disagree: {}", key, error.what()));
    }
    return result;
  }

  /// Memory for the parameters is taken only when the file has as many.
  std::unique_ptr<Module> from_description(const std::string& text, const Shape& input,
                                           std::int64_t elements) const {
    auto model = std::make_unique<Sequential>(Sequential::parse(text));
    const std::int64_t wanted = model->parameter_count(input);
    if (wanted > elements) {
      throw FormatError(
          fmt::format("disagrees with the weights: {} has {} parameters for inputs of shape {}, the file {}",
                      in_quotes(text), wanted, to_string(input), elements));
    }
    model->build(input);
    return model;
  }

  void check_output(const SavedModel& model) const {
    std::vector<std::int64_t> extents = model.input.input_shape.extents();
    extents.insert(extents.begin(), 1);
    std::int64_t outputs = 0;
    try {
      outputs = (*model.module)(Tensor::placeholder(Shape(extents))).size();
    } catch (const Error& error) {
      fail(fmt::format("metadata 'input' and the model disagree: {}", error.what()));
    }
    const auto names = static_cast<std::int64_t>(model.input.class_names.size());
    if (names != 0 && names != outputs && !(names == 2 && outputs == 1)) {
      fail(
          fmt::format("metadata 'input' and the model disagree: {} class names, {} outputs", names, outputs));
    }
    const auto weights = static_cast<std::int64_t>(model.loss.options().class_weights.size());
    if (weights != 0 && weights != outputs) {
      fail(fmt::format("metadata '{}' and the model disagree: {} class weights, {} outputs", kLoss, weights,
                       outputs));
    }
  }

  const SafetensorsFile& file_;
  const std::string& name_;
};

}  // namespace

SafetensorsFile model_to_safetensors(const SavedModel& model) {
  if (!model.module) throw ConfigError("save_model: there is no model");
  if (model.input.input_shape.elements() == 0) throw ConfigError("save_model: samples without inputs");
  SafetensorsFile file;
  file.metadata[kFormatVersion] = std::to_string(kModelFormatVersion);
  file.metadata[kLibraryVersion] = kVersion;
  file.metadata[kInput] = to_json(model.input);
  file.metadata[kLoss] = model.loss.describe();
  file.metadata[kTraining] = to_json(model.summary);
  for (const NamedValue& value : parameter_values(*model.module))
    file.tensors.emplace_back(value.name, value.value);
  if (const std::string description = model.module->describe(); !description.empty()) {
    file.metadata[kDescription] = description;
    return file;
  }
  const TracedGraph graph = trace_graph(*model.module, model.input.input_shape);
  file.metadata[kGraph] = graph.text;
  for (const NamedValue& constant : graph.constants) file.tensors.emplace_back(constant.name, constant.value);
  return file;
}

SavedModel model_from_safetensors(const SafetensorsFile& file, const std::string& name) {
  return ModelReader(file, name).read();
}

void save_model(const std::string& path, const SavedModel& model) {
  write_safetensors(path, model_to_safetensors(model));
}

SavedModel load_model(const std::string& path) {
  return model_from_safetensors(read_safetensors(path), path);
}

}  // namespace hebb
