#include "cli/boundary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "cli/boundary_film.hpp"
#include "cli/boundary_picture.hpp"
#include "cli/inspect_model.hpp"
#include "cli/model_data.hpp"
#include "cli/terminal.hpp"
#include "core/names.hpp"
#include "hebb/boundary.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/run.hpp"
#include "io/json.hpp"
#include "train/neuron_training.hpp"
#include "train/preparation.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  hebb boundary runs/moons
  hebb boundary runs/moons --noise 0 --out boundary.svg
  hebb boundary --model 'dense(8, act=tanh) dense(2)' --data moons
  hebb boundary --model perceptron --data blobs --classes 2 --out line.png
  hebb boundary --model 'dense(16, act=relu) dense(3)' --data spirals \
      --epochs 3000 --animate boundary.html

Data have two inputs, and classes, or values that are 0 and 1 (xor). The
boundary of a linear classifier is its exact line, any other one a contour.
Without --out, --animate and --json it is drawn in the terminal.)";

struct Options {
  std::string file;
  TrainConfig config;
  std::vector<ChangeData> data_options;  ///< those given
  std::string out;
  std::string animate;
  std::int64_t frames = 60;
  std::int64_t grid = 0;
  std::string color = "auto";
  bool json = false;
};

/// The columns and rows of a terminal with colors, and which it has.
TerminalColor terminal_color(const std::string& when) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (when != "auto" && when != "always" && when != "never")
    throw ConfigError("--color: expected auto, always or never, got " + in_quotes(when));
  // See no-color.org: any value but the empty one.
  const bool wanted = when == "always" || (when == "auto" && is_terminal(1) && variable("NO_COLOR").empty());
  if (!wanted) return TerminalColor::none;
  const std::string depth = variable("COLORTERM");
  return depth == "truecolor" || depth == "24bit" ? TerminalColor::full : TerminalColor::palette;
}

Json paths_json(const std::vector<PlanePath>& paths) {
  Json all = Json::array();
  for (const PlanePath& path : paths) {
    Json one = Json::array();
    for (const PlanePoint& p : path) one.push_back({p.x, p.y});
    all.push_back(std::move(one));
  }
  return all;
}

Json map_json(const DecisionMap& map, const PlaneData& data) {
  Json json = {{"box", {map.box.left, map.box.right, map.box.low, map.box.high}},
               {"axes", data.axes},
               {"classes", data.class_names},
               {"samples", data.points.size()},
               {"errors", map.errors},
               {"linear", map.linear},
               {"separated", map.separated},
               {"margin", map.margin},
               {"boundary", paths_json(map.boundary)},
               {"margins", paths_json(map.margins)}};
  if (map.line) json["line"] = {{"weights", map.line->weights}, {"bias", map.line->bias}};
  if (map.distance) json["distance"] = *map.distance;
  return json;
}

BoundaryOptions grid_of(const Options& options) {
  BoundaryOptions grid;
  if (options.grid != 0) grid.columns = grid.rows = options.grid;
  return grid;
}

void draw(const Options& options, const SavedModel& model, const PlaneData& data, const std::string& title) {
  const PlaneClassifier classifier = plane_classifier(model);
  if (options.json || !options.out.empty()) {
    const DecisionMap map = decision_map(classifier, data, grid_of(options));
    if (!options.out.empty()) boundary_scene(map, data, title).write(options.out);
    if (options.json) print(json_text(map_json(map, data)) + "\n");
    return;
  }
  BoundaryText how;
  how.width = std::min(terminal_width(1), 100) - 1;
  how.color = terminal_color(options.color);
  how.utf8 = speaks_utf8();
  BoundaryOptions small = {.columns = 2, .rows = 2};
  const PlaneBox box = decision_map(classifier, data, small).box;
  const DecisionMap map = decision_map(classifier, data, text_grid(box, how));
  print(title + "\n" + boundary_text(map, data, how) + boundary_words(map, data));
}

std::string title_of(const std::string& data, const SavedModel& model) {
  const std::string text = model.module->describe();
  return data + ": " + (text.empty() ? "a composition of operations" : text);
}

void draw_saved(const Options& options, const std::string& path) {
  const SavedModel model = load_model(path);
  if (!options.animate.empty())
    throw ConfigError("--animate: expected a model description by --model, to be trained; got a saved model");
  plane_classifier(model);  // what it cannot do is said before the data are looked at
  const DataChoice choice = data_for(model, path, options.config.data, options.data_options);
  const DataSplits data = load_dataset(choice.data, choice.options);
  const PlaneData plane = plane_data(data);
  check_data(model, data);
  draw(options, model, plane, title_of(data.name, model));
}

/// Films a neuron, which learns by its own rule.
class NeuronFilm final : public TrainingObserver {
 public:
  NeuronFilm(training::Preparation& start, const PlaneData& plane, std::int64_t epochs,
             const FilmOptions& how)
      : start_(start), plane_(plane), how_(how), wanted_(filmed_epochs(epochs, how.frames)) {
    look(0);
  }

  void on_epoch(const EpochReport& report) override {
    if (std::binary_search(wanted_.begin(), wanted_.end(), report.epoch)) look(report.epoch);
  }
  /// With the neuron as it ended, which may be before all epochs are over.
  std::vector<TrainingFrame> take() {
    if (frames_.back().epoch != start_.neuron->epochs()) look(start_.neuron->epochs());
    return std::move(frames_);
  }

