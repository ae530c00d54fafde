#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "cli/memory.hpp"
#include "cli/memory_options.hpp"
#include "cli/picture.hpp"
#include "cli/plot.hpp"
#include "cli/state_picture.hpp"
#include "cli/terminal.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "hebb/pattern_files.hpp"
#include "hebb/random.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

using memory::Recognition;
using memory::Store;

constexpr std::int64_t kTogether = 256;  // trials that are recalled at once
constexpr std::int64_t kShown = 20;      // cues whose states are drawn

struct Options {
  std::string path;
  std::string input;
  std::string text;
  std::string out;
  std::string picture;
  std::string pattern;
  std::optional<double> flip;
  std::int64_t trials = 1;
  std::string order = "random";
  std::int64_t max_sweeps = memory::RecallOptions{}.max_sweeps;
  std::vector<double> cooling;
  std::uint64_t seed = 0;
  bool trace = false;
  bool json = false;
};

memory::RecallOptions recall_options(const Options& options) {
  memory::RecallOptions result = {.order = order_of(options.order), .max_sweeps = options.max_sweeps};
  if (!options.cooling.empty()) {
    const double sweeps = options.cooling.size() == 3 ? options.cooling[2] : 0;
    if (!(sweeps >= 1 && sweeps <= 1e6 && sweeps == std::floor(sweeps)))
      throw ConfigError("--cooling: expected FROM,TO,SWEEPS such as 1,0.1,20, of 1 to 1000000 sweeps");
    result.temperatures =
        memory::cooling(options.cooling[0], options.cooling[1], static_cast<std::int64_t>(sweeps));
  }
  result.seed = options.seed;
  result.trace = options.trace;
  return result;
}

double flip_of(const Options& options) {
  const double flip = options.flip.value_or(0);
  if (!(flip >= 0 && flip <= 1))
    throw ConfigError(fmt::format("--flip: expected a share from 0 to 1, got {:g}", flip));
  return flip;
}

const std::string& label_of(const Store& store, std::int64_t index) {
  return store.patterns().labels[static_cast<std::size_t>(index)];
}

std::string_view name_of(memory::Ending ending) {
  switch (ending) {
    case memory::Ending::fixed_point: return "fixed point";
    case memory::Ending::two_cycle: return "2-cycle";
    case memory::Ending::step_limit: break;
  }
  return "step limit";
}

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json json_of(const Store& store, const Recognition& found, bool trace) {
  Json json = {{"known", found.known()},
               {"rejected", found.rejected()},
               {"pattern", found.nearest},
               {"label", label_of(store, found.nearest)},
               {"overlap", found.overlap},
               {"attractor", memory::name_of(found.label.kind)},
               {"confidence", or_null(found.confidence)},
               {"ending", name_of(found.recall.ending)},
               {"sweeps", found.recall.sweeps},
               {"energy_start", or_null(found.recall.energy_start)},
               {"energy_end", or_null(found.recall.energy_end)}};
  if (!trace) return json;
  json["trace"] = Json::array();
  for (const memory::TracePoint& point : found.recall.trace)
    json["trace"].push_back(
        {{"sweep", point.sweep}, {"flips", point.flips}, {"energy", or_null(point.energy)}});
  return json;
}

std::string name_of(const Store& store, const Recognition& found) {
  const std::string nearest = fmt::format("{} (pattern {})", label_of(store, found.nearest), found.nearest);
  switch (found.label.kind) {
    case memory::AttractorKind::pattern: return nearest;
    case memory::AttractorKind::inverse: return "the inverse of " + nearest;
    case memory::AttractorKind::mixture: {
      std::string text = "a mixture of";
      for (std::size_t k = 0; k < found.label.patterns.size(); ++k)
        text += (k == 0 ? " " : ", ") + label_of(store, found.label.patterns[k]);
      return text;
    }
    default: break;
  }
  return fmt::format("a {} state, nearest to {}", memory::name_of(found.label.kind), nearest);
}

std::string text_of(const Store& store, const Recognition& found) {
  std::string text = found.rejected() ? "nothing like this is stored; it came to rest in " : "";
  text += name_of(store, found);
  text += fmt::format("\noverlap {:.4f}", found.overlap);
  if (found.confidence) text += fmt::format(", confidence {:.3f}", *found.confidence);
  text += fmt::format(", {} {} {}",
                      found.recall.sweeps == 1 ? "1 sweep" : fmt::format("{} sweeps", found.recall.sweeps),
                      found.recall.converged() ? "to a" : "without rest:", name_of(found.recall.ending));
  if (found.recall.energy_end)
    text += fmt::format(", energy {:.4g} to {:.4g}", *found.recall.energy_start, *found.recall.energy_end);
  return text + "\n";
}

