#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "cli/run_counter.hpp"
#include "cli/sweep_text.hpp"
#include "cli/trials.hpp"
#include "core/names.hpp"
#include "hebb/experiments.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

/// A number where it is one.
Json value_json(const std::string& text) {
  double number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = status == std::errc() && end == text.data() + text.size() && std::isfinite(number);
  return whole ? Json(number) : Json(text);
}

std::string json_of(const Sweep& result, const std::vector<SweepAxis>& axes, const Context& context) {
  Json json = {{"runs", Json::array()}};
  for (const SweepRun& run : result.runs) {
    Json one = {{"values", Json::object()}};
    for (std::size_t i = 0; i < axes.size(); ++i) one["values"][axes[i].key] = value_json(run.values[i]);
    one["validation_loss"] = run.validation ? Json(run.validation->loss) : Json(nullptr);
    if (run.validation && run.validation->classes)
      one["validation_accuracy"] = run.validation->classes->accuracy();
    if (run.validation && run.validation->values) one["validation_rmse"] = run.validation->values->rmse();
    one["epochs"] = run.epochs;
    if (!run.failure.empty()) one["failure"] = run.failure;
    if (!run.folder.empty()) one["folder"] = run.folder;
    json["runs"].push_back(std::move(one));
  }
  json["interrupted"] = result.interrupted;
  json["total_seconds"] = context.seconds();
  return json_text(json);
}

std::string text_of(const Sweep& result, const std::vector<SweepAxis>& axes) {
  const bool classes = std::any_of(result.runs.begin(), result.runs.end(), [](const SweepRun& run) {
    return run.validation && run.validation->classes;
  });
  std::vector<std::vector<std::string>> rows(1);
  for (const SweepAxis& axis : axes) rows[0].push_back(axis.key);
  for (const char* title : {"validation loss", classes ? "accuracy" : "rmse", "epochs"})
    rows[0].push_back(title);
  for (const SweepRun& run : result.runs) {
    std::vector<std::string> row = run.values;
    if (run.validation) {
      row.push_back(fmt::format("{:.5g}", run.validation->loss));
      row.push_back(run.validation->classes
                        ? fmt::format("{:.2f} %", 100 * run.validation->classes->accuracy())
                        : fmt::format("{:.5g}", run.validation->values->rmse()));
    } else {
      row.insert(row.end(), {"diverged", ""});
    }
    row.push_back(std::to_string(run.epochs));
    rows.push_back(std::move(row));
  }
  return table(rows);
}

std::string outcome_of(const SweepRun& run, const std::vector<SweepAxis>& axes) {
  std::string text;
  for (std::size_t i = 0; i < axes.size(); ++i) text += fmt::format("{}={} ", axes[i].key, run.values[i]);
  return text + " " + (run.validation ? told(*run.validation) : std::string("diverged"));
}

}  // namespace

void compare_settings(const std::vector<std::string>& texts, const TrialOutput& output,
                      const TrainConfig& config, const DataSplits& data, Context& context) {
  std::vector<SweepAxis> axes;
  std::int64_t runs = 1;
  for (const std::string& text : texts) {
    axes.push_back(parse_sweep_axis(text));
    runs *= static_cast<std::int64_t>(axes.back().values.size());
  }
  RunCounter counter("run", runs, config.epochs, context.quiet || output.json);
  const Sweep result = sweep(config, data, axes,
                             {.out = output.out,
                              .overwrite = output.overwrite,
                              .insight = output.report,
                              .observer = &counter,
                              .stop = &interrupted()},
                             [&](const SweepRun& run) { counter.finish_run(outcome_of(run, axes)); });
  counter.clear();
  if (result.interrupted) context.exit_code = kInterrupted;
  if (output.json) {
    print(json_of(result, axes, context) + "\n");
    return;
  }
  if (result.interrupted && !context.quiet)
    tell(fmt::format("hebb: interrupted after {} of {} runs\n", result.runs.size(), runs));
  if (!result.runs.empty()) print(text_of(result, axes));
}

}  // namespace hebb::cli