 private:
  void look(std::int64_t epoch) {
    const Dataset& data = *start_.data.train;
    const SavedModel now(training::network_for(*start_.neuron, data), start_.data.spec, start_.loss);
    frames_.push_back(film_frame({.model = &now, .train = &data, .plane = &plane_}, epoch, how_.boundary));
  }

  training::Preparation& start_;
  const PlaneData& plane_;
  const FilmOptions& how_;
  std::vector<std::int64_t> wanted_;
  std::vector<TrainingFrame> frames_;
};

void film(const Options& options, DataSplits data, const PlaneData& plane) {
  const std::string name = data.name;
  training::Preparation start = training::prepare(options.config, std::move(data));
  start.data.spec.input_shape = start.data.train->input_shape();
  const SavedModel model(*start.model, start.data.spec, start.loss);
  FilmOptions how = {.frames = options.frames};
  if (options.grid != 0) how.boundary.columns = how.boundary.rows = options.grid;
  std::vector<TrainingFrame> frames;
  if (start.neuron) {
    NeuronFilm observer(start, plane, options.config.epochs, how);
    TrainerInputs inputs = start.trainer_inputs();
    inputs.observer = &observer;
    training::train_neuron(*start.neuron, *start.model, options.config, inputs);
    frames = observer.take();
  } else {
    frames = film_training({.model = &model, .train = start.data.train.get(), .plane = &plane},
                           start.trainer_options(options.config), how);
  }
  write_file_atomically(options.animate, film_html(frames, plane, title_of(name, model)));
}

void draw_trained(Options& options) {
  TrainConfig& config = options.config;
  if (config.data.empty()) throw ConfigError("--data: expected a data set, such as moons or a file");
  config.data_options = data_options(options.data_options);
  config.check();
  DataSplits data = load_dataset(config.data, config.data_options);
  const PlaneData plane = plane_data(data);
  if (!options.animate.empty()) film(options, data, plane);
  if (!options.animate.empty() && options.out.empty() && !options.json) return;
  watch_interrupts();
  const RunResult result = run_training(config, data, {.stop = &interrupted()});
  draw(options, result.model, plane, title_of(data.name, result.model));
}

void run(Options& options) {
  if (!options.out.empty()) require_picture_name(options.out);
  if (options.file.empty() == options.config.model.empty()) {
    throw ConfigError(options.file.empty() ? "expected a saved model, or a model description by --model"
                                           : "expected one model, got a file and --model");
  }
  const std::string path = options.file.empty() ? std::string() : model_path(options.file);
  if (!options.file.empty() && path.empty())
    throw ConfigError("expected a saved model or the folder of a run, got " + in_quotes(options.file) +
                      "; a model description is given by --model");
  if (path.empty()) {
    draw_trained(options);
  } else {
    draw_saved(options, path);
  }
}

void add_training_options(CLI::App& command, TrainConfig& config) {
  const char* group = "Training, with --model";
  command.add_option("--model", config.model, "A model description or a neuron, trained first")
      ->type_name("LAYERS|NAME")
      ->group(group);
  command.add_option("--epochs", config.epochs, "Passes over the data (default 1000)")
      ->check(is_number<std::int64_t>())
      ->type_name("N")
      ->group(group);
  command.add_option("--loss", config.loss, "Loss (default: by the targets)")
      ->type_name("NAME")
      ->group(group);
  command.add_option("--optimizer", config.optimizer, "Optimiser (default adam)")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option("--lr,--learning-rate", config.learning_rate,
                  "Learning rate (default: the optimiser's own)")
      ->check(is_number<double>())
      ->type_name("X")
      ->group(group);
  command.add_option("--batch-size", config.batch_size, "Samples a step (default 32; 0: all)")
      ->check(is_number<std::int64_t>())
      ->type_name("N")
      ->group(group);
  command.add_option("--seed", config.seed, "Of weights and shuffling (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N")
      ->group(group);
  command
      .add_option_function<std::string>(
          "--scale", [&config](const std::string& kind) { config.scale = parse_scale_kind(kind); },
          "Inputs: standard (default), unit or none")
      ->type_name("KIND")
      ->group(group);
}

}  // namespace

void add_boundary(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("boundary", "Draw where a classifier of the plane decides");
  auto options = std::make_shared<Options>();
  options->config.epochs = 1000;
  command->add_option("model", options->file, "A saved model or the folder of a run")->type_name("MODEL");
  command
      ->add_option("--data", options->config.data,
                   "The samples: a data set by name or file (default for a saved model: what it was trained "
                   "on, loaded as its run did)")
      ->check(is_given())
      ->type_name("NAME|FILE");
  command->add_option("--out", options->out, "Write the picture, as .svg or .png")
      ->check(is_given())
      ->type_name("FILE");
  command->add_option("--animate", options->animate, "Write a page that runs through the training of --model")
      ->check(is_given())
      ->type_name("FILE");
  command->add_option("--frames", options->frames, "Of the page, at most (default 60)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command
      ->add_option("--grid", options->grid,
                   "Cells along each side, in which it is looked at (default 160, page 96)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--color", options->color, "In the terminal: auto (default), always or never")
      ->type_name("WHEN");
  command->add_flag("--json", options->json, "Print boundary and margins as one JSON object");
  add_training_options(*command, options->config);
  add_threads(*command);
  add_data_options(*command,
                   [options](const ChangeData& change) { options->data_options.push_back(change); });
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