/// The state before, the energy on the way, the state after.
std::string drawing_of(const Store& store, std::span<const float> cue, const Recognition& found) {
  const int width = std::min(100, terminal_width(1));
  std::string text = "before\n" + draw_state(cue, store.patterns().look, width);
  std::vector<double> energies;
  for (const memory::TracePoint& point : found.recall.trace) {
    if (point.energy) energies.push_back(*point.energy);
  }
  if (energies.size() > 1)
    text += "\nenergy by sweep\n" + plot_curve(energies, {.width = width,
                                                          .height = 6,
                                                          .utf8 = speaks_utf8(),
                                                          .first = "0",
                                                          .last = std::to_string(energies.size() - 1)});
  return text + "\nafter\n" + draw_state(found.recall.state, store.patterns().look, width) + "\n";
}

void write_states(const std::string& path, const Store& store, const std::vector<Recognition>& found) {
  const memory::Look& look = store.patterns().look;
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".npy") {
    std::vector<float> all;
    for (const Recognition& one : found)
      all.insert(all.end(), one.recall.state.begin(), one.recall.state.end());
    write_npy(path, Tensor::from(std::span<const float>(all),
                                 Shape{static_cast<std::int64_t>(found.size()), store.units()}));
  } else if (extension == ".png") {
    if (look.kind != memory::Look::Kind::image)
      throw ConfigError("--out: the store's patterns are no images; give .npy, .csv or .txt");
    if (found.size() > 1) throw ConfigError("--out: an image is of one state; give .npy or .csv for several");
    write_png(path, image_of_state(found.front().recall.state, look));
  } else if (extension == ".csv") {
    std::string text;
    for (const Recognition& one : found) {
      for (std::size_t i = 0; i < one.recall.state.size(); ++i)
        text += fmt::format("{}{:.0f}", i == 0 ? "" : ",", one.recall.state[i]);
      text += "\n";
    }
    write_file_atomically(path, text);
  } else if (extension == ".txt" && look.kind == memory::Look::Kind::text) {
    std::string text;
    for (const Recognition& one : found) text += memory::text_of_state(one.recall.state) + "\n";
    write_file_atomically(path, text);
  } else {
    throw ConfigError(fmt::format(
        "--out: expected a name that ends in .npy, .csv, or .png of images, or .txt of text; got {}",
        in_quotes(path)));
  }
}

/// A picture that shows, side by side, cues and what became of them, and the patterns that were meant where
/// that is known.
class Comparison {
 public:
  explicit Comparison(const Store& store) : look_(store.patterns().look) {}

  void add(std::span<const float> cue, const Recognition& found, std::span<const float> pattern = {}) {
    if (rows_.size() == kRows) return;
    std::vector<Image> cells = {state_cell(cue, look_, {"cue"}),
                                state_cell(found.recall.state, look_, {"at rest"})};
    if (!pattern.empty()) cells.insert(cells.begin(), state_cell(pattern, look_, {"pattern"}));
    rows_.push_back(beside(cells, 18));
  }
  void write(const std::string& path) const {
    constexpr std::int64_t kColumns = 2;
    write_png(path, with_margin(in_grid(rows_, rows_.size() > 3 ? kColumns : 1, 24), 24));
  }

 private:
  static constexpr std::size_t kRows = 10;
  memory::Look look_;
  std::vector<Image> rows_;
};

