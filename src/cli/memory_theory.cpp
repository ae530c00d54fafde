#include "hebb/memory_theory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/chart_svg.hpp"
#include "cli/memory.hpp"
#include "cli/plot.hpp"
#include "cli/terminal.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

namespace theory = memory::theory;

constexpr int kRows = 12;
constexpr int kPoints = 200;

struct TheoryOptions {
  std::vector<double> loads;
  double temperature = 0;
  std::optional<std::int64_t> units;  ///< whose laws of capacity shall be told
  bool json = false;
  std::string svg;
  std::string phase_diagram;
};

double overlap_at(double load, double temperature) {
  const auto state = theory::retrieval(load, temperature);
  return state ? state->overlap : 0;
}

/// Where no loads are named: round ones, up to the first beyond the end of retrieval.
std::vector<double> usual_loads(double critical) {
  if (critical == 0) return {0, 0.05, 0.1};
  const double power = std::pow(10, std::floor(std::log10(critical / 7)));
  const double factor = critical / (7 * power);
  const double step = power * (factor > 5 ? 10 : factor > 2 ? 5 : 2);
  std::vector<double> loads = {0};
  while (loads.back() <= critical)
    loads.push_back(std::stod(fmt::format("{:.6g}", step * static_cast<double>(loads.size()))));
  return loads;
}

struct Law {
  std::string name;
  double patterns;
  std::string formula;
};

std::vector<Law> laws_of(std::int64_t n) {
  return {
      {"hebb, recall with errors (Hopfield)", theory::hopfield_capacity(n), "0.15 N"},
      {"hebb, at T = 0 (Amit, Gutfreund, Sompolinsky)",
       theory::critical_point(0)->load * static_cast<double>(n), "0.1379 N"},
      {"hebb, nearly every pattern exact (McEliece)", theory::mceliece_capacity(n), "N / (2 ln N)"},
      {"hebb, all patterns exact (McEliece)", theory::mceliece_capacity_of_all(n), "N / (4 ln N)"},
      {"storkey", theory::storkey_capacity(n), "N / sqrt(2 ln N)"},
      {"pseudo-inverse", theory::projection_capacity(n), "N"},
      {"any weights, margin 0 (Gardner)", theory::gardner_capacity(n), "2 N"},
      {"polynomial 3, 0.5 % of bits wrong (Krotov, Hopfield)", theory::dense_capacity(n, 3), "N^2 / (3 z^2)"},
      {"polynomial 3, without errors (Krotov, Hopfield)", theory::dense_capacity_without_errors(n, 3),
       "N^2 / (6 ln N)"},
      {"polynomial 4, without errors (Krotov, Hopfield)", theory::dense_capacity_without_errors(n, 4),
       "N^3 / (30 ln N)"},
      {"exponential (Demircigil)", theory::exponential_capacity(n), "2^(N/2)"},
  };
}

std::string count_text(double patterns, std::int64_t units) {
  if (patterns < 1e15) return with_commas(static_cast<std::int64_t>(patterns));
  if (std::isfinite(patterns)) return fmt::format("{:.2g}", patterns);
  // Only the exponential law leaves the range of doubles.
  return fmt::format("1e{:.0f}", theory::exponential_rate() / std::log(10) * static_cast<double>(units));
}

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_of(const TheoryOptions& options, const std::optional<theory::CriticalPoint>& critical) {
  Json json = {{"temperature", options.temperature},
               {"alpha_c", critical ? critical->load : 0.0},
               {"overlap_at_alpha_c", critical ? Json(critical->overlap) : Json(nullptr)},
               {"results", Json::array()}};
  for (const double load : options.loads)
    json["results"].push_back({{"load", load}, {"overlap", overlap_at(load, options.temperature)}});
  if (options.units) {
    json["neurons"] = *options.units;
    for (const Law& law : laws_of(*options.units))
      json["capacities"].push_back(
          {{"law", law.name}, {"formula", law.formula}, {"patterns", finite(law.patterns)}});
  }
  return json;
}

std::string table_of(const TheoryOptions& options) {
  std::vector<std::vector<std::string>> rows = {{"load", "overlap", "wrong bits", "energy", "deepest is"}};
  const double t = options.temperature;
  for (const double load : options.loads) {
    const auto state = theory::retrieval(load, t);
    const auto glass = load > 0 ? theory::spin_glass(load, t) : std::nullopt;
    const std::string deepest = state && (!glass || state->free_energy < glass->free_energy) ? "retrieval"
                                : glass                                                      ? "spin glass"
                                                                                             : "disorder";
    rows.push_back({fmt::format("{:g}", load), fmt::format("{:.4f}", state ? state->overlap : 0),
                    state ? fmt::format("{:.2f}%", 50 * (1 - state->overlap)) : "",
                    state   ? fmt::format("{:.4f}", state->energy)
                    : glass ? fmt::format("{:.4f}", glass->energy)
                            : "",
                    deepest});
  }
  return table(rows);
}

/// Overlap against the load, to a little beyond the end of retrieval.
std::string plot_of(double temperature, double critical) {
  const double most = 1.2 * critical;
  std::vector<double> overlaps;
  for (int i = 0; i <= kPoints; ++i) overlaps.push_back(overlap_at(most * i / kPoints, temperature));
  return "overlap by load\n" + plot_curve(overlaps, {.width = std::min(100, terminal_width(1)),
                                                     .height = kRows,
                                                     .utf8 = speaks_utf8(),
                                                     .first = "0",
                                                     .last = fmt::format("{:.3g}", most)});
}

