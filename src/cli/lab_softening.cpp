#include <fmt/format.h>

#include <cmath>

#include "cli/lab.hpp"

namespace hebb::cli {

namespace {

struct Options {
  lab::SofteningOptions experiment;
  std::vector<double> steepness;  ///< instead of the default ones; the step itself comes in addition
  LabOutput output;
};

std::string name_of(const lab::SofteningResult& result) {
  return std::isinf(result.steepness) ? "step" : fmt::format("{:g}", result.steepness);
}

/// As many as have colours: the gentlest, the steepest, and some between.
std::vector<const lab::SofteningResult*> shown(const lab::Softening& found) {
  constexpr std::size_t kMost = 5;
  const std::size_t last = found.results.size() - 1;
  const std::size_t count = std::min(kMost, last + 1);
  std::vector<const lab::SofteningResult*> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(&found.results[i * last / (count - 1)]);
  return all;
}

Figure function_figure(const lab::Softening& found, std::vector<double> lab::SofteningResult::*values,
                       const char* label) {
  Figure figure{{}, {.x_label = "z", .y_label = label}};
  for (const lab::SofteningResult* r : shown(found))
    figure.curves.push_back({.label = name_of(*r), .x = found.z, .y = r->*values});
  return figure;
}

Figure loss_figure(const lab::Softening& found) {
  Figure figure{{}, {.x_label = "epoch", .y_label = "loss"}};
  for (const lab::SofteningResult* r : shown(found)) {
    Series series{.label = name_of(*r), .x = {}, .y = r->losses};
    for (std::size_t epoch = 0; epoch < r->losses.size(); ++epoch)
      series.x.push_back(static_cast<double>(epoch));
    figure.curves.push_back(series);
  }
  return figure;
}

/// Over steepness, as far as it is finite.
Figure learning_figure(const lab::Softening& found) {
  const auto curve = [&](const char* label, auto value) {
    Series series{.label = label, .x = {}, .y = {}};
    for (const lab::SofteningResult& r : found.results) {
      if (std::isinf(r.steepness)) continue;
      series.x.push_back(r.steepness);
      series.y.push_back(value(r));
    }
    return series;
  };
  const double best = found.best_steepness;
  return {{curve("with slope", [](const auto& r) { return r.learnable; }),
           curve("wrong before", [](const auto& r) { return r.wrong_before; }),
           curve("wrong after", [](const auto& r) { return r.wrong_after; })},
          {.x_label = "steepness",
           .y_label = "share of samples",
           .log_x = true,
           .from_zero = true,
           .mark = std::isinf(best) ? 0 : best}};
}

Json options_json(const lab::SofteningOptions& o) {
  return {{"function", o.function}, {"steepness", o.steepness},     {"samples", o.samples},
          {"noise", o.noise},       {"starts", o.starts},           {"learning_rate", o.learning_rate},
          {"epochs", o.epochs},     {"least_slope", o.least_slope}, {"seed", o.seed}};
}

Json results_json(const lab::Softening& found) {
  Json rows = Json::array();
  for (const lab::SofteningResult& r : found.results) {
    rows.push_back({{"steepness", r.steepness},
                    {"output", r.output},
                    {"slope", r.slope},
                    {"learnable", r.learnable},
                    {"wrong_before", r.wrong_before},
                    {"wrong_after", r.wrong_after},
                    {"losses", r.losses}});
  }
  return rows;
}

std::string result_table(const lab::Softening& found) {
  std::vector<std::vector<std::string>> rows = {
      {"steepness", "% with slope", "loss before", "after", "% wrong before", "after", ""}};
  const auto percent = [](double share) { return fmt::format("{:.1f}", 100 * share); };
  const auto number = [](double value) { return fmt::format("{:.4f}", value); };
  for (const lab::SofteningResult& r : found.results) {
    rows.push_back({name_of(r), percent(r.learnable), number(r.losses.front()), number(r.losses.back()),
                    percent(r.wrong_before), percent(r.wrong_after),
                    r.steepness == found.best_steepness ? "best" : ""});
  }
  return table(rows);
}

void run(Options options) {
  if (!options.steepness.empty()) {
    options.experiment.steepness = options.steepness;
    options.experiment.steepness.push_back(std::numeric_limits<double>::infinity());
  }
  const lab::Softening found = lab::softening(options.experiment);
  LabReport report = {.figures = {function_figure(found, &lab::SofteningResult::output, "output"),
                                  function_figure(found, &lab::SofteningResult::slope, "slope"),
                                  loss_figure(found), learning_figure(found)},
                      .text = result_table(found),
                      .json = {{"experiment", "softening"}, {"options", options_json(options.experiment)}},
                      .conclusion = lab::conclusion(found)};
  report.json["z"] = found.z;
  report.json["results"] = results_json(found);
  report.json["best_steepness"] = found.best_steepness;
  show(report, options.output);
}

constexpr const char* kExamples =
    R"(One neuron, a step made soft from steep to gentle, learns two classes that
overlap, by gradient descent: f(steepness z) of z = weight x + bias. Where its
slope is next to nothing, so is what a sample teaches it.

Examples:
  hebb lab softening
  hebb lab softening --function tanh --lr 0.1 --svg softening.svg
  hebb lab softening --steepness 1 10 100 --json)";

}  // namespace

void add_lab_softening(CLI::App& lab, Context&) {
  CLI::App* command = lab.add_subcommand("softening", "What a step must lose before a neuron can learn");
  auto options = std::make_shared<Options>();
  lab::SofteningOptions& o = options->experiment;
  command->add_option("--function", o.function, "sigmoid (default) or tanh")->type_name("NAME");
  command
      ->add_option("--steepness", options->steepness,
                   "To try beside the step itself (default 0.25 0.5 1 2 4 8 16 32 64)")
      ->check(is_number<double>())
      ->type_name("X");
  add_whole(*command, "--samples", o.samples, "To learn from (default 100)");
  add_number(*command, "--noise", o.noise, "Its deviation, before x is compared with zero (default 0.2)");
  add_whole(*command, "--starts", o.starts, "Neurons of each steepness, averaged (default 20)");
  add_number(*command, "--lr,--learning-rate", o.learning_rate, "Of gradient descent (default 0.3)");
  add_whole(*command, "--epochs", o.epochs, "Of each neuron (default 300)");
  add_number(*command, "--least-slope", o.least_slope, "That one can learn from (default 0.01)");
  add_lab_options(*command, options->output, o.seed);
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
