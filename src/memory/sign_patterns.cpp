#include "memory/sign_patterns.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "hebb/error.hpp"

namespace hebb::memory {

namespace {

constexpr std::int64_t kMostUnits = std::int64_t{1} << 24;

void check_size(std::size_t given, std::int64_t units, const char* what) {
  if (given == static_cast<std::size_t>(units)) return;
  throw ShapeError(std::string(what) + " has " + std::to_string(given) + " values; the memory has " +
                   std::to_string(units) + " units");
}

/// Summed in a fixed order of eight parts, which the processor can add side by side.
double dot(std::span<const std::int8_t> signs, std::span<const double> values) {
  double parts[8] = {};
  const std::size_t whole = signs.size() / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) parts[k] += static_cast<double>(signs[i + k]) * values[i + k];
  }
  for (std::size_t i = whole; i < signs.size(); ++i) parts[0] += static_cast<double>(signs[i]) * values[i];
  return ((parts[0] + parts[4]) + (parts[2] + parts[6])) + ((parts[1] + parts[5]) + (parts[3] + parts[7]));
}

}  // namespace

SignPatterns::SignPatterns(std::int64_t units) : units_(units) {
  if (units < 1 || units > kMostUnits)
    throw ConfigError("a memory has 1 to " + std::to_string(kMostUnits) + " units; got " +
                      std::to_string(units));
}

void SignPatterns::check_index(std::int64_t index) const {
  if (index < 0 || index >= size())
    throw ShapeError("there is no pattern " + std::to_string(index) + "; " + std::to_string(size()) +
                     " are stored, counted from 0");
}

std::vector<float> SignPatterns::values(std::int64_t index) const {
  check_index(index);
  const auto signs = row(index);
  return {signs.begin(), signs.end()};
}

void SignPatterns::append(std::span<const float> pattern) {
  check_size(pattern.size(), units_, "the pattern");
  std::vector<std::int8_t> signs;
  signs.reserve(pattern.size());
  for (const float value : pattern) {
    if (value != 1 && value != -1)
      throw DataError("the pattern's value of unit " + std::to_string(signs.size()) + " is " +
                      std::to_string(value) + "; expected -1 or 1");
    signs.push_back(value > 0 ? 1 : -1);
  }
  const auto same = std::find(rows_.begin(), rows_.end(), signs);
  if (same != rows_.end())
    throw DataError("the pattern is stored already, as number " + std::to_string(same - rows_.begin()));
  rows_.push_back(std::move(signs));
}

void SignPatterns::remove(std::int64_t index) {
  check_index(index);
  rows_.erase(rows_.begin() + index);
}

void SignPatterns::sums(std::span<const double> state, std::span<double> result) const {
  for (std::size_t mu = 0; mu < rows_.size(); ++mu) result[mu] = dot(rows_[mu], state);
}

void SignPatterns::superpose(std::span<const double> weights, std::span<double> result) const {
  std::fill(result.begin(), result.end(), 0.0);
  for (std::size_t mu = 0; mu < rows_.size(); ++mu) {
    const std::span<const std::int8_t> signs = rows_[mu];
    for (std::size_t i = 0; i < signs.size(); ++i) result[i] += weights[mu] * static_cast<double>(signs[i]);
  }
}

std::vector<double> SignPatterns::overlaps(std::span<const double> state) const {
  std::vector<double> result(rows_.size());
  sums(state, result);
  double square = 0;
  for (const double value : state) square += value * value;
  const double norm = std::sqrt(square * static_cast<double>(units_));
  for (double& sum : result) sum = norm > 0 ? sum / norm : 0;
  return result;
}

std::vector<double> checked_state(std::span<const float> state, std::int64_t units) {
  check_size(state.size(), units, "the state");
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (!(std::abs(state[i]) <= 1))
      throw DataError("the state's value of unit " + std::to_string(i) + " is " + std::to_string(state[i]) +
                      "; expected one from -1 to 1");
  }
  return {state.begin(), state.end()};
}

}  // namespace hebb::memory
