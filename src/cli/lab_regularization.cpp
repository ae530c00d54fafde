#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cli/lab.hpp"

namespace hebb::cli {

namespace {

struct Options {
  lab::RegularizationOptions experiment;
  LabOutput output;
};

constexpr std::size_t kRows = 12;  // of the table: of more lambdas some are left out

/// Weights over lambda, in two kinds: of inputs with and without a part in the target.
Figure paths(const lab::PenaltyPath& path, std::span<const double> truth, const char* name) {
  std::vector<Series> curves;
  for (const bool relevant : {true, false}) {
    bool labelled = false;
    for (std::size_t j = 0; j < truth.size(); ++j) {
      if ((truth[j] != 0) != relevant) continue;
      Series weight{.x = {}, .y = {}, .dashed = !relevant, .kind = relevant ? 0 : 1};
      if (!labelled) weight.label = relevant ? "of inputs that matter" : "of those that do not";
      labelled = true;
      for (const lab::LambdaResult& result : path.results) {
        weight.x.push_back(result.lambda);
        weight.y.push_back(result.weights[j]);
      }
      curves.push_back(std::move(weight));
    }
  }
  return {std::move(curves),
          {.x_label = "lambda",
           .y_label = fmt::format("weights under {}", name),
           .log_x = true,
           .mark = path.best_lambda}};
}

/// Losses of both penalties over lambda.
Figure losses(const lab::Regularization& found) {
  Figure figure{.chart = {.x_label = "lambda", .y_label = "loss", .log_x = true, .log_y = true}};
  double best = std::numeric_limits<double>::infinity();
  std::size_t kind = 0;
  for (const auto& [name, path] : {std::pair("L1", &found.l1), {"L2", &found.l2}}) {
    Series validation{.label = fmt::format("{} validation", name), .x = {}, .y = {}, .kind = kind};
    Series train{
        .label = fmt::format("{} training", name), .x = {}, .y = {}, .dashed = true, .kind = kind + 2};
    for (const lab::LambdaResult& result : path->results) {
      for (Series* series : {&train, &validation}) series->x.push_back(result.lambda);
      train.y.push_back(result.train_loss);
      validation.y.push_back(result.validation_loss);
      if (result.validation_loss < best) {
        best = result.validation_loss;
        figure.chart.mark = result.lambda;
      }
    }
    figure.curves.push_back(std::move(validation));
    figure.curves.push_back(std::move(train));
    ++kind;
  }
  return figure;
}

/// A row of the table. Only L1 makes exact zeros.
std::vector<std::string> columns(double lambda, const lab::LambdaResult& l1, const lab::LambdaResult& l2) {
  const auto length = [](const std::vector<double>& w) {
    return table_number(std::sqrt(std::inner_product(w.begin(), w.end(), w.begin(), 0.0)));
  };
  return {table_number(lambda),
          table_number(l1.train_loss),
          table_number(l1.validation_loss),
          std::to_string(std::count(l1.weights.begin(), l1.weights.end(), 0.0)),
          length(l1.weights),
          table_number(l2.train_loss),
          table_number(l2.validation_loss),
          length(l2.weights)};
}

std::string lambda_table(const lab::Regularization& found) {
  const std::size_t count = found.l1.results.size();
  const std::size_t distance = (count + kRows - 1) / kRows;
  std::vector<std::vector<std::string>> rows = {
      {"lambda", "L1 train", "validation", "zeros", "length", "L2 train", "validation", "length"}};
  rows.push_back(columns(0, found.unpenalized, found.unpenalized));
  for (std::size_t i = 0; i < count; ++i) {
    const double lambda = found.l1.results[i].lambda;
    const bool best = lambda == found.l1.best_lambda || lambda == found.l2.best_lambda;
    if (i % distance != 0 && i + 1 != count && !best) continue;
    rows.push_back(columns(lambda, found.l1.results[i], found.l2.results[i]));
  }
  return table(rows) +
         fmt::format("best lambda: L1 {:.4g}, L2 {:.4g}\n", found.l1.best_lambda, found.l2.best_lambda);
}

Json result_json(const lab::LambdaResult& result) {
  return {{"lambda", result.lambda},
          {"weights", result.weights},
          {"bias", result.bias},
          {"train_loss", result.train_loss},
          {"validation_loss", result.validation_loss}};
}

Json path_json(const lab::PenaltyPath& path) {
  Json rows = Json::array();
  for (const lab::LambdaResult& result : path.results) rows.push_back(result_json(result));
  return {{"results", std::move(rows)}, {"best_lambda", path.best_lambda}};
}

Json options_json(const lab::RegularizationOptions& o) {
  return {{"samples", o.samples},   {"validation", o.validation}, {"inputs", o.inputs},
          {"relevant", o.relevant}, {"noise", o.noise},           {"least", o.least},
          {"most", o.most},         {"lambdas", o.lambdas},       {"seed", o.seed}};
}

void run(const Options& options) {
  const lab::Regularization found = lab::regularization(options.experiment);
  LabReport report = {
      .figures = {paths(found.l1, found.truth, "L1"), paths(found.l2, found.truth, "L2"), losses(found)},
      .text = lambda_table(found),
      .json = {{"experiment", "regularization"}, {"options", options_json(options.experiment)}},
      .conclusion = lab::conclusion(found)};
  report.json["truth"] = found.truth;
  report.json["unpenalized"] = result_json(found.unpenalized);
  report.json["l1"] = path_json(found.l1);
  report.json["l2"] = path_json(found.l2);
  show(report, options.output);
}

constexpr const char* kExamples =
    R"(Least squares with a penalty of lambda sum |w| (L1) or lambda |w|^2 (L2) learns
from a few samples of many inputs, of which only some matter, and is judged by
others.

Examples:
  hebb lab regularization
  hebb lab regularization --samples 200 --svg paths.svg
  hebb lab regularization --samples 50 --inputs 40 --json)";

}  // namespace

void add_lab_regularization(CLI::App& lab, Context&) {
  CLI::App* command = lab.add_subcommand("regularization", "What L1 and L2 penalties do to the weights");
  auto options = std::make_shared<Options>();
  lab::RegularizationOptions& o = options->experiment;
  add_whole(*command, "--samples", o.samples, "To learn from (default 30)");
  add_whole(*command, "--validation", o.validation, "To be judged by (default 1000)");
  add_whole(*command, "--inputs", o.inputs, "Of a sample (default 20)");
  add_whole(*command, "--relevant", o.relevant, "Inputs that have a part in the target (default 3)");
  add_number(*command, "--noise", o.noise, "Deviation of what is added to the target (default 1)");
  add_number(*command, "--least", o.least, "The smallest lambda (default 0.001)");
  add_number(*command, "--most", o.most, "The largest (default 10)");
  add_whole(*command, "--lambdas", o.lambdas, "How many, in equal ratios (default 33)");
  add_lab_options(*command, options->output, o.seed);
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
