#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "hebb/energy_problems.hpp"
#include "hebb/error.hpp"

namespace hebb::memory {

namespace {

void check(const Graph& graph) {
  if (graph.nodes < 1) throw ConfigError("a graph has at least 1 node; got " + std::to_string(graph.nodes));
  for (const auto& [a, b, weight] : graph.edges) {
    const std::string edge = "edge " + std::to_string(a) + " - " + std::to_string(b);
    if (a < 0 || b < 0 || a >= graph.nodes || b >= graph.nodes)
      throw ConfigError(edge + ": the graph has " + std::to_string(graph.nodes) + " nodes, counted from 0");
    if (a == b) throw ConfigError(edge + " joins a node to itself");
    if (!std::isfinite(weight)) throw ConfigError(edge + ": its weight is not finite");
  }
}

void check_size(std::span<const float> state, std::int64_t expected) {
  if (static_cast<std::int64_t>(state.size()) != expected)
    throw ShapeError("the state has " + std::to_string(state.size()) + " values; expected " +
                     std::to_string(expected));
}

/// n of a state [n, n].
std::int64_t side_of(std::span<const float> state) {
  const auto n = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(state.size()))));
  check_size(state, n * n);
  return n;
}

std::vector<Term> sum_of(std::int64_t first, std::int64_t count, std::int64_t distance) {
  std::vector<Term> sum;
  for (std::int64_t k = 0; k < count; ++k) sum.push_back({first + k * distance});
  return sum;
}

/// Rows and columns of [n, n] variables hold one that is 1 each.
void add_permutation(QuadraticEnergy& energy, std::int64_t n, double weight) {
  for (std::int64_t k = 0; k < n; ++k) {
    energy.add_square(sum_of(k * n, n, 1), 1, weight);
    energy.add_square(sum_of(k, n, n), 1, weight);
  }
}

/// In each row of a state [n, n], the column of the only value that is 1, when columns differ too.
std::optional<std::vector<std::int64_t>> permutation_of(std::span<const float> state) {
  const std::int64_t n = side_of(state);
  std::vector<std::int64_t> columns(static_cast<std::size_t>(n), -1);
  std::vector<bool> taken(columns.size());
  for (std::size_t at = 0; at < state.size(); ++at) {
    if (state[at] <= 0.5f) continue;
    std::int64_t& column = columns[at / columns.size()];
    const std::size_t here = at % columns.size();
    if (column >= 0 || taken[here]) return std::nullopt;
    column = static_cast<std::int64_t>(here);
    taken[here] = true;
  }
  if (std::find(columns.begin(), columns.end(), -1) != columns.end()) return std::nullopt;
  return columns;
}

}  // namespace

std::int64_t Solutions::reaching(double cost) const {
  const double most = cost + 1e-9 * std::max(1.0, std::abs(cost));
  return std::count_if(costs.begin(), costs.end(), [&](double c) { return c <= most; });
}

Solutions solve(const QuadraticEnergy& energy,
                const std::function<std::optional<double>(std::span<const float> state)>& cost,
                const DescentOptions& options) {
  Solutions result;
  DescentOptions watched = options;
  watched.on_run = [&](std::int64_t start, const DescentRun& run) {
    ++result.starts;
    if (const std::optional<double> found = cost(run.state)) {
      ++result.valid;
      result.costs.push_back(*found);
      if (!result.best_cost || *found < *result.best_cost) {
        result.best_cost = found;
        result.best_state = run.state;
      }
    }
    return !options.on_run || options.on_run(start, run);
  };
  result.minimum = minimize(energy, watched);
  return result;
}

QuadraticEnergy max_cut(const Graph& graph) {
  check(graph);
  QuadraticEnergy energy(graph.nodes, Units::plus_minus_one);
  for (const auto& [a, b, weight] : graph.edges) {
    energy.add(a, b, weight / 2);
    energy.add_constant(-weight / 2);
  }
  return energy;
}

double cut_weight(const Graph& graph, std::span<const float> state) {
  check(graph);
  check_size(state, graph.nodes);
  double sum = 0;
  for (const auto& [a, b, weight] : graph.edges) {
    if (state[static_cast<std::size_t>(a)] != state[static_cast<std::size_t>(b)]) sum += weight;
  }
  return sum;
}

QuadraticEnergy coloring(const Graph& graph, std::int64_t colors) {
  check(graph);
  if (colors < 1) throw ConfigError("a colouring takes at least 1 colour; got " + std::to_string(colors));
  if (colors > (std::int64_t{1} << 24) / graph.nodes)
    throw ConfigError(std::to_string(graph.nodes) + " nodes times " + std::to_string(colors) +
                      " colours are too many variables");
  QuadraticEnergy energy(graph.nodes * colors);
  for (std::int64_t v = 0; v < graph.nodes; ++v) energy.add_square(sum_of(v * colors, colors, 1), 1);
  for (const auto& [a, b, weight] : graph.edges) {
    for (std::int64_t c = 0; c < colors; ++c) energy.add(a * colors + c, b * colors + c, 1);
  }
  return energy;
}

