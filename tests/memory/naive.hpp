/// Associative memory as its definitions say it: weights in a matrix, energies by summing, one unit at a
/// time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <vector>

#include "hebb/binary_memory.hpp"
#include "hebb/random.hpp"

namespace hebb::memory::naive {

using State = std::vector<int>;  // the units' values

/// Patterns of +-1, drawn independently, or correlated (each unit agrees with a template with probability
/// 0.9), or nearly identical (each differs from the first in one unit).
enum class Patterns { random, correlated, near_identical };

inline std::vector<State> patterns(std::int64_t units, std::int64_t count, Patterns kind,
                                   std::uint64_t seed) {
  Random random(seed);
  const auto coin = [&] { return random.below(2) == 0 ? -1 : 1; };
  State common(static_cast<std::size_t>(units));
  for (int& x : common) x = coin();
  std::vector<State> result;
  for (std::int64_t p = 0; p < count; ++p) {
    State pattern = common;
    if (kind == Patterns::random) {
      for (int& x : pattern) x = coin();
    } else if (kind == Patterns::correlated) {
      for (int& x : pattern) x = random.uniform() < 0.1f ? -x : x;
    } else if (p > 0) {
      pattern[static_cast<std::size_t>((p - 1) % units)] *= -1;
    }
    result.push_back(pattern);
  }
  return result;
}

/// A memory that is an energy, or, where there is none, a matrix of weights.
class Network {
 public:
  Network(std::vector<State> xi, const BinaryOptions& options) : xi_(std::move(xi)), options_(options) {}

  std::int64_t units() const { return static_cast<std::int64_t>(xi_[0].size()); }
  int down() const { return options_.units == Units::plus_minus_one ? -1 : 0; }

  /// Gives weights [units, units] to the network, each to be divided by `divisor`; dense energies have none.
  /// Sums of whole numbers are so exact, and ties are ties.
  void set_weights(std::vector<double> weights, double divisor) {
    set_weights(std::move(weights), std::vector<double>(xi_[0].size(), divisor));
  }
  /// With a divisor for each unit, of the weights into it.
  void set_weights(std::vector<double> weights, std::vector<double> divisors) {
    weights_ = std::move(weights);
    divisors_ = std::move(divisors);
  }

