// The well-known problems: their energies are what they say, and small ones are solved as far as enumeration
// and permutations tell.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hebb/energy_problems.hpp"
#include "hebb/error.hpp"
#include "hebb/random.hpp"

namespace hebb::memory {
namespace {

using State = std::vector<float>;
using Tour = std::vector<std::int64_t>;

std::vector<City> random_cities(std::size_t count, Random& random) {
  std::vector<City> cities(count);
  for (City& city : cities)
    city = {static_cast<double>(random.uniform()), static_cast<double>(random.uniform())};
  return cities;
}

Graph random_graph(std::int64_t nodes, float share, Random& random) {
  Graph graph{nodes, {}};
  for (std::int64_t a = 0; a < nodes; ++a) {
    for (std::int64_t b = 0; b < a; ++b) {
      if (random.uniform() < share)
        graph.edges.push_back({a, b, static_cast<double>(random.uniform(0.5f, 2))});
    }
  }
  return graph;
}

State state_of(const Tour& tour) {
  const std::size_t n = tour.size();
  State state(n * n);
  for (std::size_t i = 0; i < n; ++i) state[static_cast<std::size_t>(tour[i]) * n + i] = 1;
  return state;
}

double plain_length(const std::vector<City>& cities, const Tour& tour) {
  double sum = 0;
  for (std::size_t i = 0; i < tour.size(); ++i) {
    const City& a = cities[static_cast<std::size_t>(tour[i])];
    const City& b = cities[static_cast<std::size_t>(tour[(i + 1) % tour.size()])];
    sum += std::sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));
  }
  return sum;
}

TEST(MaxCut, ReachesTheCutThatEnumerationFinds) {
  Random random(1);
  for (int trial = 0; trial < 5; ++trial) {
    const Graph graph = random_graph(16, 0.4f, random);
    double best = 0;
    for (std::uint32_t k = 0; k < 1U << 15; ++k) {
      double cut = 0;
      for (const auto& [a, b, weight] : graph.edges) cut += (k >> a & 1U) != (k >> b & 1U) ? weight : 0;
      best = std::max(best, cut);
    }
    const QuadraticEnergy energy = max_cut(graph);
    const Enumeration exact = enumerate(energy);
    EXPECT_NEAR(-exact.energy, best, 1e-9);
    EXPECT_NEAR(cut_weight(graph, exact.state), best, 1e-9);
    EXPECT_EQ(exact.minima, 2);  // a cut and its inverse
    const Solutions found = solve(energy, [&](auto state) { return -cut_weight(graph, state); });
    EXPECT_EQ(found.valid, found.starts);
    EXPECT_NEAR(*found.best_cost, -best, 1e-9);
    EXPECT_NEAR(found.minimum.energy, -best, 1e-9);
    EXPECT_EQ(found.reaching(-best), found.minimum.hits);
    EXPECT_GT(found.reaching(-best), 5);
  }
}

TEST(MaxCut, OfTwentyFourNodesIsEnumerated) {
  // A ring is cut at every edge.
  Graph ring{24, {}};
  for (std::int64_t v = 0; v < 24; ++v) ring.edges.push_back({v, (v + 1) % 24});
  const Enumeration exact = enumerate(max_cut(ring));
  EXPECT_EQ(exact.energy, -24);
  EXPECT_EQ(exact.minima, 2);
}

TEST(Coloring, FindsColoringsWhereThereAre) {
  // Petersen's graph takes three colours.
  Graph petersen{10, {}};
  for (std::int64_t v = 0; v < 5; ++v) {
    petersen.edges.push_back({v, (v + 1) % 5});
    petersen.edges.push_back({v, v + 5});
    petersen.edges.push_back({v + 5, (v + 2) % 5 + 5});
  }
  const auto search = [&](std::int64_t colors, Descent method) {
    return solve(
        coloring(petersen, colors),
        [&](auto state) { return coloring_of(petersen, state) ? std::optional<double>(0) : std::nullopt; },
        {.method = method, .starts = 100});
  };
  const Solutions three = search(3, Descent::annealing);
  EXPECT_GT(three.valid, 30);
  EXPECT_EQ(three.minimum.energy, 0);
  EXPECT_EQ(three.valid, three.minimum.hits);
  const auto colors = coloring_of(petersen, three.best_state);
  ASSERT_TRUE(colors);
  for (const Edge& edge : petersen.edges)
    EXPECT_NE((*colors)[static_cast<std::size_t>(edge.a)], (*colors)[static_cast<std::size_t>(edge.b)]);
  const Solutions two = search(2, Descent::annealing);
  EXPECT_EQ(two.valid, 0);
  EXPECT_FALSE(two.best_cost);
  EXPECT_NEAR(two.minimum.energy, enumerate(coloring(petersen, 2)).energy, 1e-9);
  EXPECT_GT(search(3, Descent::asynchronous).valid, 0);
}

