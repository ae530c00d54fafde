#include <fmt/format.h>

#include "cli/run_counter.hpp"
#include "cli/trials.hpp"
#include "hebb/experiments.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

Json spread_json(const Spread& spread) { return {{"mean", spread.mean}, {"deviation", spread.deviation}}; }

bool has_classes(const CrossValidation& result) { return result.folds.front().classes.has_value(); }

std::string json_of(const CrossValidation& result, const Context& context) {
  Json json = {{"folds", Json::array()}};
  for (const EvaluationReport& report : result.folds) {
    Json fold = {{"fold", json["folds"].size() + 1}, {"samples", report.samples}, {"loss", report.loss}};
    if (report.classes) fold["accuracy"] = report.classes->accuracy();
    if (report.values) fold["rmse"] = report.values->rmse();
    json["folds"].push_back(std::move(fold));
  }
  if (!result.folds.empty()) {
    json["loss"] = spread_json(result.loss());
    if (has_classes(result)) {
      json["accuracy"] = spread_json(result.accuracy());
    } else {
      json["rmse"] = spread_json(result.rmse());
    }
  }
  json["interrupted"] = result.interrupted;
  json["total_seconds"] = context.seconds();
  return json_text(json);
}

std::string text_of(const CrossValidation& result) {
  const bool classes = has_classes(result);
  const auto measure = [&](double value) {
    return classes ? fmt::format("{:.2f} %", 100 * value) : fmt::format("{:.5g}", value);
  };
  std::vector<std::vector<std::string>> rows = {{"fold", "loss", classes ? "accuracy" : "rmse", "samples"}};
  for (const EvaluationReport& report : result.folds) {
    rows.push_back({std::to_string(rows.size()), fmt::format("{:.5g}", report.loss),
                    measure(classes ? report.classes->accuracy() : report.values->rmse()),
                    with_commas(report.samples)});
  }
  const Spread loss = result.loss();
  const Spread second = classes ? result.accuracy() : result.rmse();
  rows.push_back({"mean", fmt::format("{:.5g}", loss.mean), measure(second.mean), ""});
  rows.push_back({"deviation", fmt::format("{:.5g}", loss.deviation), measure(second.deviation), ""});
  return table(rows);
}

}  // namespace

void compare_folds(std::int64_t folds, const TrialOutput& output, const TrainConfig& config,
                   const DataSplits& data, Context& context) {
  RunCounter counter("fold", folds, config.epochs, context.quiet || output.json);
  const CrossValidation result =
      cross_validate(config, data, folds,
                     {.out = output.out,
                      .overwrite = output.overwrite,
                      .insight = output.report,
                      .observer = &counter,
                      .stop = &interrupted()},
                     [&](std::size_t, const EvaluationReport& report) { counter.finish_run(told(report)); });
  counter.clear();
  if (result.interrupted) context.exit_code = kInterrupted;
  if (output.json) {
    print(json_of(result, context) + "\n");
    return;
  }
  if (result.interrupted && !context.quiet)
    tell(fmt::format("hebb: interrupted after {} of {} folds\n", result.folds.size(), folds));
  if (!result.folds.empty()) print(text_of(result));
}

}  // namespace hebb::cli
