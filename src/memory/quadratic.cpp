#include "memory/quadratic.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "hebb/error.hpp"

namespace hebb::memory {

namespace {

constexpr std::int64_t kMostVariables = std::int64_t{1} << 24;

void check_finite(double value) {
  if (!std::isfinite(value)) throw ConfigError("a number of the energy is not finite");
}

void check_variable(std::int64_t i, std::int64_t variables) {
  if (i >= 0 && i < variables) return;
  throw ShapeError("there is no variable " + std::to_string(i) + "; the energy has " +
                   std::to_string(variables) + ", counted from 0");
}

}  // namespace

QuadraticEnergy::QuadraticEnergy(std::int64_t variables, Units units) : units_(units) {
  if (variables < 1 || variables > kMostVariables)
    throw ConfigError("an energy has 1 to " + std::to_string(kMostVariables) + " variables; got " +
                      std::to_string(variables));
  linear_.resize(static_cast<std::size_t>(variables));
}

void QuadraticEnergy::add_constant(double value) {
  check_finite(value);
  constant_ += value;
}

void QuadraticEnergy::add(std::int64_t i, double coefficient) {
  check_variable(i, variables());
  check_finite(coefficient);
  linear_[static_cast<std::size_t>(i)] += coefficient;
}

void QuadraticEnergy::add(std::int64_t i, std::int64_t j, double coefficient) {
  check_variable(i, variables());
  check_variable(j, variables());
  check_finite(coefficient);
  pairs_.push_back({i, j, coefficient});
}

void QuadraticEnergy::add_square(const std::vector<Term>& sum, double target, double weight) {
  check_finite(target);
  check_finite(weight);
  for (const Term& term : sum) {
    check_variable(term.variable, variables());
    check_finite(term.coefficient);
  }
  squares_.push_back({sum, target, weight});
}

double QuadraticEnergy::value(std::span<const float> state) const {
  if (state.size() != linear_.size())
    throw ShapeError("the state has " + std::to_string(state.size()) + " values; the energy has " +
                     std::to_string(linear_.size()) + " variables");
  const double low = units_ == Units::zero_one ? 0 : -1;
  const auto x = [&](std::int64_t i) { return static_cast<double>(state[static_cast<std::size_t>(i)]); };
  double energy = constant_;
  for (std::int64_t i = 0; i < variables(); ++i) {
    if (!(x(i) >= low && x(i) <= 1))
      throw DataError("the value of variable " + std::to_string(i) + " is " + std::to_string(x(i)) +
                      "; expected one from " + (low == 0 ? "0" : "-1") + " to 1");
    energy += linear_[static_cast<std::size_t>(i)] * x(i);
  }
  for (const Pair& pair : pairs_) energy += pair.coefficient * x(pair.i) * x(pair.j);
  for (const Square& square : squares_) {
    double sum = -square.target;
    for (const Term& term : square.sum) sum += term.coefficient * x(term.variable);
    energy += square.weight * sum * sum;
  }
  return energy;
}

SparseRows::SparseRows(std::int64_t rows, std::vector<Entry> entries)
    : begin_(static_cast<std::size_t>(rows) + 1) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.row != b.row ? a.row < b.row : a.index < b.index;
  });
  for (std::size_t at = 0; at < entries.size();) {
    const Entry& first = entries[at];
    double sum = 0;
    for (; at < entries.size() && entries[at].row == first.row && entries[at].index == first.index; ++at)
      sum += entries[at].coefficient;
    if (sum == 0) continue;
    items_.push_back({static_cast<std::int32_t>(first.index), sum});
    ++begin_[static_cast<std::size_t>(first.row) + 1];
  }
  for (std::size_t row = 1; row < begin_.size(); ++row) begin_[row] += begin_[row - 1];
}

