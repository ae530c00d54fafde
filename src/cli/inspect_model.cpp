#include "cli/inspect_model.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "cli/command.hpp"
#include "hebb/error.hpp"
#include "hebb/model.hpp"
#include "hebb/training_step.hpp"

namespace hebb::cli {

namespace {

/// Memory that a plan works in, and that of the parameters and the optimiser's state.
struct PlanMemory {
  std::string purpose;
  std::int64_t batch_size;
  std::size_t plan_bytes;
  std::size_t state_bytes;
};

/// For the prediction of one sample and, where there is something to train, for a step of Adam.
std::vector<PlanMemory> memory_of(const SavedModel& model, std::int64_t batch_size) {
  const Shape& input = model.input.input_shape;
  const Predictor predictor(*model.module, input);
  std::size_t parameter_bytes = 0;
  const auto named = parameters(*model.module);
  for (const NamedTensor& p : named) {
    parameter_bytes += static_cast<std::size_t>(p.value->size()) * size_of(p.value->dtype());
  }
  std::vector<PlanMemory> plans = {{"inference", 1, predictor.plan_bytes(1), parameter_bytes}};
  if (count_trainable(named) == 0) return plans;
  const bool classes = !model.input.class_names.empty() || model.loss.is_classification();
  const TrainingStep step(
      *model.module,
      {.input = input, .target_type = classes ? DType::i32 : DType::f32, .target = predictor.output_shape()},
      {.loss = model.loss, .optimizer = Adam()});
  plans.push_back({"training", batch_size, step.plan_bytes(batch_size), step.state_bytes()});
  return plans;
}

std::string memory_text(const SavedModel& model, std::int64_t batch_size) {
  std::vector<std::vector<std::string>> rows = {{"memory in bytes", "batch", "plan", "parameters and state"}};
  const auto bytes = [](std::size_t n) { return with_commas(static_cast<std::int64_t>(n)); };
  for (const PlanMemory& plan : memory_of(model, batch_size)) {
    rows.push_back({plan.purpose == "training" ? "training by adam" : plan.purpose,
                    std::to_string(plan.batch_size), bytes(plan.plan_bytes), bytes(plan.state_bytes)});
  }
  return table(rows);
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

/// An untrained model, as training on the data set would begin with it.
SavedModel described_model(const std::string& description, DataSplits data) {
  Sequential model = Sequential::parse(description);
  const Shape output = model.build(data.train->input_shape());
  apply_scaling(data, ScaleKind::standard);
  data.spec.input_shape = data.train->input_shape();
  const bool classes = data.train->target_kind() == TargetKind::classes;
  return {model, data.spec, classes ? Loss::for_classes(output.elements()) : Loss::for_values()};
}

}  // namespace

std::string model_path(const std::string& what) {
  std::error_code ignored;
  const std::string best = what + "/best.safetensors";
  if (std::filesystem::exists(best, ignored)) return best;
  return what.ends_with(".safetensors") ? what : "";
}

SavedModel find_model(const std::string& what, const std::string& data, const DataOptions& options) {
  const std::string path = model_path(what);
  if (path.empty()) {
    if (data.empty()) {
      throw ConfigError("--data: expected a data set, whose samples the model '" + what +
                        "' is to take; only a saved model knows its input");
    }
    return described_model(what, load_dataset(data, options));
  }
  SavedModel model = load_model(path);
  if (data.empty()) return model;
  const Shape samples = load_dataset(data, options).train->input_shape();
  if (samples.elements() != model.input.input_shape.elements()) {
    throw DataError(fmt::format("{}: samples of shape {}; the model takes {}", data, to_string(samples),
                                to_string(model.input.input_shape)));
  }
  return model;
}

Json model_json(const SavedModel& model, std::int64_t batch_size) {
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
  for (const PlanMemory& plan : memory_of(model, batch_size)) {
    json["memory"][plan.purpose] = {
        {"batch_size", plan.batch_size}, {"plan_bytes", plan.plan_bytes}, {"state_bytes", plan.state_bytes}};
  }
  return json;
}

std::string model_text(const SavedModel& model, std::int64_t batch_size) {
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
  return text + "\n" + layers_text(model) + "\n" + memory_text(model, batch_size);
}

}  // namespace hebb::cli
