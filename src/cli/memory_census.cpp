#include <fmt/format.h>

#include <algorithm>

#include "cli/memory.hpp"
#include "cli/memory_options.hpp"
#include "cli/meter.hpp"
#include "cli/picture.hpp"
#include "cli/state_picture.hpp"
#include "hebb/attractors.hpp"
#include "hebb/error.hpp"
#include "hebb/memory_store.hpp"

namespace hebb::cli {

namespace {

struct Options {
  std::string store;
  memory::CensusOptions census;
  std::string order = "random";
  std::int64_t list = 20;
  bool json = false;
  std::string picture;
};

std::string named(const memory::Label& label, const std::vector<std::string>& names) {
  std::string name(memory::name_of(label.kind));
  if (label.kind == memory::AttractorKind::mixture)
    return fmt::format("mixture of {}", label.patterns.size());
  if (label.kind != memory::AttractorKind::spin_glass && !label.patterns.empty())
    name += " " + names.at(static_cast<std::size_t>(label.patterns.front()));
  return name;
}

Json json_of(const memory::Attractor& attractor) {
  Json json = {{"label", memory::name_of(attractor.label.kind)},
               {"patterns", attractor.label.patterns},
               {"overlap", attractor.label.overlap},
               {"hits", attractor.hits},
               {"share", attractor.share},
               {"share_interval", cli::json_of(attractor.share_interval)},
               {"energy", attractor.energy ? Json(*attractor.energy) : Json(nullptr)},
               {"depth", nullptr},
               {"stable", nullptr}};
  if (attractor.depth) {
    json["depth"] = attractor.depth->barrier();
    json["stable"] = attractor.depth->is_stable();
  }
  return json;
}

constexpr auto kKinds = {memory::AttractorKind::pattern, memory::AttractorKind::inverse,
                         memory::AttractorKind::mixture, memory::AttractorKind::spin_glass,
                         memory::AttractorKind::two_cycle};

Json json_of(const memory::Census& census) {
  Json json = {{"starts", census.starts}, {"unsettled", census.unsettled}, {"attractors", Json::array()}};
  for (const memory::AttractorKind kind : kKinds)
    json["shares"][std::string(memory::name_of(kind))] = census.share_of(kind);
  for (const memory::Attractor& attractor : census.attractors)
    json["attractors"].push_back(json_of(attractor));
  return json;
}

std::string text_of(const memory::Census& census, const std::vector<std::string>& names, std::int64_t list) {
  std::vector<std::vector<std::string>> rows = {
      {"attractor", "share", "95 %", "overlap", "energy", "depth", ""}};
  for (const memory::Attractor& attractor : census.attractors) {
    if (static_cast<std::int64_t>(rows.size()) > list) break;
    rows.push_back({named(attractor.label, names), fmt::format("{:.4f}", attractor.share),
                    cli::text_of(attractor.share_interval),
                    attractor.label.kind == memory::AttractorKind::two_cycle
                        ? ""
                        : fmt::format("{:.3f}", attractor.label.overlap),
                    attractor.energy ? fmt::format("{:.3f}", *attractor.energy) : "",
                    attractor.depth ? fmt::format("{:.3f}", attractor.depth->barrier()) : "",
                    !attractor.depth               ? ""
                    : attractor.depth->is_stable() ? "stable"
                                                   : "metastable"});
  }
  std::string text = table(rows);
  const auto hidden = static_cast<std::int64_t>(census.attractors.size()) - list;
  if (hidden > 0) text += fmt::format("... and {} more (--list N, or --json for all)\n", with_commas(hidden));
  text += fmt::format("\n{} starts, {} attractors", with_commas(census.starts),
                      with_commas(static_cast<std::int64_t>(census.attractors.size())));
  if (census.unsettled > 0)
    text += fmt::format(", {} starts did not come to rest", with_commas(census.unsettled));
  text += "; shares by kind:\n";
  std::vector<std::vector<std::string>> kinds;
  for (const memory::AttractorKind kind : kKinds) {
    if (census.share_of(kind) > 0)
      kinds.push_back({std::string(memory::name_of(kind)), fmt::format("{:.4f}", census.share_of(kind))});
  }
  return text + table(kinds);
}

/// The attractors that the table lists, as pictures.
Image picture_of(const memory::Census& census, const memory::PatternSet& patterns, std::int64_t list) {
  constexpr std::int64_t kColumns = 5;
  std::vector<Image> cells;
  for (const memory::Attractor& attractor : census.attractors) {
    if (static_cast<std::int64_t>(cells.size()) == list) break;
    std::vector<std::string> caption = {named(attractor.label, patterns.labels),
                                        fmt::format("{:.2f} % of starts", 100 * attractor.share)};
    if (attractor.energy) caption.push_back(fmt::format("energy {:.2f}", *attractor.energy));
    cells.push_back(state_cell(attractor.state, patterns.look, caption));
  }
  return with_margin(in_grid(cells, kColumns, 18), 24);
}

void run(Options options, Context& context) {
  options.census.recall.order = order_of(options.order);
  const memory::Store store = memory::Store::load(options.store);
  watch_interrupts();
  Meter meter("starts", context.quiet);
  options.census.progress = [&](std::int64_t done, std::int64_t starts) {
    meter.show(done, starts);
    return !interrupted();
  };
  const memory::Census census = memory::census(store.memory(), options.census);
  meter.clear();
  if (!options.picture.empty() && !census.attractors.empty())
    write_png(options.picture, picture_of(census, store.patterns(), std::max<std::int64_t>(1, options.list)));
  print(options.json ? json_text(json_of(census)) + "\n"
                     : text_of(census, store.patterns().labels, options.list));
  if (interrupted()) context.exit_code = kInterrupted;
}

}  // namespace

void add_memory_census(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("census", "List what a memory comes to rest in from random starts");
  auto options = std::make_shared<Options>();
  command->add_option("store", options->store, "The memory's file")->required()->type_name("STORE");
  command->add_option("--starts", options->census.starts, "Random starts (default 10000)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_flag("--exhaustive", options->census.exhaustive, "All 2^N states, of at most 24 units");
  add_order(*command, options->order);
  command
      ->add_option("--max-sweeps", options->census.recall.max_sweeps,
                   "At most so many sweeps a start (default 1000)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command
      ->add_option("--depths", options->census.depths,
                   "Measure the depth of so many attractors (default 100)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command
      ->add_option("--threshold", options->census.classify.threshold,
                   "Overlap from which a state bears a pattern's name (default 0.9)")
      ->check(is_number<double>())
      ->type_name("M");
  command->add_option("--list", options->list, "Rows of the table (default 20)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_option("--seed", options->census.recall.seed, "Of starts and orders (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
  command->add_option("--picture", options->picture, "Draw the listed attractors as PNG")
      ->check(is_given())
      ->type_name("FILE");
  add_threads(*command);
  command->add_flag("--json", options->json, "One JSON object instead of a table");
  command->footer(
      "A stable state is the lowest of all states within two flips; a metastable one rests\n"
      "because units move one at a time. The depth is the least rise of energy to a state one\n"
      "or two flips away.\n\n"
      "Examples:\n  hebb memory census letters.hebb --starts 10000 --json\n"
      "  hebb memory census letters.hebb --list 10 --picture attractors.png\n"
      "  hebb memory census small.hebb --exhaustive");
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace hebb::cli
