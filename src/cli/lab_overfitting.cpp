#include <fmt/format.h>

#include "cli/lab.hpp"

namespace hebb::cli {

namespace {

struct Options {
  lab::OverfittingOptions experiment;
  LabOutput output;
};

/// Both losses over degrees or epochs.
template <class Result>
Figure losses(const std::vector<Result>& results, std::int64_t Result::*place, const ChartSvg& chart) {
  Series train{.label = "training loss", .x = {}, .y = {}};
  Series validation{.label = "validation loss", .x = {}, .y = {}};
  for (const Result& result : results) {
    for (Series* series : {&train, &validation}) series->x.push_back(static_cast<double>(result.*place));
    train.y.push_back(result.train_loss);
    validation.y.push_back(result.validation_loss);
  }
  return {{train, validation}, chart};
}

template <class Result>
Json losses_json(const std::vector<Result>& results, const char* name, std::int64_t Result::*place) {
  Json rows = Json::array();
  for (const Result& result : results) {
    rows.push_back({{name, result.*place},
                    {"train_loss", result.train_loss},
                    {"validation_loss", result.validation_loss}});
  }
  return rows;
}

Json options_json(const lab::OverfittingOptions& o) {
  return {{"samples", o.samples}, {"validation", o.validation},
          {"noise", o.noise},     {"degrees", o.degrees},
          {"model", o.model},     {"learning_rate", o.learning_rate},
          {"epochs", o.epochs},   {"seed", o.seed}};
}

std::string degree_table(const lab::Overfitting& found) {
  std::vector<std::vector<std::string>> rows = {{"degree", "training loss", "validation loss", ""}};
  for (const lab::DegreeResult& r : found.degrees) {
    rows.push_back({std::to_string(r.degree), table_number(r.train_loss), table_number(r.validation_loss),
                    r.degree == found.best_degree ? "best" : ""});
  }
  return table(rows);
}

void run(const Options& options) {
  const lab::Overfitting found = lab::overfitting(options.experiment);
  const auto chart = [](const char* what, std::int64_t best) {
    return ChartSvg{.x_label = what, .y_label = "loss", .log_y = true, .mark = static_cast<double>(best)};
  };
  LabReport report = {.figures = {losses(found.degrees, &lab::DegreeResult::degree,
                                         chart("degree of the polynomial", found.best_degree)),
                                  losses(found.epochs, &lab::EpochResult::epoch,
                                         chart("epoch of the network", found.best_epoch))},
                      .text = degree_table(found),
                      .json = {{"experiment", "overfitting"}, {"options", options_json(options.experiment)}},
                      .conclusion = lab::conclusion(found)};
  report.json["noise_loss"] = found.noise_loss;
  report.json["degrees"] = losses_json(found.degrees, "degree", &lab::DegreeResult::degree);
  report.json["best_degree"] = found.best_degree;
  report.json["epochs"] = losses_json(found.epochs, "epoch", &lab::EpochResult::epoch);
  report.json["best_epoch"] = found.best_epoch;
  show(report, options.output);
}

constexpr const char* kExamples =
    R"(Polynomials of rising degree and a network, trained epoch by epoch, learn a few
noisy samples of a sine, and are judged by others.

Examples:
  hebb lab overfitting
  hebb lab overfitting --samples 200 --svg overfitting.svg
  hebb lab overfitting --noise 0 --json)";

}  // namespace

void add_lab_overfitting(CLI::App& lab, Context&) {
  CLI::App* command = lab.add_subcommand("overfitting", "How a model comes to learn the noise, too");
  auto options = std::make_shared<Options>();
  lab::OverfittingOptions& o = options->experiment;
  add_whole(*command, "--samples", o.samples, "To learn from (default 20)");
  add_whole(*command, "--validation", o.validation, "To be judged by (default 500)");
  add_number(*command, "--noise", o.noise, "Its deviation (default 0.3)");
  add_whole(*command, "--degrees", o.degrees, "The highest degree (default 15)");
  command
      ->add_option("--model", o.model, "The network (default 'dense(64, act=relu)' twice, then 'dense(1)')")
      ->type_name("TEXT");
  add_number(*command, "--lr,--learning-rate", o.learning_rate, "Adam's rate (default 0.003)");
  add_whole(*command, "--epochs", o.epochs, "Of the network (default 1000)");
  add_lab_options(*command, options->output, o.seed);
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