TEST(Queens, EnergyCountsTheConflicts) {
  Random random(2);
  const QuadraticEnergy energy = queens(6);
  for (int trial = 0; trial < 200; ++trial) {
    State state(36);
    for (float& x : state) x = random.below(6) == 0 ? 1.0f : 0.0f;
    double expected = 0;
    for (int k = 0; k < 6; ++k) {
      double row = 0, column = 0;
      for (int i = 0; i < 6; ++i) {
        row += static_cast<double>(state[static_cast<std::size_t>(6 * k + i)]);
        column += static_cast<double>(state[static_cast<std::size_t>(6 * i + k)]);
      }
      expected += (row - 1) * (row - 1) + (column - 1) * (column - 1);
    }
    for (int p = 0; p < 36; ++p) {
      for (int q = 0; q < p; ++q) {
        const bool diagonal = std::abs(p / 6 - q / 6) == std::abs(p % 6 - q % 6);
        if (diagonal && state[static_cast<std::size_t>(p)] * state[static_cast<std::size_t>(q)] != 0)
          ++expected;
      }
    }
    EXPECT_NEAR(energy.value(state), expected, 1e-9);
  }
}

TEST(Queens, ThereAreAsManySolutionsAsKnown) {
  const Enumeration exact = enumerate(queens(4));
  EXPECT_NEAR(exact.energy, 0, 1e-9);
  EXPECT_EQ(exact.minima, 2);
  EXPECT_EQ(enumerate(queens(1)).minima, 1);
  EXPECT_GT(enumerate(queens(2)).energy, 0.5);
  EXPECT_GT(enumerate(queens(3)).energy, 0.5);
}

TEST(Queens, StandOnABoardOfSixteen) {
  const auto valid = [](std::span<const float> state) {
    return queens_of(state) ? std::optional<double>(0) : std::nullopt;
  };
  const Solutions found = solve(
      queens(16), valid, {.method = Descent::annealing, .starts = 20, .temperatures = cooling(2, 0.1, 500)});
  EXPECT_GT(found.valid, 5);
  EXPECT_EQ(found.valid, found.minimum.hits);
  const auto columns = queens_of(found.best_state);
  ASSERT_TRUE(columns);
  for (std::size_t a = 0; a < 16; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_NE((*columns)[a], (*columns)[b]);
      EXPECT_NE(std::abs((*columns)[a] - (*columns)[b]), static_cast<std::int64_t>(a - b));
    }
  }
}

TEST(Decoding, RepairsNothing) {
  EXPECT_EQ(tour_of(state_of({2, 0, 1})), (Tour{2, 0, 1}));
  State state = state_of({2, 0, 1});
  state[0] = 1;  // city 0 twice
  EXPECT_FALSE(tour_of(state));
  EXPECT_FALSE(tour_of(State(9)));
  EXPECT_FALSE(tour_of(State{1, 0, 0, 1, 0, 0, 0, 0, 1}));  // two cities at position 0
  EXPECT_THROW(tour_of(State(8)), ShapeError);
  EXPECT_FALSE(queens_of(State{1, 0, 0, 1}));
  EXPECT_EQ(queens_of(State{1}), Tour{0});
  const Graph pair{2, {{0, 1}}};
  EXPECT_FALSE(coloring_of(pair, State{1, 0, 1, 0}));
  EXPECT_FALSE(coloring_of(pair, State{1, 1, 0, 1}));
  EXPECT_FALSE(coloring_of(pair, State{1, 0, 0, 0}));
  EXPECT_EQ(coloring_of(pair, State{1, 0, 0, 1}), (Tour{0, 1}));
  EXPECT_THROW(coloring_of(pair, State(3)), ShapeError);
}

