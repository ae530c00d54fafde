// hebb memory store, list, forget, unlearn.
#include "hebb/memory_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cli/memory.hpp"
#include "cli/memory_options.hpp"
#include "cli/memory_patterns.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

using memory::Store;

/// Beyond so much work a recall, telling what is stored is not learned by itself.
constexpr double kMostWork = 2e8;

struct StoreOptions {
  std::string path;
  MemoryKind kind;
  PatternSource source;
  bool json = false;
};

struct ListOptions {
  std::string path;
  std::vector<std::string> which;  ///< of forget
  bool json = false;
};

struct UnlearnOptions {
  std::string path;
  memory::Unlearning unlearning;
  bool json = false;
};

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string kind_text(const memory::BinaryOptions& options) {
  std::string text = options.energy == memory::Energy::quadratic
                         ? fmt::format("rule {}", name_of(options.rule))
                         : fmt::format("energy {}", name_of(options.energy));
  if (options.energy == memory::Energy::polynomial || options.energy == memory::Energy::rectified_polynomial)
    text += fmt::format(" of degree {}", options.degree);
  if (options.units == memory::Units::zero_one) text += ", units of 0 and 1";
  if (options.dilution > 0) text += fmt::format(", dilution {:g}", options.dilution);
  return text;
}

/// A store has one kind; options given again must say the same.
void check_same_kind(const CLI::App& command, const memory::BinaryOptions& asked, const Store& store) {
  const memory::BinaryOptions& is = store.memory().options();
  const auto check = [&](const char* option, bool same) {
    if (command.count(option) > 0 && !same)
      throw ConfigError(fmt::format("{}: the store exists, with {}", option, kind_text(is)));
  };
  check("--rule", asked.rule == is.rule);
  check("--units", asked.units == is.units);
  check("--energy", asked.energy == is.energy);
  check("--degree", asked.degree == is.degree);
  check("--margin", asked.margin == is.margin);
  check("--dilution", asked.dilution == is.dilution);
  check("--bound", asked.bound == is.bound);
}

std::string unlearning_text(const memory::Unlearning& unlearning) {
  if (unlearning.dreams == 0) return "";
  return fmt::format(", {} of strength {:g} unlearned",
                     unlearning.dreams == 1 ? "1 dream" : with_commas(unlearning.dreams) + " dreams",
                     unlearning.strength);
}

Json json_of(const memory::Unlearning& unlearning) {
  if (unlearning.dreams == 0) return nullptr;
  return {{"dreams", unlearning.dreams}, {"strength", unlearning.strength}, {"seed", unlearning.seed}};
}

Json state_json(const Store& store) {
  const memory::BinaryOptions& options = store.memory().options();
  const memory::Crosstalk crosstalk = store.crosstalk();
  const auto capacity = store.capacity();
  const auto warning = store.warning();
  Json json = {
      {"patterns", store.size()},
      {"neurons", store.units()},
      {"load", static_cast<double>(store.size()) / static_cast<double>(store.units())},
      {"rule", name_of(options.rule)},
      {"energy", name_of(options.energy)},
      {"unlearning", json_of(store.unlearning())},
      {"capacity", capacity && *capacity < 1e300 ? Json(*capacity) : Json(nullptr)},
      {"signal", crosstalk.signal},
      {"noise", crosstalk.noise},
      {"unstable_bits", crosstalk.unstable_bits},
      {"expected_unstable_bits", crosstalk.expected_unstable_bits},
      {"stable_patterns", crosstalk.stable_patterns},
      {"calibration_accuracy", store.calibration() ? Json(store.calibration()->accuracy) : Json(nullptr)},
      {"warning", warning ? Json(*warning) : Json(nullptr)}};
  return json;
}

std::string state_text(const Store& store) {
  const memory::Crosstalk crosstalk = store.crosstalk();
  std::string text = fmt::format(
      "{} of {} units, {}{}\n", store.size() == 1 ? "1 pattern" : with_commas(store.size()) + " patterns",
      with_commas(store.units()), kind_text(store.memory().options()), unlearning_text(store.unlearning()));
  if (crosstalk.examined == 0) return text;
  text += fmt::format(
      "crosstalk: signal {:.3g}, noise {:.2g}; {:.2g} % of the bits unstable, {:.0f} % of the patterns "
      "stable\n",
      crosstalk.signal, crosstalk.noise, 100 * crosstalk.unstable_bits, 100 * crosstalk.stable_patterns);
  if (store.calibration())
    text += fmt::format("what is stored is told from what is not in {:.0f} % of {} trials\n",
                        100 * store.calibration()->accuracy, 2 * store.calibration()->samples);
  return text;
}

void warn(const Store& store, const Context& context) {
  if (context.quiet) return;
  if (const auto warning = store.warning()) tell("hebb: " + *warning + "\n");
}

void finish(Store& store, const std::string& path, const Context& context) {
  const double work = static_cast<double>(store.units()) * static_cast<double>(store.size());
  if (work <= kMostWork) {
    store.calibrate();
  } else if (!context.quiet) {
    tell(
        "hebb: too large to learn in short time how to tell what is not stored: recall gives no "
        "confidence\n");
  }
  store.save(path);
}

void run_store(const CLI::App& command, const StoreOptions& options, const Context& context) {
  const memory::BinaryOptions asked = options.kind.options();
  std::optional<Store> store;
  if (exists(options.path)) {
    store = Store::load(options.path);
    check_same_kind(command, asked, *store);
  }
  const memory::PatternSet patterns =
      options.source.patterns(store ? std::optional(store->units()) : std::nullopt);
  if (!store) store.emplace(patterns.units, asked, patterns.look);
  store->add(patterns);
  finish(*store, options.path, context);
  if (options.json) {
    Json json = {{"file", options.path}, {"added", patterns.size()}};
    json.update(state_json(*store));
    print(json_text(json) + "\n");
  } else if (!context.quiet) {
    print(fmt::format("{}: {} added\n", options.path, patterns.size()) + state_text(*store));
  }
  warn(*store, context);
}

