#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/memory.hpp"
#include "cli/memory_options.hpp"
#include "cli/plot.hpp"
#include "cli/terminal.hpp"
#include "cli/tour_svg.hpp"
#include "hebb/energy_problems.hpp"
#include "hebb/error.hpp"
#include "hebb/io.hpp"
#include "io/json.hpp"

namespace hebb::cli {

namespace {

using memory::City;

constexpr const char* kExamples = R"(Examples:
  hebb memory tsp --cities cities.csv --starts 200
  hebb memory tsp --cities cities.csv --method annealing --svg tour.svg
  hebb memory tsp --cities cities.csv --C 150 --u0 0.05 --json

Cities are rows of a table with columns x and y. What a start ends in counts as
a tour only if it is one: nothing is repaired. With the published parameters
(Hopfield, Tank 1985) about 14 % of the starts end in one (10 random cities).
Up to 18 cities the shortest tour is computed exactly, to compare with.)";

constexpr const char* kHopfieldTank = "hopfield-tank";
constexpr const char* kAnnealing = "annealing";

struct Options {
  std::string cities;
  std::int64_t starts = 200;
  std::string method = kHopfieldTank;
  memory::HopfieldTank weights;
  double width = 0.02;
  double penalty = 0.7;
  std::int64_t sweeps = 1000;
  double unit = 0;  ///< 0: the larger side of the box around the cities
  std::uint64_t seed = 0;
  std::string svg;
  bool json = false;

  bool anneals() const { return method == kAnnealing; }
};

/// The numbers of a column, all of them there.
const std::vector<double>& column(const CsvTable& table, const std::string& name) {
  const std::size_t index = table.index_of(name);
  const CsvColumn& found = table.columns[index];
  if (!found.numeric) throw DataError(table.place(found.first_text_row, index) + ": expected a number");
  if (!found.missing.empty())
    throw DataError(table.place(found.missing.front(), index) + ": the value is missing");
  return found.numbers;
}

std::vector<City> read_cities(const std::string& path) {
  const CsvTable table = read_csv(path);
  const std::vector<double>& x = column(table, "x");
  const std::vector<double>& y = column(table, "y");
  const auto count = static_cast<std::int64_t>(x.size());
  if (count < 2 || count > memory::kMostCities)
    throw DataError(fmt::format("{}: has {} {}; a tour takes 2 to {}", path, count,
                                count == 1 ? "city" : "cities", memory::kMostCities));
  std::vector<City> cities;
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (std::size_t other = 0; other < k; ++other) {
      if (x[k] == x[other] && y[k] == y[other])
        throw DataError(fmt::format("{}: the cities of lines {} and {} lie at the same place", path,
                                    table.lines[other], table.lines[k]));
    }
    cities.push_back({x[k], y[k]});
  }
  return cities;
}

/// The larger side of the box around the cities.
double side_of(const std::vector<City>& cities, const std::string& path) {
  double side = 0;
  for (const City& a : cities)
    side = std::max({side, std::abs(a.x - cities[0].x), std::abs(a.y - cities[0].y)});
  for (const City& a : cities) {
    for (const City& b : cities) side = std::max({side, std::abs(a.x - b.x), std::abs(a.y - b.y)});
  }
  // Lengths of tours must be numbers too.
  if (!(side * static_cast<double>(2 * cities.size()) < std::numeric_limits<double>::max()) ||
      side < std::numeric_limits<double>::min())
    throw DataError(fmt::format("{}: distances of up to {:g} cannot be reckoned with", path, side));
  return side;
}

Json parameters_of(const Options& o, std::size_t cities) {
  Json json = {{"method", o.method}};
  if (o.anneals()) {
    json["penalty"] = o.penalty;
    json["sweeps"] = o.sweeps;
    const std::vector<double> temperatures = memory::binary_tour_options(o.sweeps).temperatures;
    json["temperature_start"] = temperatures.front();
    json["temperature_end"] = temperatures.back();
  } else {
    json["A"] = o.weights.a;
    json["B"] = o.weights.b;
    json["C"] = o.weights.c;
    json["D"] = o.weights.d;
    json["visits"] = o.weights.visits == 0 ? 1.5 * static_cast<double>(cities) : o.weights.visits;
    json["u0"] = o.width;
    json["tau"] = 1.0;
  }
  json["unit"] = o.unit;
  json["seed"] = o.seed;
  return json;
}

/// How far it is, on standard error of a terminal.
class StartCounter {
 public:
  StartCounter(std::int64_t starts, bool shows) : starts_(starts), shows_(shows) {}
  ~StartCounter() {
    if (drawn_) tell("\r\033[K");
  }
  StartCounter(const StartCounter&) = delete;
  StartCounter& operator=(const StartCounter&) = delete;