TEST(TravellingSalesman, ShortestTourIsTheBestPermutation) {
  Random random(3);
  for (std::size_t n = 2; n <= 8; ++n) {
    const auto cities = random_cities(n, random);
    Tour order(n);
    std::iota(order.begin(), order.end(), 0);
    double best = std::numeric_limits<double>::infinity();
    do {
      best = std::min(best, plain_length(cities, order));
    } while (std::next_permutation(order.begin() + 1, order.end()));
    const Tour tour = shortest_tour(cities);
    EXPECT_NEAR(tour_length(cities, tour), best, 1e-12);
    EXPECT_EQ(tour[0], 0);
    Tour sorted = tour;
    std::sort(sorted.begin(), sorted.end());
    std::iota(order.begin(), order.end(), 0);
    EXPECT_EQ(sorted, order);
  }
  // Eighteen cities on a circle, shuffled.
  std::vector<City> circle(18);
  const auto places = random.permutation(18);
  for (std::size_t k = 0; k < 18; ++k) {
    const double angle = 2 * 3.14159265358979 * places[k] / 18;
    circle[k] = {std::cos(angle), std::sin(angle)};
  }
  EXPECT_NEAR(tour_length(circle, shortest_tour(circle)), 36 * std::sin(3.14159265358979 / 18), 1e-9);
}

TEST(TravellingSalesman, EnergyIsThatOfThePaper) {
  Random random(4);
  constexpr int n = 5;
  const auto cities = random_cities(n, random);
  const HopfieldTank p = {.a = 410, .b = 520, .c = 230, .d = 505, .visits = 7, .unit = 1.5};
  const QuadraticEnergy energy = hopfield_tank(cities, p);
  for (int trial = 0; trial < 20; ++trial) {
    State v(n * n);
    for (float& x : v) x = random.uniform();
    const auto at = [&](int city, int position) {
      return static_cast<double>(v[static_cast<std::size_t>(city * n + (position + n) % n)]);
    };
    double expected = 0, all = 0;
    for (int x = 0; x < n; ++x) {
      for (int i = 0; i < n; ++i) {
        all += at(x, i);
        for (int j = 0; j < n; ++j) {
          if (j != i) expected += p.a / 2 * at(x, i) * at(x, j);
        }
        for (int y = 0; y < n; ++y) {
          if (y == x) continue;
          const City& one = cities[static_cast<std::size_t>(x)];
          const City& other = cities[static_cast<std::size_t>(y)];
          const double d = std::hypot(one.x - other.x, one.y - other.y) / p.unit;
          expected += p.b / 2 * at(x, i) * at(y, i);
          expected += p.d / 2 * d * at(x, i) * (at(y, i + 1) + at(y, i - 1));
        }
      }
    }
    expected += p.c / 2 * (all - p.visits) * (all - p.visits);
    EXPECT_NEAR(energy.value(v), expected, 1e-8 * expected);
  }
  // Of a tour the binary energy is its length.
  const Tour tour = {3, 1, 4, 0, 2};
  EXPECT_NEAR(binary_tour(cities, 2).value(state_of(tour)), plain_length(cities, tour), 1e-12);
}

TEST(TravellingSalesman, LowestBinaryStatesAreTheShortestTours) {
  Random random(5);
  const auto cities = random_cities(4, random);
  const Enumeration exact = enumerate(binary_tour(cities, 2));
  EXPECT_NEAR(exact.energy, tour_length(cities, shortest_tour(cities)), 1e-9);
  EXPECT_EQ(exact.minima, 8);  // four beginnings, two directions
}

Solutions solve_tour(const std::vector<City>& cities, const QuadraticEnergy& energy, DescentOptions options,
                     std::int64_t starts) {
  options.starts = starts;
  return solve(
      energy,
      [&](std::span<const float> state) -> std::optional<double> {
        const auto tour = tour_of(state);
        if (!tour) return std::nullopt;
        return tour_length(cities, *tour);
      },
      options);
}