std::optional<std::vector<std::int64_t>> coloring_of(const Graph& graph, std::span<const float> state) {
  check(graph);
  const auto size = static_cast<std::int64_t>(state.size());
  if (size == 0 || size % graph.nodes != 0)
    throw ShapeError("the state has " + std::to_string(size) + " values; expected a multiple of the " +
                     std::to_string(graph.nodes) + " nodes");
  const std::int64_t colors = size / graph.nodes;
  std::vector<std::int64_t> result(static_cast<std::size_t>(graph.nodes), -1);
  for (std::int64_t at = 0; at < size; ++at) {
    if (state[static_cast<std::size_t>(at)] <= 0.5f) continue;
    std::int64_t& color = result[static_cast<std::size_t>(at / colors)];
    if (color >= 0) return std::nullopt;
    color = at % colors;
  }
  if (std::find(result.begin(), result.end(), -1) != result.end()) return std::nullopt;
  for (const auto& [a, b, weight] : graph.edges) {
    if (result[static_cast<std::size_t>(a)] == result[static_cast<std::size_t>(b)]) return std::nullopt;
  }
  return result;
}

QuadraticEnergy queens(std::int64_t n) {
  if (n < 1 || n > 4096) throw ConfigError("a board has 1 to 4096 rows; got " + std::to_string(n));
  QuadraticEnergy energy(n * n);
  add_permutation(energy, n, 1);
  // The pairs among s queens, s (s - 1) / 2, as a square: (s - 1/2)^2 / 2 - 1/8.
  const auto at_most_one = [&](const std::vector<Term>& diagonal) {
    energy.add_square(diagonal, 0.5, 0.5);
    energy.add_constant(-0.125);
  };
  for (std::int64_t k = 0; k + 1 < n; ++k) {
    at_most_one(sum_of(k, n - k, n + 1));                 // down to the right, from the top row
    at_most_one(sum_of(n - 1 - k, n - k, n - 1));         // down to the left, from the top row
    if (k > 0) at_most_one(sum_of(k * n, n - k, n + 1));  // and from the columns at the sides
    if (k > 0) at_most_one(sum_of(k * n + n - 1, n - k, n - 1));
  }
  return energy;
}

std::optional<std::vector<std::int64_t>> queens_of(std::span<const float> state) {
  const auto columns = permutation_of(state);
  if (!columns) return std::nullopt;
  const std::size_t n = columns->size();
  std::vector<bool> falling(2 * n), rising(2 * n);
  for (std::size_t row = 0; row < n; ++row) {
    const auto column = static_cast<std::size_t>((*columns)[row]);
    if (falling[row + n - column] || rising[row + column]) return std::nullopt;
    falling[row + n - column] = rising[row + column] = true;
  }
  return columns;
}

namespace {

double distance(const City& a, const City& b) { return std::hypot(a.x - b.x, a.y - b.y); }

void check(std::span<const City> cities, double unit) {
  if (cities.size() < 2 || cities.size() > static_cast<std::size_t>(kMostCities))
    throw ConfigError("a tour takes 2 to " + std::to_string(kMostCities) + " cities; got " +
                      std::to_string(cities.size()));
  if (!(unit > 0) || !std::isfinite(unit))
    throw ConfigError("unit must be positive and finite; got " + std::to_string(unit));
  for (std::size_t a = 0; a < cities.size(); ++a) {
    if (!std::isfinite(cities[a].x) || !std::isfinite(cities[a].y))
      throw ConfigError("city " + std::to_string(a) + " has a coordinate that is not finite");
    for (std::size_t b = 0; b < a; ++b) {
      if (cities[a].x == cities[b].x && cities[a].y == cities[b].y)
        throw ConfigError("cities " + std::to_string(b) + " and " + std::to_string(a) +
                          " lie at the same place");
    }
  }
}

/// weight times the length of the tour, of units [city, position].
void add_length(QuadraticEnergy& energy, std::span<const City> cities, double weight) {
  const auto n = static_cast<std::int64_t>(cities.size());
  for (std::int64_t a = 0; a < n; ++a) {
    for (std::int64_t b = 0; b < n; ++b) {
      if (a == b) continue;
      const double d = distance(cities[static_cast<std::size_t>(a)], cities[static_cast<std::size_t>(b)]);
      for (std::int64_t i = 0; i < n; ++i) energy.add(a * n + i, b * n + (i + 1) % n, weight * d);
    }
  }
}

}  // namespace

