#include <fmt/format.h>

#include "cli/lab.hpp"

namespace hebb::cli {

namespace {

struct Options {
  lab::CapacityOptions experiment;
  LabOutput output;
};

/// What the error is made of, degree by degree.
Figure parts(const lab::Capacity& found) {
  const auto curve = [&](const char* label, auto value, bool dashed = false) {
    Series series{.label = label, .x = {}, .y = {}, .dashed = dashed};
    for (const lab::CapacityResult& r : found.degrees) {
      series.x.push_back(static_cast<double>(r.degree));
      series.y.push_back(value(r));
    }
    return series;
  };
  return {{curve("bias squared", [](const auto& r) { return r.bias_squared; }),
           curve("variance", [](const auto& r) { return r.variance; }),
           curve(
               "noise", [&](const auto&) { return found.noise_loss; }, true),
           curve("their sum", [](const auto& r) { return r.expected_loss; }),
           curve(
               "test error", [](const auto& r) { return r.test_loss; }, true)},
          {.x_label = "degree of the polynomial",
           .y_label = "square error",
           .log_y = true,
           .mark = static_cast<double>(found.best_degree)}};
}

/// The sine, and what polynomials of one degree make of the first few data sets.
Figure fits(const lab::Capacity& found, const lab::CapacityResult& result) {
  constexpr std::size_t kShown = 4;
  const auto points = static_cast<std::ptrdiff_t>(found.x.size());
  Figure figure{{{.label = "sine", .x = found.x, .y = found.truth, .dashed = true}},
                {.x_label = fmt::format("x, polynomials of degree {}", result.degree), .y_label = "y"}};
  auto begin = result.predictions.begin();
  for (std::size_t set = 1; set <= kShown && begin != result.predictions.end(); ++set, begin += points)
    figure.curves.push_back(
        {.label = fmt::format("set {}", set), .x = found.x, .y = {begin, begin + points}});
  return figure;
}

Json options_json(const lab::CapacityOptions& o) {
  return {{"samples", o.samples}, {"sets", o.sets},       {"points", o.points},
          {"noise", o.noise},     {"degrees", o.degrees}, {"seed", o.seed}};
}

Json degrees_json(const lab::Capacity& found) {
  Json rows = Json::array();
  for (const lab::CapacityResult& r : found.degrees) {
    rows.push_back({{"degree", r.degree},
                    {"bias_squared", r.bias_squared},
                    {"variance", r.variance},
                    {"expected_loss", r.expected_loss},
                    {"train_loss", r.train_loss},
                    {"test_loss", r.test_loss}});
  }
  return rows;
}

std::string degree_table(const lab::Capacity& found) {
  std::vector<std::vector<std::string>> rows = {
      {"degree", "bias squared", "variance", "with noise", "test error", "training error", ""}};
  for (const lab::CapacityResult& r : found.degrees) {
    rows.push_back({std::to_string(r.degree), table_number(r.bias_squared), table_number(r.variance),
                    table_number(r.expected_loss), table_number(r.test_loss), table_number(r.train_loss),
                    r.degree == found.best_degree ? "best" : ""});
  }
  return table(rows);
}

void run(const Options& options) {
  const lab::Capacity found = lab::capacity(options.experiment);
  LabReport report = {
      .figures = {parts(found), fits(found, found.degrees.front()), fits(found, found.degrees.back())},
      .text = degree_table(found),
      .json = {{"experiment", "capacity"}, {"options", options_json(options.experiment)}},
      .conclusion = lab::conclusion(found)};
  report.json["noise_loss"] = found.noise_loss;
  report.json["degrees"] = degrees_json(found);
  report.json["best_degree"] = found.best_degree;
  show(report, options.output);
}

constexpr const char* kExamples =
    R"(Polynomials of rising degree are fitted to many data sets, each some other noisy
samples of one sine: how far their mean is from the sine is the bias, how far
they are from their mean the variance.

Examples:
  hebb lab capacity
  hebb lab capacity --samples 200 --degrees 15 --svg capacity.svg
  hebb lab capacity --noise 0 --json)";

}  // namespace

void add_lab_capacity(CLI::App& lab, Context&) {
  CLI::App* command = lab.add_subcommand("capacity", "What errors are made of: bias, variance and noise");
  auto options = std::make_shared<Options>();
  lab::CapacityOptions& o = options->experiment;
  add_whole(*command, "--samples", o.samples, "In each data set (default 50)");
  add_whole(*command, "--sets", o.sets, "Data sets (default 200)");
  add_whole(*command, "--points", o.points, "Where the fits are judged (default 100)");
  add_number(*command, "--noise", o.noise, "Its deviation (default 0.3)");
  add_whole(*command, "--degrees", o.degrees, "The highest degree (default 9)");
  add_lab_options(*command, options->output, o.seed);
  command->footer(kExamples);
  command->callback([options] { run(*options); });
}

}  // namespace hebb::cli
