#include "cli/surface.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "cli/model_source.hpp"
#include "cli/surface_picture.hpp"
#include "cli/terminal.hpp"
#include "hebb/error.hpp"
#include "hebb/surface.hpp"
#include "io/json.hpp"
#include "train/method.hpp"

namespace hebb::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  hebb surface --model 'dense(8, act=tanh) dense(2)' --data moons
  hebb surface --model 'dense(1)' --data line --out valley.svg --steps 40 \
      --weights 'dense_1.weight[0,0]' 'dense_1.bias[0]'
  hebb surface runs/moons --data moons --reach 2 --out surface.png
  hebb surface --model 'dense(2)' --data moons --lr 0.3 \
      --optimizer gd 'adam(beta1=0.8)'
  hebb surface --soften sigmoid --out soft.svg

The plane is that of two weights' values, or of two random directions, each
unit's part as long as its own weights. Optimisers may change these two
numbers alone, so that their ways lie on the surface.)";

struct Options {
  ModelSource source;
  std::vector<std::string> weights;
  std::optional<double> reach;
  std::optional<double> learning_rate;
  std::vector<std::string> optimizers = {"gd", "momentum", "adam"};
  std::vector<double> start;
  std::int64_t points = 49;
  std::int64_t steps = 60;
  std::string soften;
  std::vector<double> steepness;
  std::string out;
  bool json = false;
};

/// The rate that is used where none is given: with the defaults made for many weights little would be seen.
constexpr double kUsualRate = 0.1;

std::vector<Optimizer> optimizers_of(const Options& options) {
  std::vector<Optimizer> optimizers;
  for (const std::string& text : options.optimizers) {
    TrainConfig config;
    config.optimizer = text;
    const bool own = text.find("learning_rate") != std::string::npos;
    if (!own) config.learning_rate = options.learning_rate.value_or(kUsualRate);
    const training::Method method = training::parse_method(config);
    if (method.lbfgs) throw ConfigError("--optimizer: L-BFGS chooses its steps itself; its way is not drawn");
    optimizers.push_back(method.optimizer);
  }
  return optimizers;
}

Json numbers_json(const std::vector<PlanePoint>& points) {
  Json all = Json::array();
  for (const PlanePoint& p : points) all.push_back({p.x, p.y});
  return all;
}

void run_surface(const Options& options) {
  if (options.weights.size() != 0 && options.weights.size() != 2)
    throw ConfigError(fmt::format("--weights: expected two, got {}", options.weights.size()));
  if (options.start.size() != 0 && options.start.size() != 2)
    throw ConfigError(fmt::format("--start: expected two numbers, got {}", options.start.size()));
  SurfaceOptions how = {.seed = options.source.seed,
                        .reach = options.reach,
                        .points = options.points,
                        .steps = options.steps,
                        .optimizers = optimizers_of(options)};
  if (!options.weights.empty()) how.weights = {options.weights[0], options.weights[1]};
  if (!options.start.empty()) how.start = PlanePoint{options.start[0], options.start[1]};
  const ReadyModel ready = ready_model(options.source);
  const LossSurface surface =
      loss_surface(*ready.model, {.loss = ready.loss, .batch_size = 0, .seed = options.source.seed},
                   *ready.data.train, how);
  const std::string description = ready.model->describe();
  const std::string title = fmt::format("{} of {} on {}", ready.loss.describe(),
                                        description.empty() ? "a composition" : description, ready.data.name);
  if (!options.out.empty()) surface_scene(surface, title).write(options.out);
  if (options.json) {
    print(json_text(surface_json(surface)) + "\n");
  } else if (options.out.empty()) {
    const int width = std::min(terminal_width(1), 80) - 1;
    print(title + "\n" + surface_text(surface, width, 32) + surface_words(surface));
  } else {
    print(surface_words(surface));
  }
}