  double energy(const State& x) const {
    double result = 0;
    for (std::size_t i = 0; i < options_.bias.size(); ++i)
      result -= static_cast<double>(options_.bias[i]) * x[i];
    if (options_.energy == Energy::quadratic) {
      const std::size_t n = x.size();
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) result -= 0.5 * weights_[i * n + j] / divisors_[i] * x[i] * x[j];
      }
      return result;
    }
    const double sum = dense_sum(x);
    return result - (options_.energy == Energy::exponential ? std::log(sum) : sum * scale());
  }

  /// The field at a unit; sums of whole numbers are exact, others are zero when they are rounding.
  double field(const State& x, std::size_t i) const {
    if (options_.energy == Energy::quadratic) {
      double h = 0;
      for (std::size_t j = 0; j < x.size(); ++j) h += weights_[i * x.size() + j] * x[j];
      h = h / divisors_[i] + (options_.bias.empty() ? 0.0 : static_cast<double>(options_.bias[i]));
      return std::abs(h) < 1e-10 ? 0 : h;
    }
    State up = x;
    up[i] = 1;
    State low = x;
    low[i] = down();
    const double bias = options_.bias.empty() ? 0.0 : static_cast<double>(options_.bias[i]);
    const double step = 1 - down();
    if (options_.energy == Energy::exponential) {
      if (is_tie(x, i)) return bias;
      return (std::log(dense_sum(up)) - std::log(dense_sum(low))) / step + bias;
    }
    return scale() * (dense_sum(up) - dense_sum(low)) / step + bias;
  }

  /// States after each sweep, until nothing changes, a state of two sweeps ago returns, or the limit.
  std::vector<State> run(State x, const RecallOptions& options) const {
    std::vector<State> path = {x};
    std::uint64_t number = 0;
    for (const double temperature : options.temperatures) {
      glauber(x, temperature, options.seed, ++number);
      path.push_back(x);
    }
    for (std::int64_t sweep = 0; sweep < options.max_sweeps; ++sweep) {
      this->sweep(x, options, ++number);
      path.push_back(x);
      if (x == path[path.size() - 2]) break;
      if (options.order == Order::synchronous && sweep > 0 && x == path[path.size() - 3]) break;
    }
    return path;
  }

 private:
  /// Of the polynomials.
  double scale() const { return std::pow(static_cast<double>(units()), 1 - options_.degree); }

  /// sum_mu F(M^mu), exact for powers of whole numbers, with spins s = +-1 that are up where x is.
  double dense_sum(const State& x) const {
    double result = 0;
    for (const State& pattern : xi_) {
      double m = 0;
      for (std::size_t i = 0; i < x.size(); ++i) m += x[i] == 1 ? pattern[i] : -pattern[i];
      if (options_.energy == Energy::exponential) {
        result += std::exp(m);
      } else if (options_.energy == Energy::polynomial || m > 0) {
        result += std::pow(m, options_.degree);
      }
    }
    return result;
  }

  /// Whether the sums of exponentials are equal whatever unit i is. As e is transcendental, that is where at
  /// every overlap of the other units as many patterns are up at i as are down.
  bool is_tie(const State& x, std::size_t i) const {
    std::map<std::int64_t, std::int64_t> counts;
    for (const State& pattern : xi_) {
      std::int64_t others = 0;
      for (std::size_t j = 0; j < x.size(); ++j) {
        if (j != i) others += (x[j] == 1) == (pattern[j] == 1) ? 1 : -1;
      }
      counts[others] += pattern[i] == 1 ? 1 : -1;
    }
    return std::all_of(counts.begin(), counts.end(), [](const auto& entry) { return entry.second == 0; });
  }

  bool update(State& x, std::size_t i) const {
    const double h = field(x, i);
    const int next = h > 0 ? 1 : h < 0 ? down() : x[i];
    const bool changed = next != x[i];
    x[i] = next;
    return changed;
  }

  void sweep(State& x, const RecallOptions& options, std::uint64_t number) const {
    const auto n = static_cast<std::int32_t>(x.size());
    if (options.order == Order::synchronous) {
      State next = x;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double h = field(x, i);
        if (h != 0) next[i] = h > 0 ? 1 : down();
      }
      x = next;
    } else if (options.order == Order::greedy) {
      for (std::int32_t k = 0; k < n; ++k) {
        std::size_t best = x.size();
        double most = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          const double gain = field(x, i) * (x[i] == 1 ? down() - 1 : 1 - down());
          if (gain > most) {
            most = gain;
            best = i;
          }
        }
        if (best == x.size()) return;
        update(x, best);
      }
    } else if (options.order == Order::fixed) {
      for (std::size_t i = 0; i < x.size(); ++i) update(x, i);
    } else {
      for (const std::int32_t i : Random(options.seed, 4 * number + 1).permutation(n))
        update(x, static_cast<std::size_t>(i));
    }
  }

  void glauber(State& x, double temperature, std::uint64_t seed, std::uint64_t number) const {
    Random noise(seed, 4 * number + 2);
    for (const std::int32_t i :
         Random(seed, 4 * number + 1).permutation(static_cast<std::int32_t>(x.size()))) {
      const auto unit = static_cast<std::size_t>(i);
      const double up = 1 / (1 + std::exp(-field(x, unit) * (1 - down()) / temperature));
      x[unit] = static_cast<double>(noise.uniform()) < up ? 1 : down();
    }
  }

  std::vector<State> xi_;
  BinaryOptions options_;
  std::vector<double> weights_;
  std::vector<double> divisors_;
};

/// N J_ij = sum_mu xi^mu_i xi^mu_j, J_ii = 0.
inline std::vector<double> hebb_weights(const std::vector<State>& xi) {
  const std::size_t n = xi[0].size();
  std::vector<double> weights(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (const State& pattern : xi) sum += pattern[i] * pattern[j];
      weights[i * n + j] = i == j ? 0 : sum;
    }
  }
  return weights;
}

/// An orthonormal basis of the patterns' span, by Gram-Schmidt; patterns that depend on those before them are
/// left out of `xi`.
inline std::vector<std::vector<double>> basis_of(std::vector<State>& xi) {
  const auto dot = [](const auto& a, const auto& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  std::vector<std::vector<double>> basis;
  std::vector<State> kept;
  for (const State& pattern : xi) {
    std::vector<double> v(pattern.begin(), pattern.end());
    for (int twice = 0; twice < 2; ++twice) {
      for (const auto& b : basis) {
        const double c = dot(v, b);
        for (std::size_t i = 0; i < v.size(); ++i) v[i] -= c * b[i];
      }
    }
    const double norm = std::sqrt(dot(v, v));
    if (norm < 1e-6) continue;
    for (double& x : v) x /= norm;
    basis.push_back(v);
    kept.push_back(pattern);
  }
  xi = kept;
  return basis;
}

/// The projector onto the patterns' span, without its diagonal.
inline std::vector<double> projection_weights(std::vector<State> xi) {
  const std::size_t n = xi[0].size();
  const std::vector<std::vector<double>> basis = basis_of(xi);
  std::vector<double> weights(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (const auto& b : basis) weights[i * n + j] += i == j ? 0 : b[i] * b[j];
    }
  }
  return weights;
}

}  // namespace hebb::memory::naive
