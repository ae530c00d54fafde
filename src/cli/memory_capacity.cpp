#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/chart_svg.hpp"
#include "cli/memory.hpp"
#include "cli/memory_options.hpp"
#include "cli/meter.hpp"
#include "hebb/capacity.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/memory_theory.hpp"

namespace hebb::cli {

namespace {

struct Options {
  MemoryKind kind;
  std::int64_t neurons = 1000;
  std::vector<double> loads;
  std::vector<std::int64_t> patterns;
  std::int64_t trials = 10;
  double flip = 0;
  double temperature = 0;
  std::int64_t sweeps = memory::CapacityOptions{}.measured_sweeps;
  std::string order = "random";
  std::uint64_t seed = 0;
  bool json = false;
  std::string svg;
};

memory::CapacityOptions experiment_of(const Options& options) {
  memory::CapacityOptions result;
  result.memory = options.kind.options();
  result.memory.seed = options.seed;
  result.units = options.neurons;
  result.trials = options.trials;
  result.flip = options.flip;
  result.temperature = options.temperature;
  result.relaxing_sweeps = options.sweeps;
  result.measured_sweeps = options.sweeps;
  result.order = order_of(options.order);
  result.seed = options.seed;
  result.patterns = options.patterns;
  if (!options.loads.empty() && !options.patterns.empty())
    throw ConfigError("--loads and --patterns exclude each other");
  const std::vector<double> usual = {0.05, 0.1, 0.12, 0.13, 0.14, 0.15, 0.2};
  for (const double load : options.loads.empty() && options.patterns.empty() ? usual : options.loads) {
    const double patterns = load * static_cast<double>(options.neurons);
    if (!(load > 0) || patterns > 1e9)
      throw ConfigError(fmt::format("a load is positive, and makes at most 1e9 patterns; got {:g}", load));
    result.patterns.push_back(std::max<std::int64_t>(1, std::llround(patterns)));
  }
  return result;
}

Json json_of(const Options& options, const std::vector<memory::CapacityPoint>& points) {
  Json json = {{"rule", options.kind.rule},  {"energy", options.kind.energy},
               {"neurons", options.neurons}, {"temperature", options.temperature},
               {"seed", options.seed},       {"results", Json::array()}};
  if (options.kind.energy != "quadratic") json["degree"] = options.kind.degree;
  for (const memory::CapacityPoint& point : points) {
    json["results"].push_back(
        {{"load", point.load},
         {"patterns", point.patterns},
         {"trials", point.trials},
         {"flip", options.flip},
         {"mean_overlap", point.mean_overlap},
         {"mean_overlap_interval", cli::json_of(point.mean_overlap_interval)},
         {"stable_fraction", point.stable_fraction},
         {"stable_fraction_interval", cli::json_of(point.stable_fraction_interval)},
         {"exact_recall_fraction", point.exact_recall_fraction},
         {"exact_recall_fraction_interval", cli::json_of(point.exact_recall_fraction_interval)},
         {"theory_overlap", point.theory_overlap ? Json(*point.theory_overlap) : Json(nullptr)}});
  }
  return json;
}

std::string table_of(const std::vector<memory::CapacityPoint>& points) {
  std::vector<std::vector<std::string>> rows = {
      {"load", "patterns", "overlap", "95 %", "theory", "stable", "95 %", "exact"}};
  for (const memory::CapacityPoint& point : points) {
    rows.push_back({fmt::format("{:.4g}", point.load), with_commas(point.patterns),
                    fmt::format("{:.4f}", point.mean_overlap), text_of(point.mean_overlap_interval),
                    point.theory_overlap ? fmt::format("{:.4f}", *point.theory_overlap) : "",
                    fmt::format("{:.4f}", point.stable_fraction), text_of(point.stable_fraction_interval),
                    fmt::format("{:.2f}", point.exact_recall_fraction)});
  }
  return table(rows);
}

std::string chart_of(const std::vector<memory::CapacityPoint>& points, double temperature) {
  Series measured{.label = "overlap", .x = {}, .y = {}};
  Series stable{.label = "stable patterns", .x = {}, .y = {}};
  Series theory{.label = "overlap, theory", .x = {}, .y = {}, .dashed = true};
  for (const memory::CapacityPoint& point : points) {
    measured.x.push_back(point.load);
    measured.y.push_back(point.mean_overlap);
    stable.x.push_back(point.load);
    stable.y.push_back(point.stable_fraction);
  }
  std::vector<Series> series = {measured, stable};
  if (points.front().theory_overlap) {
    constexpr int kPoints = 200;
    for (int i = 0; i <= kPoints; ++i) {
      const double load = points.front().load + (points.back().load - points.front().load) * i / kPoints;
      const auto state = memory::theory::retrieval(load, temperature);
      theory.x.push_back(load);
      theory.y.push_back(state ? state->overlap : 0);
    }
    series.push_back(theory);
  }
  return chart_svg(series, {.x_label = "load", .y_label = "share", .from_zero = true});
}

void run(const Options& options, Context& context) {
  memory::CapacityOptions experiment = experiment_of(options);
  std::sort(experiment.patterns.begin(), experiment.patterns.end());
  if (!options.svg.empty() && experiment.patterns.size() < 2)
    throw ConfigError("--svg: a curve takes at least two loads");
  watch_interrupts();
  Meter meter("trials", context.quiet);
  experiment.progress = [&](std::int64_t done, std::int64_t trials) {
    meter.show(done, trials);
    return !interrupted();
  };
  const std::vector<memory::CapacityPoint> points = memory::capacity(experiment);
  meter.clear();
  if (!options.svg.empty() && points.size() > 1)
    write_file_atomically(options.svg, chart_of(points, options.temperature));
  print(options.json ? json_text(json_of(options, points)) + "\n" : table_of(points));
  if (interrupted()) context.exit_code = kInterrupted;
}

}  // namespace

void add_memory_capacity(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("capacity", "Measure how many random patterns a memory holds");
  auto options = std::make_shared<Options>();
  add_memory_kind(*command, options->kind);
  command->add_option("--neurons", options->neurons, "Units (default 1000)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--loads", options->loads, "Patterns a unit, such as 0.12,0.13")
      ->delimiter(',')
      ->check(is_number<double>())
      ->type_name("LIST");
  command->add_option("--patterns", options->patterns, "Numbers of patterns, instead of loads")
      ->delimiter(',')
      ->check(is_number<std::int64_t>())
      ->type_name("LIST");
  command->add_option("--trials", options->trials, "Fresh sets of patterns for each load (default 10)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--flip", options->flip, "Share of the cue's bits inverted (default 0)")
      ->check(is_number<double>())
      ->type_name("SHARE");
  command
      ->add_option("--temperature", options->temperature,
                   "Glauber dynamics at T; the overlap is its mean over time (default 0)")
      ->check(is_number<double>())
      ->type_name("T");
  command
      ->add_option("--sweeps", options->sweeps,
                   "At a temperature: sweeps before measuring, and measured (default 100)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  add_order(*command, options->order);
  command->add_option("--seed", options->seed, "Of patterns, cues and orders (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
  add_threads(*command);
  command->add_flag("--json", options->json, "One JSON object instead of a table");
  command->add_option("--svg", options->svg, "Draw overlap and stable share against the load")
      ->check(is_given())
      ->type_name("FILE");
  command->footer(
      "A trial stores fresh random patterns, recalls one of them from a cue, and counts\n"
      "the patterns that no single unit wants to leave. Intervals are of 95 %.\n\n"
      "Examples:\n  hebb memory capacity --neurons 10000 --loads 0.12,0.13 --trials 12 --json\n"
      "  hebb memory capacity --rule pseudo-inverse --neurons 200 --loads 0.5,0.9\n"
      "  hebb memory capacity --energy polynomial --degree 3 --neurons 100 --patterns 300,600");
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace hebb::cli