void run_softening(const Options& options) {
  if (!options.source.file.empty() || !options.source.model.empty() || !options.source.data.empty())
    throw ConfigError("--soften: it shows one neuron's function, and takes no model and no data");
  std::vector<double> x;
  for (int i = -400; i <= 400; ++i) x.push_back(i / 100.0);
  std::vector<double> steepness = options.steepness;
  if (steepness.empty()) steepness = {0.5, 1, 2, 4, 8};
  steepness.push_back(std::numeric_limits<double>::infinity());
  const std::vector<SoftStep> steps = softened_step(options.soften, steepness, x);
  if (!options.out.empty()) softening_scene(steps, x, options.soften).write(options.out);
  if (options.json) {
    Json json = {{"function", options.soften}, {"x", x}, {"curves", Json::array()}};
    for (const SoftStep& step : steps) {
      json["curves"].push_back(
          {{"steepness", step.steepness}, {"output", step.output}, {"slope", step.slope}});
    }
    print(json_text(json) + "\n");
  } else {
    std::vector<std::vector<std::string>> rows = {
        {"steepness", "output at -1", "at 0", "at 1", "slope at 0", "at 1"}};
    for (const SoftStep& step : steps) {
      const auto number = [](double v) { return fmt::format("{:.4g}", v); };
      rows.push_back({std::isinf(step.steepness) ? "step" : number(step.steepness), number(step.output[300]),
                      number(step.output[400]), number(step.output[500]), number(step.slope[400]),
                      number(step.slope[500])});
    }
    print(table(rows));
  }
}

void run(const Options& options) {
  if (!options.out.empty()) require_picture_name(options.out);
  if (options.soften.empty()) {
    run_surface(options);
  } else {
    run_softening(options);
  }
}

}  // namespace

Json surface_json(const LossSurface& surface) {
  const PlaneGrid& grid = surface.loss;
  Json rows = Json::array();
  for (std::int64_t r = 0; r < grid.rows; ++r) {
    const auto begin = grid.values.begin() + r * grid.columns;
    rows.push_back(std::vector<double>(begin, begin + grid.columns));
  }
  Json json = {{"axes", surface.axes},
               {"box", {grid.box.left, grid.box.right, grid.box.low, grid.box.high}},
               {"model", {surface.model.x, surface.model.y}},
               {"model_loss", surface.model_loss},
               {"loss", std::move(rows)},
               {"paths", Json::array()}};
  for (const DescentPath& path : surface.paths) {
    json["paths"].push_back({{"optimizer", path.name},
                             {"learning_rate", path.learning_rate},
                             {"points", numbers_json(path.points)},
                             {"losses", path.losses},
                             {"diverged", path.diverged}});
  }
  return json;
}

void add_surface(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("surface", "Draw the loss over two weights, and descents on it");
  auto options = std::make_shared<Options>();
  add_model_source(*command, options->source);
  command
      ->add_option("--weights", options->weights,
                   "Two weights, such as 'dense_1.weight[0,0]' (default: two random directions)")
      ->type_name("A B")
      ->expected(1, 2);
  command
      ->add_option(
          "--reach", options->reach,
          "Half a side of the square (default 1 for directions, 4 for weights, and what the ways need)")
      ->check(is_number<double>())
      ->type_name("X");
  command->add_option("--points", options->points, "Of the grid along each side (default 49)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--optimizer", options->optimizers, "Whose ways are drawn (default gd momentum adam)")
      ->type_name("NAME");
  command
      ->add_option("--lr,--learning-rate", options->learning_rate,
                   "Learning rate of all of them (default 0.1)")
      ->check(is_number<double>())
      ->type_name("X");
  command->add_option("--steps", options->steps, "Of each (default 60)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--start", options->start, "Where they start (default: near the upper left corner)")
      ->check(is_number<double>())
      ->type_name("X Y")
      ->expected(1, 2);
  command->add_option("--out", options->out, "Write the picture, as .svg or .png")
      ->check(is_given())
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print surface and ways as one JSON object");
  command->add_option("--soften", options->soften, "Instead: one neuron's step made soft, by sigmoid or tanh")
      ->type_name("NAME");
  command->add_option("--steepness", options->steepness, "With --soften (default 0.5 1 2 4 8)")
      ->check(is_number<double>())
      ->type_name("K");
  add_threads(*command);
  add_data_options(*command,
                   [options](const ChangeData& change) { options->source.data_options.push_back(change); });
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
