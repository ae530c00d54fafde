#include "cli/model_source.hpp"

#include <fmt/format.h>

#include "cli/inspect_model.hpp"
#include "cli/model_data.hpp"
#include "hebb/error.hpp"
#include "hebb/madaline.hpp"
#include "hebb/model.hpp"
#include "hebb/model_file.hpp"

namespace hebb::cli {

namespace {

ReadyModel saved_model(const std::string& path, const ModelSource& source) {
  SavedModel saved = load_model(path);
  const DataChoice choice = data_for(saved, path, source.data, source.data_options);
  if (!source.scale.empty()) throw ConfigError("--scale: a saved model scales its inputs as in training");
  ReadyModel ready{.model = {}, .data = load_dataset(choice.data, choice.options), .loss = saved.loss};
  check_data(saved, ready.data);
  if (!saved.input.scaling.empty()) ready.data.train = scaled(ready.data.train, saved.input.scaling);
  ready.model = std::move(saved.module);
  return ready;
}

/// Neurons have no steps down a loss that could be looked at; networks of their form have.
void refuse_neuron(const std::string& description) {
  if (!neurons::is_neuron(description)) return;
  const auto neuron = neurons::parse_neuron(description);
  const auto* madaline = dynamic_cast<const neurons::Madaline*>(neuron.get());
  const std::string network = madaline != nullptr
                                  ? fmt::format("dense({}, act=tanh) dense(1)", madaline->options().hidden)
                                  : "dense(1)";
  throw ConfigError(
      fmt::format("--model: {} learns by a rule of its own, not by steps down a loss; a network of that "
                  "form, here for two classes: --model '{}' --loss {}",
                  neuron->describe(), network, neuron->loss().name()));
}

ReadyModel described_model(const std::string& description, const ModelSource& source) {
  refuse_neuron(description);
  if (source.data.empty())
    throw ConfigError("--data: expected a data set, such as truth-table, iris or a file");
  auto model = std::make_unique<Sequential>(Sequential::parse(description));
  ReadyModel ready{
      .model = {}, .data = load_dataset(source.data, data_options(source.data_options)), .loss = {}};
  const Shape input = ready.data.train->input_shape();
  const ScaleKind usual = input.rank() > 1 ? ScaleKind::standard : source.table_scale;
  apply_scaling(ready.data, source.scale.empty() ? usual : parse_scale_kind(source.scale));
  const Shape output = model->build(input, source.seed);
  const bool classes = ready.data.train->target_kind() == TargetKind::classes;
  ready.loss = classes ? Loss::for_classes(output.elements()) : Loss::for_values();
  ready.model = std::move(model);
  return ready;
}

}  // namespace

ReadyModel ready_model(const ModelSource& source) {
  if (source.file.empty() == source.model.empty()) {
    throw ConfigError(
        source.file.empty()
            ? "--model: expected a model description or a saved model, such as 'dense(4) dense(1)'"
            : "expected one model, got a file and --model");
  }
  const std::string& what = source.file.empty() ? source.model : source.file;
  const std::string path = model_path(what);
  ReadyModel ready = path.empty() ? described_model(what, source) : saved_model(path, source);
  if (!source.loss.empty()) ready.loss = Loss::parse(source.loss);
  return ready;
}

void add_model_source(CLI::App& command, ModelSource& source) {
  command.add_option("model", source.file, "A saved model or the folder of a run, instead of --model")
      ->type_name("MODEL");
  command.add_option("--model", source.model, "The model description, a model by name, or a saved model")
      ->type_name("LAYERS|NAME|FILE");
  command
      .add_option("--data", source.data,
                  "A data set by name ('hebb datasets') or a file (default for a saved model: what it was "
                  "trained on)")
      ->check(is_given())
      ->type_name("NAME|FILE");
  command.add_option("--loss", source.loss, "Loss (default: by the targets, or the saved model's)")
      ->type_name("NAME");
  command
      .add_option("--scale", source.scale,
                  source.table_scale == ScaleKind::none
                      ? "Inputs: standard, unit or none (default: none, so that the numbers are those of the "
                        "data; standard for images)"
                      : "Inputs: standard (default), unit or none")
      ->type_name("KIND");
  command.add_option("--seed", source.seed, "Of weights and whatever else is drawn (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
}

}  // namespace hebb::cli