/// Recalls what is in a file, or a line of text.
void recall_input(const Options& options, const Store& store) {
  const memory::PatternSet cues =
      options.input.empty() ? memory::pattern_from_line(options.text, store.units())
                            : memory::read_cues(options.input, store.patterns().look, store.units());
  const double flip = flip_of(options);
  std::vector<float> values;
  for (std::int64_t k = 0; k < cues.size(); ++k) {
    std::vector<float> cue = cues.values(k, store.memory().options().units);
    invert(cue, flip, Random(options.seed, static_cast<std::uint64_t>(k)));
    values.insert(values.end(), cue.begin(), cue.end());
  }
  const std::vector<Recognition> found = store.recognise_batch(values, recall_options(options));
  if (!options.out.empty()) write_states(options.out, store, found);
  const auto n = static_cast<std::size_t>(store.units());
  if (!options.picture.empty()) {
    Comparison comparison(store);
    for (std::size_t k = 0; k < found.size(); ++k)
      comparison.add(std::span(values).subspan(k * n, n), found[k]);
    comparison.write(options.picture);
  }
  std::string text;
  for (std::int64_t k = 0; k < cues.size(); ++k) {
    const Recognition& one = found[static_cast<std::size_t>(k)];
    if (options.json) {
      text += json_text(json_of(store, one, options.trace)) + "\n";
      continue;
    }
    if (options.trace && k < kShown)
      text += drawing_of(store, std::span(values).subspan(static_cast<std::size_t>(k) * n, n), one);
    if (cues.size() > 1) text += cues.labels[static_cast<std::size_t>(k)] + ": ";
    text += text_of(store, one);
  }
  print(text);
}

/// Sums over trials.
struct Tally {
  std::int64_t trials = 0;
  std::int64_t exact = 0;
  double overlap = 0;
  double sweeps = 0;
  std::optional<double> energy_start = 0;
  std::optional<double> energy_end = 0;

  void add(const Recognition& one, std::span<const float> pattern) {
    const std::vector<float>& state = one.recall.state;
    std::int64_t same = 0;
    for (std::size_t i = 0; i < state.size(); ++i) same += state[i] == pattern[i];
    const auto n = static_cast<std::int64_t>(state.size());
    ++trials;
    exact += same == n;
    overlap += static_cast<double>(2 * same - n) / static_cast<double>(n);
    sweeps += static_cast<double>(one.recall.sweeps);
    const auto sum = [](std::optional<double>& total, const std::optional<double>& value) {
      total = total && value ? std::optional(*total + *value) : std::nullopt;
    };
    sum(energy_start, one.recall.energy_start);
    sum(energy_end, one.recall.energy_end);
  }
  std::optional<double> mean(const std::optional<double>& total) const {
    if (!total || trials == 0) return std::nullopt;
    return *total / static_cast<double>(trials);
  }
};

Json json_of(const Tally& tally) {
  return {{"trials", tally.trials},
          {"exact_fraction", or_null(tally.mean(static_cast<double>(tally.exact)))},
          {"mean_overlap", or_null(tally.mean(tally.overlap))},
          {"mean_sweeps", or_null(tally.mean(tally.sweeps))},
          {"energy_start", or_null(tally.mean(tally.energy_start))},
          {"energy_end", or_null(tally.mean(tally.energy_end))}};
}

std::string text_of(const Tally& tally, double flip) {
  if (tally.trials == 0) return "no trial was done\n";
  const auto n = static_cast<double>(tally.trials);
  std::string text = fmt::format(
      "{} from {:g} % of bits inverted: {:.1f} % recalled exactly, mean overlap {:.4f}, {:.2f} sweeps",
      tally.trials == 1 ? "1 trial" : with_commas(tally.trials) + " trials", 100 * flip,
      100 * static_cast<double>(tally.exact) / n, tally.overlap / n, tally.sweeps / n);
  if (tally.energy_end)
    text += fmt::format(",\nmean energy {:.4g} to {:.4g}", *tally.energy_start / n, *tally.energy_end / n);
  return text + "\n";
}

/// Recalls stored patterns, the share --flip of whose bits is inverted.
void recall_trials(const Options& options, const Store& store, Context& context) {
  const double flip = flip_of(options);
  if (options.trials < 1)
    throw ConfigError(fmt::format("--trials: expected at least 1, got {}", options.trials));
  if (!options.out.empty() && options.trials > 1)
    throw ConfigError("--out goes with --input, --text, or one trial");
  const memory::RecallOptions how = recall_options(options);
  const std::int64_t chosen = options.pattern.empty() ? -1 : store.find(options.pattern);
  const memory::Units units = store.memory().options().units;
  watch_interrupts();
  Tally tally;
  Comparison comparison(store);
  std::string text;
  for (std::int64_t first = 0; first < options.trials && !interrupted(); first += kTogether) {
    const std::int64_t count = std::min(kTogether, options.trials - first);
    std::vector<std::vector<float>> patterns;
    std::vector<float> cues;
    for (std::int64_t k = 0; k < count; ++k) {
      Random random(options.seed, static_cast<std::uint64_t>(first + k));
      const auto drawn = static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(store.size())));
      patterns.push_back(store.patterns().values(chosen < 0 ? drawn : chosen, units));
      std::vector<float> cue = patterns.back();
      invert(cue, flip, random);
      cues.insert(cues.end(), cue.begin(), cue.end());
    }
    const std::vector<Recognition> found = store.recognise_batch(cues, how);
    const auto n = static_cast<std::size_t>(store.units());
    for (std::size_t k = 0; k < found.size(); ++k) {
      tally.add(found[k], patterns[k]);
      if (!options.picture.empty()) comparison.add(std::span(cues).subspan(k * n, n), found[k], patterns[k]);
    }
    if (options.trials > 1) continue;
    if (!options.out.empty()) write_states(options.out, store, found);
    if (options.trace && !options.json) text += drawing_of(store, cues, found.front());
    if (!options.json) text += text_of(store, found.front());
  }
  if (!options.picture.empty() && tally.trials > 0) comparison.write(options.picture);
  print(options.json ? json_text(json_of(tally)) + "\n" : text + text_of(tally, flip));
  if (interrupted()) context.exit_code = kInterrupted;
}