  void count(std::int64_t done, std::int64_t valid) {
    const auto now = std::chrono::steady_clock::now();
    if (!shows_ || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    tell(fmt::format("\rstart {}/{}, {} valid\033[K", done, starts_, valid));
    drawn_ = true;
  }

 private:
  std::int64_t starts_;
  bool shows_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_ = {};
};

memory::Solutions search(const Options& o, const std::vector<City>& cities, bool shows) {
  const auto count = static_cast<std::int64_t>(cities.size());
  memory::DescentOptions options =
      o.anneals() ? memory::binary_tour_options(o.sweeps) : memory::hopfield_tank_options(count);
  options.graded.width = o.width;
  options.starts = o.starts;
  options.seed = o.seed;
  options.stop = &interrupted();
  StartCounter counter(o.starts, shows);
  std::int64_t valid = 0;
  options.on_run = [&](std::int64_t start, const memory::DescentRun&) {
    counter.count(start + 1, valid);
    return true;
  };
  const auto length = [&](std::span<const float> state) -> std::optional<double> {
    const auto tour = memory::tour_of(state);
    if (!tour) return std::nullopt;
    ++valid;
    return memory::tour_length(cities, *tour);
  };
  const memory::QuadraticEnergy energy =
      o.anneals() ? memory::binary_tour(cities, o.penalty, o.unit) : memory::hopfield_tank(cities, o.weights);
  return memory::solve(energy, length, options);
}

/// What came out.
struct Result {
  memory::Solutions found;
  std::vector<std::int64_t> tour;  ///< the best one, or none
  std::optional<double> optimum;   ///< where there are few enough cities

  double share(std::int64_t count) const {
    return static_cast<double>(count) / static_cast<double>(found.starts);
  }
  memory::Interval interval(std::int64_t count) const { return memory::wilson_interval(count, found.starts); }
};

Json json_of(const Result& result, const Options& o, std::size_t cities, const Context& context) {
  const memory::Solutions& found = result.found;
  const auto optional = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  Json json = {{"starts", found.starts}, {"cities", cities}};
  const auto add_share = [&](const std::string& name, const std::optional<std::int64_t>& count) {
    const bool known = count && found.starts > 0;
    json[name] = known ? Json(result.share(*count)) : Json(nullptr);
    json[name + "_interval"] = known ? cli::json_of(result.interval(*count)) : Json(nullptr);
  };
  add_share("valid_fraction", found.valid);
  json["best_length"] = optional(found.best_cost);
  json["optimum_length"] = optional(result.optimum);
  add_share("hit_optimum_fraction",
            result.optimum ? std::optional(found.reaching(*result.optimum)) : std::nullopt);
  json["best_tour"] = found.best_cost ? Json(result.tour) : Json(nullptr);
  json["parameters"] = parameters_of(o, cities);
  json["interrupted"] = interrupted().load();
  json["total_seconds"] = context.seconds();
  return json;
}

std::string text_of(const Result& result, const std::vector<City>& cities) {
  const memory::Solutions& found = result.found;
  std::string text = fmt::format("cities     {}\nstarts     {}\n", cities.size(), with_commas(found.starts));
  if (found.starts == 0) return text;
  const memory::Interval interval = result.interval(found.valid);
  text += fmt::format("valid      {:.1f} % of the starts (95 % interval {:.1f} to {:.1f} %)\n",
                      100 * result.share(found.valid), 100 * interval.low, 100 * interval.high);
  if (result.optimum)
    text += fmt::format("shortest   {:.6g}, found by {:.1f} % of the starts\n", *result.optimum,
                        100 * result.share(found.reaching(*result.optimum)));
  if (!found.best_cost) return text + "no start ended in a tour\n";
  text += fmt::format("best       {:.6g}", *found.best_cost);
  if (result.optimum)
    text += fmt::format(", {:.1f} % above the shortest",
                        std::max(0.0, 100 * (*found.best_cost / *result.optimum - 1)));
  std::vector<double> x, y;
  for (const City& city : cities) {
    x.push_back(city.x);
    y.push_back(city.y);
  }
  constexpr int kRows = 18;
  return text + "\n\n" +
         plot_way(x, y, result.tour,
                  {.width = std::min(72, terminal_width(1)), .height = kRows, .utf8 = speaks_utf8()});
}

void check(const Options& o, const CLI::App& command) {
  if (o.method != kHopfieldTank && !o.anneals())
    throw ConfigError(fmt::format("--method: expected hopfield-tank or annealing, got '{}'", o.method));
  const auto belongs = [&](const char* option, const char* method) {
    if (command.count(option) > 0 && o.method != method)
      throw ConfigError(fmt::format("{} goes with --method {}", option, method));
  };
  for (const char* option : {"--A", "--B", "--C", "--D", "--visits", "--u0"}) belongs(option, kHopfieldTank);
  for (const char* option : {"--penalty", "--sweeps"}) belongs(option, kAnnealing);
  const auto positive = [&](double value, const char* option) {
    if (command.count(option) > 0 && (!(value > 0) || !std::isfinite(value)))
      throw ConfigError(fmt::format("{}: expected a positive number, got {}", option, value));
  };
  const auto finite = [](double value, const char* option) {
    if (!std::isfinite(value))
      throw ConfigError(fmt::format("{}: expected a finite number, got {}", option, value));
  };
  finite(o.weights.a, "--A");
  finite(o.weights.b, "--B");
  finite(o.weights.c, "--C");
  finite(o.weights.d, "--D");
  finite(o.penalty, "--penalty");
  positive(o.unit, "--unit");
  positive(o.weights.visits, "--visits");
  positive(o.width, "--u0");
  if (o.starts < 1) throw ConfigError(fmt::format("--starts: expected 1 or more, got {}", o.starts));
  constexpr std::int64_t kMostSweeps = 1'000'000;
  if (o.sweeps < 1 || o.sweeps > kMostSweeps)
    throw ConfigError(fmt::format("--sweeps: expected 1 to {}, got {}", kMostSweeps, o.sweeps));
}

void run(Options o, const CLI::App& command, Context& context) {
  check(o, command);
  const std::vector<City> cities = read_cities(o.cities);
  const double side = side_of(cities, o.cities);
  if (o.unit == 0) o.unit = side;
  o.weights.unit = o.unit;
  watch_interrupts();
  Result result;
  if (static_cast<std::int64_t>(cities.size()) <= memory::kMostExactCities)
    result.optimum = memory::tour_length(cities, memory::shortest_tour(cities));
  result.found = search(o, cities, is_terminal(2) && !context.quiet);
  if (result.found.best_cost) result.tour = *memory::tour_of(result.found.best_state);
  if (interrupted()) {
    context.exit_code = kInterrupted;
    if (!context.quiet) tell(fmt::format("hebb: interrupted after {} starts\n", result.found.starts));
  }
  print(o.json ? json_text(json_of(result, o, cities.size(), context)) + "\n" : text_of(result, cities));
  if (o.svg.empty()) return;
  const std::string title = result.found.best_cost ? fmt::format("length {:.6g}", *result.found.best_cost)
                                                   : std::string("no start ended in a tour");
  write_file_atomically(o.svg, tour_svg(cities, result.tour, title));
}

}  // namespace