void run_list(const ListOptions& options, const Context& context) {
  const Store store = Store::load(options.path);
  const auto& labels = store.patterns().labels;
  const auto energy = [&](std::int64_t index) {
    return store.memory().energy(store.patterns().values(index, store.memory().options().units));
  };
  if (options.json) {
    Json json = state_json(store);
    json["stored"] = Json::array();
    for (std::int64_t i = 0; i < store.size(); ++i) {
      const auto value = energy(i);
      json["stored"].push_back({{"pattern", i},
                                {"label", labels[static_cast<std::size_t>(i)]},
                                {"energy", value ? Json(*value) : Json(nullptr)}});
    }
    print(json_text(json) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"pattern", "label", "energy"}};
  for (std::int64_t i = 0; i < store.size(); ++i) {
    const auto value = energy(i);
    rows.push_back(
        {std::to_string(i), labels[static_cast<std::size_t>(i)], value ? fmt::format("{:.4g}", *value) : ""});
  }
  print(state_text(store) + (store.size() > 0 ? "\n" + table(rows) : ""));
  warn(store, context);
}

void run_forget(const ListOptions& options, const Context& context) {
  Store store = Store::load(options.path);
  // Numbers are those of the store as it is now, whatever goes first.
  std::set<std::int64_t, std::greater<>> chosen;
  for (const std::string& which : options.which) chosen.insert(store.find(which));
  for (const std::int64_t index : chosen) store.remove(index);
  finish(store, options.path, context);
  if (options.json) {
    Json json = {{"file", options.path}, {"forgotten", chosen.size()}};
    json.update(state_json(store));
    print(json_text(json) + "\n");
  } else if (!context.quiet) {
    print(fmt::format("{}: {} forgotten\n", options.path, chosen.size()) + state_text(store));
  }
}

void run_unlearn(const UnlearnOptions& options, const Context& context) {
  Store store = Store::load(options.path);
  store.unlearn(options.unlearning);
  finish(store, options.path, context);
  if (options.json) {
    Json json = {{"file", options.path}};
    json.update(state_json(store));
    print(json_text(json) + "\n");
  } else if (!context.quiet) {
    print(options.path + ": " + state_text(store));
  }
  warn(store, context);
}

void add_path(CLI::App& command, std::string& path) {
  command.add_option("store", path, "The file of the store")
      ->required()
      ->check(is_given())
      ->type_name("STORE");
}

}  // namespace

void add_memory_store(CLI::App& memory, Context& context) {
  CLI::App* command =
      memory.add_subcommand("store", "Add patterns to a memory in a file, which is made if need be");
  auto options = std::make_shared<StoreOptions>();
  add_path(*command, options->path);
  add_pattern_source(*command, options->source);
  add_memory_kind(*command, options->kind);
  command->add_flag("--json", options->json, "One JSON object instead of text");
  add_threads(*command);
  command->footer(
      "Examples:\n  hebb memory store letters.hebb --rule pseudo-inverse --images patterns/*.png\n"
      "  hebb memory store digits.hebb --rule pseudo-inverse --data mnist --count 50\n"
      "  hebb memory store random.hebb --random 100x1000");
  command->callback([command, options, &context] { run_store(*command, *options, context); });
}

void add_memory_list(CLI::App& memory, Context& context) {
  CLI::App* command = memory.add_subcommand("list", "List the patterns of a store, and tell how full it is");
  auto options = std::make_shared<ListOptions>();
  add_path(*command, options->path);
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options, &context] { run_list(*options, context); });
}

void add_memory_forget(CLI::App& memory, Context& context) {
  CLI::App* command = memory.add_subcommand("forget", "Remove patterns from a store");
  auto options = std::make_shared<ListOptions>();
  add_path(*command, options->path);
  command->add_option("pattern", options->which, "Label, or number from 0")->required()->type_name("PATTERN");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options, &context] { run_forget(*options, context); });
}

void add_memory_unlearn(CLI::App& memory, Context& context) {
  CLI::App* command =
      memory.add_subcommand("unlearn", "Weaken what a store rests in from random starts, as dreams might");
  auto options = std::make_shared<UnlearnOptions>();
  add_path(*command, options->path);
  command
      ->add_option("--dreams", options->unlearning.dreams,
                   "Random starts, from each of which what it comes to rest in is unlearned; 0 undoes all")
      ->required()
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command
      ->add_option("--strength", options->unlearning.strength,
                   "Of one dream, where learning a pattern is 1 (default 0.01)")
      ->check(is_number<double>())
      ->type_name("E");
  command->add_option("--seed", options->unlearning.seed, "Of starts and orders (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  add_threads(*command);
  command->footer(
      "Spurious states are met more often than patterns, and so weakened more\n"
      "(Hopfield, Feinstein, Palmer, 1983); too many dreams unlearn patterns as well.\n"
      "The dreams become a part of the store, in the place of those before, and follow\n"
      "all of its patterns: they are dreamt anew when patterns come or go, and whenever\n"
      "the store is read.\n\n"
      "Examples:\n  hebb memory unlearn letters.hebb --dreams 200\n"
      "  hebb memory unlearn letters.hebb --dreams 1000 --strength 0.005 --json\n"
      "  hebb memory unlearn letters.hebb --dreams 0");
  command->callback([options, &context] { run_unlearn(*options, context); });
}

}  // namespace hebb::cli
