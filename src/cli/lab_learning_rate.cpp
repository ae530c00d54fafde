#include <fmt/format.h>

#include <algorithm>

#include "cli/lab.hpp"

namespace hebb::cli {

namespace {

struct Options {
  lab::LearningRateOptions experiment;
  LabOutput output;
};

/// Numbers of the rates whose courses are drawn: the smallest, one between it and the best, the best, the
/// largest that does not diverge, and the smallest that does.
std::vector<std::size_t> telling_rates(const std::vector<lab::RateResult>& rates, double best_rate) {
  std::vector<std::size_t> places = {0};
  const auto best = static_cast<std::size_t>(
      std::find_if(rates.begin(), rates.end(), [&](auto& r) { return r.rate >= best_rate; }) - rates.begin());
  places.push_back(best / 2);
  places.push_back(best);
  const auto diverged = [](const lab::RateResult& r) { return r.diverged; };
  const auto largest = std::find_if_not(rates.rbegin(), rates.rend(), diverged);
  if (largest != rates.rend()) places.push_back(static_cast<std::size_t>(rates.rend() - largest) - 1);
  const auto first = std::find_if(rates.begin(), rates.end(), diverged);
  if (first != rates.end()) places.push_back(static_cast<std::size_t>(first - rates.begin()));
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

Figure courses(const lab::LearningRate& found) {
  const double highest = kHighest * found.rates.front().losses.front();
  Figure figure{.chart = {.x_label = "step",
                          .y_label = fmt::format("loss, drawn up to {:.3g}", highest),
                          .log_y = true}};
  for (const std::size_t i : telling_rates(found.rates, found.best_rate)) {
    const lab::RateResult& result = found.rates[i];
    figure.curves.push_back(loss_course(fmt::format("rate {:.3g}", result.rate), result.losses));
    figure.curves.back().dashed = result.diverged;
  }
  return figure;
}

/// The last loss over rates.
Figure final_losses(const lab::LearningRate& found) {
  const double highest = kHighest * found.rates.front().losses.front();
  Series last{.x = {}, .y = {}};
  for (const lab::RateResult& result : found.rates) {
    last.x.push_back(result.rate);
    last.y.push_back(std::min(result.final_loss, highest));
  }
  return {{last},
          {.x_label = "learning rate",
           .y_label = fmt::format("loss at the end, drawn up to {:.3g}", highest),
           .log_x = true,
           .log_y = true,
           .mark = found.best_rate}};
}

std::string rate_table(const lab::LearningRate& found) {
  std::vector<std::vector<std::string>> rows = {{"rate", "loss at the start", "at the end", ""}};
  for (const lab::RateResult& result : found.rates) {
    rows.push_back({table_number(result.rate), table_number(result.losses.front()),
                    table_number(result.final_loss),
                    result.diverged                  ? "diverges"
                    : result.rate == found.best_rate ? "best"
                                                     : ""});
  }
  return table(rows);
}

Json options_json(const lab::LearningRateOptions& o) {
  return {{"samples", o.samples},     {"noise", o.noise}, {"model", o.model},
          {"optimizer", o.optimizer}, {"least", o.least}, {"most", o.most},
          {"rates", o.rates},         {"steps", o.steps}, {"seed", o.seed}};
}

void run(const Options& options) {
  const lab::LearningRate found = lab::learning_rate(options.experiment);
  LabReport report = {
      .figures = {courses(found), final_losses(found)},
      .text = rate_table(found),
      .json = {{"experiment", "learning-rate"}, {"options", options_json(options.experiment)}},
      .conclusion = lab::conclusion(found)};
  Json rates = Json::array();
  for (const lab::RateResult& result : found.rates) {
    rates.push_back({{"rate", result.rate},
                     {"losses", result.losses},
                     {"final_loss", result.final_loss},  // JSON has no infinity: null
                     {"diverged", result.diverged}});
  }
  report.json["rates"] = std::move(rates);
  report.json["best_rate"] = found.best_rate;
  show(report, options.output);
}

constexpr const char* kExamples =
    R"(A network learns a noisy sine, from the same weights at each of many rates.

Examples:
  hebb lab learning-rate
  hebb lab learning-rate --optimizer adam --most 1 --svg rates.svg
  hebb lab learning-rate --model 'dense(1)' --least 0.1 --most 2 --json)";

}  // namespace

void add_lab_learning_rate(CLI::App& lab, Context&) {
  CLI::App* command =
      lab.add_subcommand("learning-rate", "Rates that crawl, that are good, and that diverge");
  auto options = std::make_shared<Options>();
  lab::LearningRateOptions& o = options->experiment;
  add_whole(*command, "--samples", o.samples, "To learn from (default 50)");
  add_number(*command, "--noise", o.noise, "Its deviation (default 0.1)");
  command->add_option("--model", o.model, "The network (default 'dense(16, act=tanh) dense(1)')")
      ->type_name("TEXT");
  command->add_option("--optimizer", o.optimizer, "Who goes down (default gd)")->type_name("NAME");
  add_number(*command, "--least", o.least, "The smallest rate (default 0.001)");
  add_number(*command, "--most", o.most, "The largest (default 10)");
  add_whole(*command, "--rates", o.rates, "How many, in equal ratios (default 25)");
  add_whole(*command, "--steps", o.steps, "At each rate, all samples at once (default 1000)");
  add_lab_options(*command, options->output, o.seed);
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