EnergyTerms::EnergyTerms(const QuadraticEnergy& energy)
    : low_(energy.units() == Units::zero_one ? 0 : -1),
      constant_(energy.constant()),
      linear_(energy.linear()),
      diagonal_(linear_.size()) {
  const auto n = static_cast<std::int64_t>(linear_.size());
  std::vector<SparseRows::Entry> pairs, sums, members;
  for (const auto& [i, j, coefficient] : energy.pairs()) {
    if (i == j) {
      diagonal_[static_cast<std::size_t>(i)] += coefficient;
    } else {
      pairs.push_back({i, j, coefficient});
      pairs.push_back({j, i, coefficient});
    }
  }
  const auto count = static_cast<std::int64_t>(energy.squares().size());
  for (std::int64_t s = 0; s < count; ++s) {
    const auto& square = energy.squares()[static_cast<std::size_t>(s)];
    weights_.push_back(square.weight);
    targets_.push_back(square.target);
    for (const Term& term : square.sum) {
      sums.push_back({s, term.variable, term.coefficient});
      members.push_back({term.variable, s, term.coefficient});
    }
  }
  pairs_ = SparseRows(n, std::move(pairs));
  sums_ = SparseRows(count, std::move(sums));
  in_squares_ = SparseRows(n, std::move(members));

  // Far above what doubles lose, far below what anyone means; much of what is lost in a sum cancels.
  constexpr double kRounding = 1e-10;
  constexpr double kRoundingOfAll = 1e-12;
  std::vector<double> sizes(weights_.size());
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    sizes[s] = std::abs(targets_[s]);
    for (const auto& item : sums_[s]) sizes[s] += std::abs(item.coefficient);
  }
  for (std::size_t i = 0; i < linear_.size(); ++i) {
    double curvature = diagonal_[i];
    double size = std::abs(linear_[i]) + std::abs(diagonal_[i]);
    for (const auto& item : pairs_[i]) size += std::abs(item.coefficient);
    for (const auto& [s, a] : in_squares_[i]) {
      const auto square = static_cast<std::size_t>(s);
      curvature += weights_[square] * a * a;
      size += std::abs(weights_[square] * a) * sizes[square];
    }
    curvature_.push_back(curvature);
    rounding_.push_back(kRounding * size);
    rounding_of_all_ += kRoundingOfAll * size;
  }
}

double EnergyTerms::value(std::span<const double> x) const {
  double energy = constant_;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double pairs = 0;
    for (const auto& [j, c] : pairs_[i]) pairs += c * x[static_cast<std::size_t>(j)];
    energy += x[i] * (linear_[i] + diagonal_[i] * x[i] + 0.5 * pairs);
  }
  for (std::size_t s = 0; s < weights_.size(); ++s) {
    double sum = -targets_[s];
    for (const auto& [i, a] : sums_[s]) sum += a * x[static_cast<std::size_t>(i)];
    energy += weights_[s] * sum * sum;
  }
  return energy;
}

void EnergyTerms::gradient(std::span<const double> x, std::span<double> result) const {
  for (std::size_t i = 0; i < x.size(); ++i) {
    double sum = linear_[i] + 2 * diagonal_[i] * x[i];
    for (const auto& [j, c] : pairs_[i]) sum += c * x[static_cast<std::size_t>(j)];
    result[i] = sum;
  }
  for (std::size_t s = 0; s < weights_.size(); ++s) {
    double sum = -targets_[s];
    for (const auto& [i, a] : sums_[s]) sum += a * x[static_cast<std::size_t>(i)];
    const double slope = 2 * weights_[s] * sum;
    for (const auto& [i, a] : sums_[s]) result[static_cast<std::size_t>(i)] += slope * a;
  }
}

EnergyWalk::EnergyWalk(const EnergyTerms& terms, std::vector<double> state)
    : terms_(&terms), state_(std::move(state)), fields_(terms.linear_) {
  for (std::size_t i = 0; i < state_.size(); ++i) {
    for (const auto& [j, c] : terms.pairs_[i]) fields_[i] += c * state_[static_cast<std::size_t>(j)];
  }
  for (std::size_t s = 0; s < terms.weights_.size(); ++s) {
    sums_.push_back(-terms.targets_[s]);
    for (const auto& [i, a] : terms.sums_[s]) sums_[s] += a * state_[static_cast<std::size_t>(i)];
  }
}

double EnergyWalk::change(std::size_t i) const {
  double slope = fields_[i] + 2 * terms_->diagonal_[i] * state_[i];
  for (const auto& [s, a] : terms_->in_squares_[i]) {
    const auto square = static_cast<std::size_t>(s);
    slope += 2 * terms_->weights_[square] * a * sums_[square];
  }
  const double d = step(i);
  return d * (slope + d * terms_->curvature_[i]);
}

void EnergyWalk::flip(std::size_t i) {
  const double d = step(i);
  state_[i] += d;
  for (const auto& [j, c] : terms_->pairs_[i]) fields_[static_cast<std::size_t>(j)] += d * c;
  for (const auto& [s, a] : terms_->in_squares_[i]) sums_[static_cast<std::size_t>(s)] += d * a;
}

}  // namespace hebb::memory
