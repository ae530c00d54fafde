#include "memory/theory_averages.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace hebb::memory::theory {

namespace {

double normal_density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi); }

/// What is averaged, at u >= 0: each falls as exp(-2 u).
struct Tails {
  double one_minus_tanh;
  double sech2;
  double entropy;
};

Tails tails(double u) {
  const double e = std::exp(-2 * u);
  const double complement = 2 * e / (1 + e);
  return {complement, complement * (2 - complement), std::log1p(e) + u * complement};
}

struct Node {
  double at;
  double weight;
};

/// Gauss-Legendre quadrature on [-1, 1].
std::array<Node, 16> legendre_nodes() {
  constexpr int kOrder = 16;
  std::array<Node, kOrder> nodes{};
  for (int i = 0; i < kOrder; ++i) {
    double x = std::cos(std::numbers::pi * (i + 0.75) / (kOrder + 0.5));
    double slope = 1;
    for (int step = 0; step < 8; ++step) {
      double before = 1, value = x;
      for (int n = 2; n <= kOrder; ++n) {
        const double next = ((2 * n - 1) * x * value - (n - 1) * before) / n;
        before = value;
        value = next;
      }
      slope = kOrder * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    nodes[static_cast<std::size_t>(i)] = {x, 2 / ((1 - x * x) * slope * slope)};
  }
  return nodes;
}

struct TailNode {
  double u;
  double weight;
  Tails tails;
};

/// Quadrature on [0, 20] of what falls as exp(-2 u) and has its poles at +-i pi/2: on pieces of length 2 the
/// error is below the roundings.
std::vector<TailNode> tail_nodes() {
  constexpr double kPiece = 2;
  std::vector<TailNode> nodes;
  for (int piece = 0; piece < 10; ++piece) {
    for (const Node& node : legendre_nodes()) {
      const double u = kPiece * (piece + (1 + node.at) / 2);
      nodes.push_back({u, node.weight * kPiece / 2, tails(u)});
    }
  }
  return nodes;
}

Averages at_zero(double m, double sigma) {
  if (sigma == 0) return {1, 1, 0, 0, 0, 0};
  const double z = -m / sigma;  // where the field changes its sign
  const double c = 2 * normal_density(z) / sigma;
  return {std::erf(-z / std::numbers::sqrt2), 1, c, z * c, z * z * c, 0};
}

/// Noise below the temperature: the integrand is smooth in z, where the trapezoidal rule converges as
/// exp(-pi^2 T / (sigma step)).
Averages over_noise(double m, double sigma, double temperature) {
  constexpr double kStep = 0.25;
  constexpr int kNodes = 40;
  Averages sum{};
  for (int i = -kNodes; i <= kNodes; ++i) {
    const double z = i * kStep;
    const double u = (m + sigma * z) / temperature;
    const double weight = kStep * normal_density(z);
    const Tails tail = tails(std::abs(u));
    const double tanh_u = std::copysign(1 - tail.one_minus_tanh, u);
    const double response = weight * tail.sech2 / temperature;
    sum.overlap += weight * std::tanh(u);
    sum.frozen += weight * tanh_u * tanh_u;
    sum.response += response;
    sum.response_z += response * z;
    sum.response_zz += response * z * z;
    sum.entropy += weight * tail.entropy;
  }
  return sum;
}

/// Noise above the temperature: what differs from T = 0 lies near u = 0, and is integrated over u.
Averages over_field(double m, double sigma, double temperature) {
  static const std::vector<TailNode> nodes = tail_nodes();
  const double width = sigma / temperature;
  const double center = m / temperature;
  Averages sum{};
  sum.overlap = std::erf(m / (std::numbers::sqrt2 * sigma));
  for (const TailNode& node : nodes) {
    for (const double sign : {1.0, -1.0}) {
      const double z = (sign * node.u - center) / width;
      const double weight = node.weight * normal_density(z);
      const double response = weight * node.tails.sech2 / sigma;
      sum.overlap -= sign * weight * node.tails.one_minus_tanh / width;
      sum.response += response;
      sum.response_z += response * z;
      sum.response_zz += response * z * z;
      sum.entropy += weight * node.tails.entropy / width;
    }
  }
  sum.frozen = 1 - temperature * sum.response;
  return sum;
}

}  // namespace

Averages averages(double m, double sigma, double temperature) {
  if (temperature == 0) return at_zero(m, sigma);
  return sigma < temperature ? over_noise(m, sigma, temperature) : over_field(m, sigma, temperature);
}

}  // namespace hebb::memory::theory
