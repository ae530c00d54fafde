/// Well-known problems as energies of binary units, and what their states mean.
///
/// Each has an energy, a decoder that repairs nothing (no value where the state is no solution), and a cost,
/// the smaller the better.
#pragma once

#include "hebb/energy_descent.hpp"

namespace hebb::memory {

/// What starts led to, beside the lowest energy.
struct Solutions {
  Minimum minimum;
  std::int64_t starts = 0;
  std::int64_t valid = 0;           ///< whose state is a solution
  std::vector<double> costs;        ///< of those, in the order of the starts
  std::optional<double> best_cost;  ///< none when no start led to a solution
  std::vector<float> best_state;    ///< of it; the first of equal ones
  /// Starts whose solution costs no more than this, but for rounding.
  std::int64_t reaching(double cost) const;
};

/// Minimises and asks of every start's state what it costs, if it is a solution.
Solutions solve(const QuadraticEnergy& energy,
                const std::function<std::optional<double>(std::span<const float> state)>& cost,
                const DescentOptions& options = {});

// ---- Graphs ----

struct Edge {
  std::int64_t a = 0, b = 0;
  double weight = 1;
};

/// Undirected. Functions that take one throw ConfigError for an edge to a node that there is not, an edge
/// from a node to itself, a weight that is not finite, and for no nodes.
struct Graph {
  std::int64_t nodes = 0;
  std::vector<Edge> edges;
};

/// Max-cut: nodes are -1 or 1, E = - the weight of the edges between the two parts. Every state is a
/// solution.
QuadraticEnergy max_cut(const Graph& graph);
double cut_weight(const Graph& graph, std::span<const float> state);

/// Colouring: x_[v colours + c] = 1 when node v has colour c;
/// E = sum_v (sum_c x_vc - 1)^2 + sum_edges sum_c x_ac x_bc, which is 0 for a colouring. Weights are not
/// used.
QuadraticEnergy coloring(const Graph& graph, std::int64_t colors);
/// The colour of each node, when each has one and neighbours differ.
std::optional<std::vector<std::int64_t>> coloring_of(const Graph& graph, std::span<const float> state);

/// N queens: x_[row n + column] = 1 where a queen stands; E = sum over rows and columns of (queens - 1)^2
/// plus the pairs of queens on each diagonal, 0 for a solution.
QuadraticEnergy queens(std::int64_t n);
/// The column of the queen in each row, when there is one in each row and column and none attacks another.
std::optional<std::vector<std::int64_t>> queens_of(std::span<const float> state);

// ---- The travelling salesman ----

/// The most cities of the energies below, which have a pair of units for each two cities and position.
inline constexpr std::int64_t kMostCities = 200;

struct City {
  double x = 0, y = 0;
};

/// Units V_[city n + position], n cities; positions n and 0 are the same.
struct HopfieldTank {
  double a = 500;  ///< A: no city twice
  double b = 500;  ///< B: no two cities at a position
  double c = 200;  ///< C: as many visits as there shall be
  double d = 500;  ///< D: short distances
  /// The number of visits in the term of C. Their paper takes 15 for 10 cities, which lifts all inputs.
  /// 0: 1.5 times the cities.
  double visits = 0;
  double unit = 1;  ///< the length that counts as 1; their cities lie in a square of side 1
};

/// Equation 8 of Hopfield, Tank, Biol. Cybern. 52, 141 (1985), d_XY the distance of cities X and Y:
///
///     E = A/2 sum_X sum_i sum_(j != i) V_Xi V_Xj + B/2 sum_i sum_X sum_(Y != X) V_Xi V_Yi
///       + C/2 (sum_Xi V_Xi - n')^2 + D/2 sum_X sum_(Y != X) sum_i d_XY V_Xi (V_Y,i+1 + V_Y,i-1).
///
/// Minimised with graded units (Descent::graded) that start at outputs 1/n, u_0 = 0.02 and tau = 1, the
/// paper's values (`hopfield_tank_options`): of 60 sets of 10 cities uniform in the unit square, 50 starts
/// each, 13.7 %
/// (+- 2.4 %, 95 % interval over sets) of the starts end in a tour, decoded without repair. The paper says 16
/// of 20 for its one set; Wilson and Pawley (Biol. Cybern. 58, 63 (1988)) could not reproduce that either.
/// Shares differ between sets: 8 of the 60 had no tour at all. Tours are 18 % longer than the shortest on
/// average (random ones 83 %), the best of a set's 50 starts 5 %; 0.5 % of the starts end in the shortest.
/// The share of tours does not change with the tolerance of the integration, 1e-2 to 1e-4, nor when more time
/// is given.
///
/// Throws ConfigError for fewer than 2 or more than 200 cities, for two at the same place, and for numbers
/// that are not finite.
QuadraticEnergy hopfield_tank(std::span<const City> cities, const HopfieldTank& parameters = {});
/// Graded units as in the paper, for so many cities. Throws ConfigError for fewer than 2.
DescentOptions hopfield_tank_options(std::int64_t cities);

/// For binary units: penalty sum over cities and positions of (units that are 1, less 1)^2, and the tour's
/// length in `unit`. With a penalty above the longest distance its lowest states are the shortest tours. From
/// one tour to the next it is four changes over a barrier of a few penalties, so that with a lower one
/// annealing finds fewer tours and shorter ones. Measured with 10 sets of 10 cities in the unit square and 10
/// starts each: penalty 0.6, half of the starts end in a tour, 10 % longer than the shortest on average; 0.7,
/// 82 %, 16 % longer; 0.8, 96 %, 18 % longer.
QuadraticEnergy binary_tour(std::span<const City> cities, double penalty = 0.7, double unit = 1);
/// Annealing for it: `sweeps` from temperature 0.2 down to 0.05.
DescentOptions binary_tour_options(std::int64_t sweeps = 1000);

/// The cities in the order of their positions, when each has one position and each position one city.
std::optional<std::vector<std::int64_t>> tour_of(std::span<const float> state);
/// Of the closed tour.
double tour_length(std::span<const City> cities, std::span<const std::int64_t> tour);

/// The most cities that `shortest_tour` takes.
inline constexpr std::int64_t kMostExactCities = 18;
/// The shortest tour, by dynamic programming over sets of cities (Held, Karp, J. SIAM 10, 196 (1962)): 2^n
/// n^2 operations. Begins with city 0. Throws ConfigError for more than kMostExactCities.
std::vector<std::int64_t> shortest_tour(std::span<const City> cities);

}  // namespace hebb::memory
