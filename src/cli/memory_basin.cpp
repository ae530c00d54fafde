#include <fmt/format.h>

#include <algorithm>

#include "cli/chart_svg.hpp"
#include "cli/memory.hpp"
#include "cli/memory_options.hpp"
#include "cli/meter.hpp"
#include "hebb/attractors.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/memory_store.hpp"

namespace hebb::cli {

namespace {

struct Options {
  std::string store;
  memory::BasinOptions basin;
  std::string pattern;
  std::string order = "random";
  bool json = false;
  std::string svg;
};

Json json_of(const std::vector<memory::BasinPoint>& points) {
  Json json = {{"results", Json::array()}};
  for (const memory::BasinPoint& point : points)
    json["results"].push_back({{"flip", point.flip},
                               {"trials", point.trials},
                               {"recalled_fraction", point.recalled},
                               {"recalled_fraction_interval", cli::json_of(point.recalled_interval)},
                               {"exact_fraction", point.exact},
                               {"exact_fraction_interval", cli::json_of(point.exact_interval)},
                               {"mean_overlap", point.mean_overlap}});
  return json;
}

std::string text_of(const std::vector<memory::BasinPoint>& points) {
  std::vector<std::vector<std::string>> rows = {
      {"flipped", "recalled", "95 %", "exactly", "95 %", "overlap"}};
  for (const memory::BasinPoint& point : points)
    rows.push_back({fmt::format("{:g}", point.flip), fmt::format("{:.3f}", point.recalled),
                    cli::text_of(point.recalled_interval), fmt::format("{:.3f}", point.exact),
                    cli::text_of(point.exact_interval), fmt::format("{:.4f}", point.mean_overlap)});
  return table(rows);
}

std::string chart_of(const std::vector<memory::BasinPoint>& points) {
  Series recalled{.label = "recalled", .x = {}, .y = {}};
  Series exact{.label = "to the last bit", .x = {}, .y = {}, .dashed = true};
  for (const memory::BasinPoint& point : points) {
    for (Series* series : {&recalled, &exact}) series->x.push_back(point.flip);
    recalled.y.push_back(point.recalled);
    exact.y.push_back(point.exact);
  }
  return chart_svg({recalled, exact},
                   {.x_label = "share of bits inverted", .y_label = "share of cues", .from_zero = true});
}

void run(Options options, Context& context) {
  options.basin.recall.order = order_of(options.order);
  if (!options.svg.empty() && options.basin.flips.size() < 2)
    throw ConfigError("--svg: a curve takes at least two shares in --flips");
  const memory::Store store = memory::Store::load(options.store);
  if (store.size() == 0) throw ConfigError(options.store + ": the store is empty");
  if (!options.pattern.empty()) options.basin.pattern = store.find(options.pattern);
  std::sort(options.basin.flips.begin(), options.basin.flips.end());
  watch_interrupts();
  Meter meter("cues", context.quiet);
  options.basin.progress = [&](std::int64_t done, std::int64_t cues) {
    meter.show(done, cues);
    return !interrupted();
  };
  const std::vector<memory::BasinPoint> points = memory::basin(store.memory(), options.basin);
  meter.clear();
  if (!options.svg.empty() && points.size() > 1) write_file_atomically(options.svg, chart_of(points));
  print(options.json ? json_text(json_of(points)) + "\n" : text_of(points));
  if (interrupted()) context.exit_code = kInterrupted;
}

}  // namespace

void add_memory_basin(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("basin", "Measure how much of a pattern may be wrong for it to be recalled");
  auto options = std::make_shared<Options>();
  command->add_option("store", options->store, "The memory's file")
      ->required()
      ->check(is_given())
      ->type_name("STORE");
  command->add_option("--flips", options->basin.flips, "Shares of bits inverted (default 0,0.1,...,0.5)")
      ->delimiter(',')
      ->check(is_number<double>())
      ->type_name("LIST");
  command
      ->add_option("--trials", options->basin.trials,
                   "Cues for each share, of all patterns in turn (default 100)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--pattern", options->pattern, "This pattern alone: label, or number from 0")
      ->type_name("PATTERN");
  command
      ->add_option("--threshold", options->basin.threshold,
                   "Overlap from which a pattern counts as recalled (default 0.9)")
      ->check(is_number<double>())
      ->type_name("M");
  add_order(*command, options->order);
  command->add_option("--seed", options->basin.recall.seed, "Of cues and orders (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
  add_threads(*command);
  command->add_flag("--json", options->json, "One JSON object instead of a table");
  command->add_option("--svg", options->svg, "Draw the shares recalled against the share inverted")
      ->check(is_given())
      ->type_name("FILE");
  command->footer(
      "Examples:\n  hebb memory basin letters.hebb --flips 0,0.1,0.2,0.3,0.4 --svg basin.svg\n"
      "  hebb memory basin letters.hebb --pattern A --trials 1000 --json");
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace hebb::cli