void add_memory_tsp(CLI::App& memory, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = memory.add_subcommand("tsp", "The travelling salesman by energy descent");
  command->footer(kExamples);
  Options& o = *options;
  command->add_option("--cities", o.cities, "Table of cities: CSV with columns x and y")
      ->required()
      ->check(is_given())
      ->type_name("FILE");
  const auto count = [&](const char* name, auto& value, const char* help) {
    return command->add_option(name, value, help)
        ->check(is_number<std::remove_reference_t<decltype(value)>>())
        ->type_name("N");
  };
  const auto number = [&](const char* name, double& value, const char* help) {
    return command->add_option(name, value, help)->check(is_number<double>())->type_name("X");
  };
  count("--starts", o.starts, "Random starts (default: 200)");
  command
      ->add_option("--method", o.method,
                   "hopfield-tank: graded units (default); annealing: binary units at falling temperature")
      ->type_name("NAME");
  number("--unit", o.unit,
         "The length that counts as 1 (default: the larger side of the box around the cities)");
  count("--seed", o.seed, "Where the random numbers start (default: 0)");
  add_threads(*command);
  command->add_flag("--json", o.json, "One JSON object on standard output");
  command->add_option("--svg", o.svg, "The best tour as a picture")->check(is_given())->type_name("FILE");
  const char* tank = "Hopfield and Tank";
  number("--A", o.weights.a, "Weight of: no city twice (default: 500)")->group(tank);
  number("--B", o.weights.b, "Weight of: one city at a time (default: 500)")->group(tank);
  number("--C", o.weights.c, "Weight of: as many visits as cities (default: 200)")->group(tank);
  number("--D", o.weights.d, "Weight of the length (default: 500)")->group(tank);
  number("--visits", o.weights.visits,
         "Visits that C asks for (default: 1.5 times the cities, as the published 15 for 10)")
      ->group(tank);
  number("--u0", o.width, "Width of the units' response (default: 0.02)")->group(tank);
  number("--penalty", o.penalty, "Weight of: every city and position once (default: 0.7)")
      ->group("Annealing");
  count("--sweeps", o.sweeps, "Sweeps while it cools (default: 1000)")->group("Annealing");
  command->callback([options, command, &context] { run(*options, *command, context); });
}

}  // namespace hebb::cli
