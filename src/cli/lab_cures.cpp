#include <fmt/format.h>

#include "cli/lab.hpp"

namespace hebb::cli {

namespace {

struct Options {
  lab::CuresOptions experiment;
  LabOutput output;
};

/// One loss of all cures; that without a cure is dashed.
Figure losses(const lab::Cures& found, std::vector<double> lab::CureResult::*values, const char* label) {
  Figure figure{{}, {.x_label = "epoch", .y_label = label, .log_y = true}};
  for (const lab::CureResult& r : found.results) {
    Series series{.label = r.cure, .x = {}, .y = r.*values, .dashed = figure.curves.empty()};
    for (std::size_t epoch = 1; epoch <= series.y.size(); ++epoch)
      series.x.push_back(static_cast<double>(epoch));
    figure.curves.push_back(series);
  }
  return figure;
}

Json options_json(const lab::CuresOptions& o) {
  return {{"samples", o.samples},
          {"test", o.test},
          {"noise", o.noise},
          {"model", o.model},
          {"learning_rate", o.learning_rate},
          {"epochs", o.epochs},
          {"runs", o.runs},
          {"held_back", o.held_back},
          {"patience", o.patience},
          {"dropout", o.dropout},
          {"l2", o.l2},
          {"input_noise", o.input_noise},
          {"more", o.more},
          {"seed", o.seed}};
}

Json results_json(const lab::Cures& found) {
  Json rows = Json::array();
  for (const lab::CureResult& r : found.results) {
    rows.push_back(
        {{"cure", r.cure}, {"epoch", r.epoch}, {"train_loss", r.train_loss}, {"test_loss", r.test_loss}});
  }
  return rows;
}

std::string cure_table(const lab::Cures& found) {
  std::vector<std::vector<std::string>> rows = {{"cure", "epoch kept", "training loss", "test loss", ""}};
  for (const lab::CureResult& r : found.results) {
    rows.push_back({r.cure, fmt::format("{:.0f}", r.epoch), table_number(r.train_loss.back()),
                    table_number(r.test_loss.back()), r.cure == found.best ? "best" : ""});
  }
  return table(rows);
}

void run(const Options& options) {
  const lab::Cures found = lab::cures(options.experiment);
  LabReport report = {.figures = {losses(found, &lab::CureResult::test_loss, "test loss"),
                                  losses(found, &lab::CureResult::train_loss, "training loss")},
                      .text = cure_table(found),
                      .json = {{"experiment", "cures"}, {"options", options_json(options.experiment)}},
                      .conclusion = lab::conclusion(found)};
  report.json["noise_loss"] = found.noise_loss;
  report.json["results"] = results_json(found);
  report.json["best"] = found.best;
  show(report, options.output);
}

constexpr const char* kExamples =
    R"(One network learns a few noisy samples of a sine, without a cure and with each:
stopping early, dropout, L2, noise on the inputs, more data. Losses are medians
over runs that differ in samples and initial weights.

Examples:
  hebb lab cures
  hebb lab cures --dropout 0.5 --l2 0.01 --svg cures.svg
  hebb lab cures --samples 200 --json)";

}  // namespace

void add_lab_cures(CLI::App& lab, Context&) {
  CLI::App* command = lab.add_subcommand("cures", "Cures of overfitting side by side");
  auto options = std::make_shared<Options>();
  lab::CuresOptions& o = options->experiment;
  add_whole(*command, "--samples", o.samples, "To learn from (default 20)");
  add_whole(*command, "--test", o.test, "To be judged by (default 500)");
  add_number(*command, "--noise", o.noise, "Its deviation (default 0.3)");
  command
      ->add_option("--model", o.model, "The network (default 'dense(64, act=relu)' twice, then 'dense(1)')")
      ->type_name("TEXT");
  add_number(*command, "--lr,--learning-rate", o.learning_rate, "Adam's rate (default 0.003)");
  add_whole(*command, "--epochs", o.epochs, "Of each run (default 1000)");
  add_whole(*command, "--runs", o.runs, "Of each cure (default 5)");
  add_number(*command, "--held-back", o.held_back,
             "Early stopping: share of the samples that tells when (default 0.3)");
  add_whole(*command, "--patience", o.patience,
            "Early stopping: epochs without a lower loss on them (default 200)");
  add_number(*command, "--dropout", o.dropout, "Probability, in hidden layers (default 0.2)");
  add_number(*command, "--l2", o.l2, "Strength of the penalty (default 0.003)");
  add_number(*command, "--input-noise", o.input_noise, "Deviation of noise on x (default 0.1)");
  add_whole(*command, "--more", o.more, "More data: so many times the samples (default 5)");
  add_lab_options(*command, options->output, o.seed);
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
