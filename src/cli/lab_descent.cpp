#include <fmt/format.h>

#include "cli/lab.hpp"
#include "cli/surface.hpp"
#include "cli/surface_picture.hpp"

namespace hebb::cli {

namespace {

struct Options {
  lab::DescentOptions experiment;
  LabOutput output;
};

/// The loss over steps, and the goal.
Figure courses(const lab::Descent& found) {
  const double highest = kHighest * found.surface.paths.front().losses.front();
  Figure figure{.chart = {.x_label = "step",
                          .y_label = fmt::format("loss, drawn up to {:.3g}", highest),
                          .log_y = true}};
  double last = 0;
  std::size_t kind = 0;
  for (const DescentPath& path : found.surface.paths) {
    figure.curves.push_back(
        loss_course(fmt::format("{}, rate {:.3g}", path.name, path.learning_rate), path.losses));
    figure.curves.back().kind = ++kind;  // nearly the colours of the surface
    last = std::max(last, figure.curves.back().x.back());
  }
  figure.curves.push_back({.label = fmt::format("loss {:.3g}", found.goal),
                           .x = {0, last},
                           .y = {found.goal, found.goal},
                           .dashed = true,
                           .kind = 0});
  return figure;
}

std::string path_table(const lab::Descent& found) {
  std::vector<std::vector<std::string>> rows = {
      {"", "rate", fmt::format("steps to {:.3g}", found.goal), "loss at the start", "at the end", ""}};
  for (std::size_t i = 0; i < found.surface.paths.size(); ++i) {
    const DescentPath& path = found.surface.paths[i];
    rows.push_back({path.name, table_number(path.learning_rate),
                    found.reached[i] ? std::to_string(*found.reached[i]) : "-",
                    table_number(path.losses.front()), table_number(path.losses.back()),
                    path.diverged ? "diverged" : ""});
  }
  return table(rows);
}

Json options_json(const lab::DescentOptions& o) {
  return {
      {"samples", o.samples}, {"condition", o.condition}, {"angle", o.angle}, {"optimizers", o.optimizers},
      {"steps", o.steps},     {"goal", o.goal},           {"seed", o.seed}};
}

void run(const Options& options) {
  const lab::Descent found = lab::descent(options.experiment);
  const std::string title = fmt::format("Mean square error, {:.3g} times as steep across as along",
                                        found.curvatures[1] / found.curvatures[0]);
  const Scene scene = surface_scene(found.surface, title);
  LabReport report = {.pictures = {{scene.svg(), scene.width(), scene.height()}},
                      .figures = {courses(found)},
                      .text = surface_text(found.surface, 79, 24) + "\n" + path_table(found),
                      .json = {{"experiment", "descent"}, {"options", options_json(options.experiment)}},
                      .conclusion = lab::conclusion(found)};
  report.json["curvatures"] = found.curvatures;
  report.json["surface"] = surface_json(found.surface);
  report.json["goal"] = found.goal;
  Json reached = Json::array();
  for (const auto& steps : found.reached) reached.push_back(steps ? Json(*steps) : Json(nullptr));
  report.json["reached"] = std::move(reached);
  show(report, options.output);
}

constexpr const char* kExamples =
    R"(Optimisers go down one valley, that of a neuron with two weights.

Examples:
  hebb lab descent
  hebb lab descent --angle 0 --svg ways.svg
  hebb lab descent --optimizer 'gd(learning_rate=0.9)' \
      'momentum(learning_rate=0.2)' 'adam(learning_rate=0.3)')";

}  // namespace

void add_lab_descent(CLI::App& lab, Context&) {
  CLI::App* command = lab.add_subcommand("descent", "Gradient descent, momentum and Adam in one valley");
  auto options = std::make_shared<Options>();
  lab::DescentOptions& o = options->experiment;
  add_whole(*command, "--samples", o.samples, "That the loss is a mean of (default 100)");
  add_number(*command, "--condition", o.condition,
             "How many times steeper across than along, nearly (default 100)");
  add_number(*command, "--angle", o.angle,
             "Of the valley's floor from the first axis, in degrees (default -30)");
  command
      ->add_option("--optimizer", o.optimizers,
                   "Who goes down, at what rate (default as in the last example)")
      ->type_name("NAME");
  add_whole(*command, "--steps", o.steps, "Of each (default 200)");
  add_number(*command, "--goal", o.goal, "The loss that is to be reached (default 0.001)");
  add_lab_options(*command, options->output, o.seed);
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