QuadraticEnergy hopfield_tank(std::span<const City> cities, const HopfieldTank& parameters) {
  check(cities, parameters.unit);
  const auto n = static_cast<std::int64_t>(cities.size());
  QuadraticEnergy energy(n * n);
  // The sum over j != i is the square of the whole sum, less the squares of its parts.
  for (std::int64_t k = 0; k < n; ++k) {
    energy.add_square(sum_of(k * n, n, 1), 0, parameters.a / 2);
    energy.add_square(sum_of(k, n, n), 0, parameters.b / 2);
  }
  for (std::int64_t k = 0; k < n * n; ++k) energy.add(k, k, -(parameters.a + parameters.b) / 2);
  const double visits = parameters.visits == 0 ? 1.5 * static_cast<double>(n) : parameters.visits;
  energy.add_square(sum_of(0, n * n, 1), visits, parameters.c / 2);
  add_length(energy, cities, parameters.d / parameters.unit);
  return energy;
}

DescentOptions hopfield_tank_options(std::int64_t cities) {
  if (cities < 2) throw ConfigError("a tour takes at least 2 cities; got " + std::to_string(cities));
  return {.method = Descent::graded,
          .graded = {.width = 0.02, .time_constant = 1, .start = 1 / static_cast<double>(cities)}};
}

QuadraticEnergy binary_tour(std::span<const City> cities, double penalty, double unit) {
  check(cities, unit);
  const auto n = static_cast<std::int64_t>(cities.size());
  QuadraticEnergy energy(n * n);
  add_permutation(energy, n, penalty);
  add_length(energy, cities, 1 / unit);
  return energy;
}

DescentOptions binary_tour_options(std::int64_t sweeps) {
  return {.method = Descent::annealing, .temperatures = cooling(0.2, 0.05, sweeps)};
}

std::optional<std::vector<std::int64_t>> tour_of(std::span<const float> state) {
  const auto positions = permutation_of(state);
  if (!positions) return std::nullopt;
  std::vector<std::int64_t> tour(positions->size());
  for (std::size_t city = 0; city < tour.size(); ++city)
    tour[static_cast<std::size_t>((*positions)[city])] = static_cast<std::int64_t>(city);
  return tour;
}

double tour_length(std::span<const City> cities, std::span<const std::int64_t> tour) {
  double sum = 0;
  for (std::size_t k = 0; k < tour.size(); ++k) {
    const std::int64_t here = tour[k];
    const std::int64_t next = tour[(k + 1) % tour.size()];
    const auto count = static_cast<std::int64_t>(cities.size());
    if (here < 0 || here >= count || next < 0 || next >= count)
      throw ShapeError("the tour visits a city that is none of the " + std::to_string(count));
    sum += distance(cities[static_cast<std::size_t>(here)], cities[static_cast<std::size_t>(next)]);
  }
  return sum;
}

std::vector<std::int64_t> shortest_tour(std::span<const City> cities) {
  const std::size_t n = cities.size();
  if (n < 2 || n > static_cast<std::size_t>(kMostExactCities))
    throw ConfigError("the shortest tour is found for 2 to " + std::to_string(kMostExactCities) +
                      " cities; got " + std::to_string(n));
  // shortest[set (n-1) + last]: from city 0 through the cities of the set, all but city 0, ending in `last`.
  const std::size_t others = n - 1;
  const std::size_t sets = std::size_t{1} << others;
  std::vector<double> shortest(sets * others, std::numeric_limits<double>::infinity());
  std::vector<std::uint8_t> before(sets * others);
  for (std::size_t k = 0; k < others; ++k)
    shortest[(std::size_t{1} << k) * others + k] = distance(cities[0], cities[k + 1]);
  for (std::size_t set = 1; set < sets; ++set) {
    for (std::size_t last = 0; last < others; ++last) {
      const double length = shortest[set * others + last];
      if (!std::isfinite(length)) continue;
      for (std::size_t next = 0; next < others; ++next) {
        if (set >> next & 1U) continue;
        const std::size_t to = (set | std::size_t{1} << next) * others + next;
        const double longer = length + distance(cities[last + 1], cities[next + 1]);
        if (longer >= shortest[to]) continue;
        shortest[to] = longer;
        before[to] = static_cast<std::uint8_t>(last);
      }
    }
  }
  std::size_t set = sets - 1;
  std::size_t last = 0;
  const auto closed = [&](std::size_t k) {
    return shortest[set * others + k] + distance(cities[k + 1], cities[0]);
  };
  for (std::size_t k = 1; k < others; ++k) {
    if (closed(k) < closed(last)) last = k;
  }
  std::vector<std::int64_t> tour(n);
  for (std::size_t at = n - 1; at >= 1; --at) {
    tour[at] = static_cast<std::int64_t>(last + 1);
    const std::size_t previous = before[set * others + last];
    set &= ~(std::size_t{1} << last);
    last = previous;
  }
  return tour;
}

}  // namespace hebb::memory