void run(const Options& options, Context& context) {
  Store store = Store::load(options.path);
  if (store.size() == 0) throw ConfigError(options.path + ": the store is empty");
  const bool input = !options.input.empty() || !options.text.empty();
  if (!options.input.empty() && !options.text.empty())
    throw ConfigError("--input and --text exclude each other");
  if (input && (options.trials != 1 || !options.pattern.empty()))
    throw ConfigError("--trials and --pattern are of stored patterns; --input and --text are not");
  if (!input && !options.flip && options.pattern.empty())
    throw ConfigError("recall takes --input FILE, --text TEXT, or --flip SHARE of a stored pattern's bits");
  if (!options.text.empty() && store.patterns().look.kind != memory::Look::Kind::text)
    throw ConfigError("--text: the patterns of this store are no text");
  if (input) {
    recall_input(options, store);
  } else {
    recall_trials(options, store, context);
  }
}

void add_recall_options(CLI::App& command, Options& options) {
  command.add_option("store", options.path, "The file of the store")
      ->required()
      ->check(is_given())
      ->type_name("STORE");
  command.add_option("--input", options.input, "Cues: an image, CSV, NPY or text, as the store's patterns")
      ->check(is_given())
      ->type_name("FILE");
  command.add_option("--text", options.text, "A cue of text")->type_name("TEXT");
  command
      .add_option_function<double>(
          "--flip", [&options](double value) { options.flip = value; },
          "Invert this share of the cue's bits; without --input, of stored patterns")
      ->check(is_number<double>())
      ->type_name("SHARE");
  command.add_option("--trials", options.trials, "Recall so many, of patterns chosen at random (default 1)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command.add_option("--pattern", options.pattern, "Of this stored pattern alone: label, or number from 0")
      ->type_name("PATTERN");
  command
      .add_option("--out", options.out, "Write the state that it comes to rest in (.png, .npy, .csv, .txt)")
      ->check(is_given())
      ->type_name("FILE");
  command.add_option("--picture", options.picture, "Draw up to ten cues and what became of them as PNG")
      ->check(is_given())
      ->type_name("FILE");
  command.add_flag("--trace", options.trace, "Show the cue, the energy going down, and the state at rest");
  add_order(command, options.order);
  command.add_option("--max-sweeps", options.max_sweeps, "Give up after so many (default 1000)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command.add_option("--cooling", options.cooling, "First anneal: temperatures FROM,TO over so many SWEEPS")
      ->delimiter(',')
      ->check(is_number<double>())
      ->type_name("LIST");
  command.add_option("--seed", options.seed, "Where random numbers start (default 0)")
      ->check(is_number<std::uint64_t>())
      ->type_name("N");
  command.add_flag("--json", options.json, "JSON instead of text: an object for the trials, or a line a cue");
  add_threads(command);
}

}  // namespace

void add_memory_recall(CLI::App& memory, Context& context) {
  CLI::App* command = memory.add_subcommand("recall", "Recall patterns from damaged ones");
  auto options = std::make_shared<Options>();
  add_recall_options(*command, *options);
  command->footer(
      "Examples:\n  hebb memory recall letters.hebb --input noisy.png --out clean.png --trace\n"
      "  hebb memory recall letters.hebb --pattern A --flip 0.2 --trace\n"
      "  hebb memory recall letters.hebb --flip 0.2 --trials 100 --json");
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace hebb::cli