TEST(TravellingSalesman, AnnealingFindsShortTours) {
  Random random(6);
  const auto cities = random_cities(10, random);
  const double shortest = tour_length(cities, shortest_tour(cities));
  const Solutions found = solve_tour(cities, binary_tour(cities), binary_tour_options(), 60);
  EXPECT_GT(found.valid, 30);
  ASSERT_TRUE(found.best_cost);
  EXPECT_GE(*found.best_cost, shortest - 1e-9);
  EXPECT_LT(*found.best_cost, 1.1 * shortest);
}

TEST(TravellingSalesman, WithThePublishedParametersFewStartsOfHopfieldAndTankAreValid) {
  // The measurement in the description of hopfield_tank, with 10 of its sets and 10 starts each.
  constexpr std::int64_t kSets = 10, kStarts = 10;
  std::int64_t valid = 0;
  double longer = 0, of_random = 0;
  for (std::uint64_t set = 0; set < kSets; ++set) {
    Random random(2024, set);
    const auto cities = random_cities(10, random);
    const double shortest = tour_length(cities, shortest_tour(cities));
    DescentOptions options = hopfield_tank_options(10);
    options.seed = set;
    const Solutions found = solve_tour(cities, hopfield_tank(cities), options, kStarts);
    EXPECT_EQ(found.starts, kStarts);
    EXPECT_EQ(found.minimum.at_rest, kStarts);
    valid += found.valid;
    for (const double length : found.costs) {
      EXPECT_GE(length, shortest - 1e-9);
      longer += length / shortest - 1;
    }
    const auto order = random.permutation(10);
    of_random += plain_length(cities, {order.begin(), order.end()}) / shortest - 1;
  }
  // 13.7 % were found; sets differ, which leaves the mean of ten a deviation of 3 %.
  EXPECT_GT(valid, 0.05 * kSets * kStarts);
  EXPECT_LT(valid, 0.25 * kSets * kStarts);
  // Valid ones are far better than chance.
  EXPECT_LT(longer / static_cast<double>(valid), 0.5 * of_random / kSets);
}

TEST(TravellingSalesman, RefusesWhatMakesNoSense) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THROW(hopfield_tank(std::vector<City>{{0, 0}}), ConfigError);
  EXPECT_THROW(hopfield_tank(std::vector<City>{{0, 0}, {0, 0}}), ConfigError);
  EXPECT_THROW(hopfield_tank(std::vector<City>{{0, 0}, {infinity, 0}}), ConfigError);
  EXPECT_THROW(hopfield_tank(std::vector<City>{{0, 0}, {1, 0}}, {.unit = 0}), ConfigError);
  EXPECT_THROW(hopfield_tank(std::vector<City>{{0, 0}, {1, 0}}, {.a = infinity}), ConfigError);
  EXPECT_THROW(hopfield_tank_options(1), ConfigError);
  EXPECT_THROW(binary_tour(std::vector<City>(600), 1), ConfigError);
  EXPECT_THROW(shortest_tour(std::vector<City>(19)), ConfigError);
  EXPECT_THROW(tour_length(std::vector<City>(2), Tour{0, 2}), ShapeError);
  EXPECT_THROW(max_cut(Graph{0, {}}), ConfigError);
  EXPECT_THROW(max_cut(Graph{2, {{0, 2}}}), ConfigError);
  EXPECT_THROW(max_cut(Graph{2, {{1, 1}}}), ConfigError);
  EXPECT_THROW(max_cut(Graph{2, {{0, 1, infinity}}}), ConfigError);
  EXPECT_THROW(cut_weight(Graph{2, {{0, 1}}}, State(3)), ShapeError);
  EXPECT_THROW(coloring(Graph{2, {}}, 0), ConfigError);
  EXPECT_THROW(coloring(Graph{1000000, {}}, 1000000), ConfigError);
  EXPECT_THROW(queens(0), ConfigError);
}

}  // namespace
}  // namespace hebb::memory