std::string text_of(const TheoryOptions& options, const std::optional<theory::CriticalPoint>& critical) {
  const double t = options.temperature;
  std::string text;
  if (critical) {
    text += fmt::format(
        "temperature {:g}: patterns are retrieved up to load {:.4f}, there with overlap {:.4f};\n"
        "they are the deepest states up to load {:.4f}\n\n",
        t, critical->load, critical->overlap, theory::ferromagnetic_load(t));
  } else {
    text += fmt::format("temperature {:g}: nothing is retrieved from temperature 1 on, at any load\n\n", t);
  }
  text += table_of(options);
  if (critical) text += "\n" + plot_of(t, critical->load);
  if (options.units) {
    std::vector<std::vector<std::string>> rows = {{"law of capacity", "formula", "patterns"}};
    for (const Law& law : laws_of(*options.units))
      rows.push_back({law.name, law.formula, count_text(law.patterns, *options.units)});
    text += fmt::format("\n{} units\n", with_commas(*options.units)) + table(rows);
  }
  return text;
}

std::string overlap_svg(double temperature, double critical) {
  Series curve;
  for (int i = 0; i <= kPoints; ++i) {
    // Closer together towards the end, where the curve falls ever more steeply.
    const double part = 1 - std::pow(1 - static_cast<double>(i) / kPoints, 2);
    curve.x.push_back(critical * part);
    curve.y.push_back(overlap_at(critical * part, temperature));
  }
  for (const double load : {critical, 1.2 * critical}) {
    curve.x.push_back(load);
    curve.y.push_back(0);
  }
  return chart_svg({curve}, {.x_label = "load", .y_label = "overlap", .from_zero = true, .mark = critical});
}

/// T_g, T_M and T_c against the load (figure 1 of Amit, Gutfreund, Sompolinsky 1985).
std::string phase_diagram_svg() {
  constexpr int kTemperatures = 80;
  Series glass{.label = "T_g, spin glass below", .x = {}, .y = {}, .dashed = true};
  Series retrieval{.label = "T_M, retrieval below", .x = {}, .y = {}};
  Series ferromagnet{.label = "T_c, retrieval deepest below", .x = {}, .y = {}};
  for (int i = 0; i <= kTemperatures; ++i) {
    const double load = 0.16 * std::pow(static_cast<double>(i) / kTemperatures, 2);
    glass.x.push_back(load);
    glass.y.push_back(theory::spin_glass_temperature(load));
    const double t = static_cast<double>(i) / kTemperatures;
    const auto critical = theory::critical_point(t);
    retrieval.x.push_back(critical ? critical->load : 0);
    retrieval.y.push_back(t);
    ferromagnet.x.push_back(theory::ferromagnetic_load(t));
    ferromagnet.y.push_back(t);
  }
  return chart_svg({glass, retrieval, ferromagnet},
                   {.x_label = "load", .y_label = "temperature", .from_zero = true});
}

void run(TheoryOptions options, const Context& context) {
  const auto critical = theory::critical_point(options.temperature);
  const double most = critical ? critical->load : 0;
  const bool chosen = !options.loads.empty();
  if (!chosen) options.loads = usual_loads(most);
  // All numbers are there, and what is wrong with them is known, before anything is written.
  const std::string text =
      options.json ? json_text(json_of(options, critical)) + "\n" : text_of(options, critical);
  if (chosen && !context.quiet && *std::max_element(options.loads.begin(), options.loads.end()) > most)
    tell(fmt::format("hebb: nothing is retrieved above load {:.4g} at temperature {:g}\n", most,
                     options.temperature));
  if (!options.svg.empty()) {
    if (!critical) throw ConfigError("--svg: at this temperature nothing is retrieved, so there is no curve");
    write_file_atomically(options.svg, overlap_svg(options.temperature, most));
  }
  if (!options.phase_diagram.empty()) write_file_atomically(options.phase_diagram, phase_diagram_svg());
  print(text);
}

}  // namespace

void add_memory_theory(CLI::App& memory, Context& context) {
  CLI::App* command = memory.add_subcommand(
      "theory", "What the replica theory says of the Hebb rule, and the laws of capacity");
  auto options = std::make_shared<TheoryOptions>();
  command->add_option("--loads", options->loads, "Loads: patterns a unit, such as 0.12,0.13")
      ->delimiter(',')
      ->check(is_number<double>())
      ->type_name("LIST");
  command
      ->add_option("--temperature", options->temperature, "Temperature, in units of the energy (default 0)")
      ->check(is_number<double>())
      ->type_name("T");
  command->add_option("--neurons", options->units, "Tell also the laws of capacity, for N units")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->add_option("--svg", options->svg, "Draw the overlap against the load")
      ->check(is_given())
      ->type_name("FILE");
  command
      ->add_option("--phase-diagram", options->phase_diagram,
                   "Draw the temperatures below which there are spin glasses and retrieval")
      ->check(is_given())
      ->type_name("FILE");
  command->footer(
      "Amit, Gutfreund, Sompolinsky, PRL 55, 1530 (1985): replica-symmetric, for\n"
      "endlessly many units.\n\n"
      "Examples:\n  hebb memory theory --loads 0.12,0.13 --json\n"
      "  hebb memory theory --temperature 0.3 --svg overlap.svg --phase-diagram phases.svg\n"
      "  hebb memory theory --neurons 10000");
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace hebb::cli
