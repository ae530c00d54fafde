// How full a store is.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hebb/error.hpp"
#include "hebb/memory_theory.hpp"
#include "io/store_parts.hpp"

namespace hebb::memory {

namespace {

constexpr double kNearlyFull = 0.8;
constexpr double kMostUnstable = 0.001;

/// How many random patterns these options are said to hold.
std::optional<double> capacity_of(std::int64_t units, const BinaryOptions& options) {
  if (units < 3) return std::nullopt;
  switch (options.energy) {
    case Energy::polynomial:
    case Energy::rectified_polynomial: return theory::dense_capacity_without_errors(units, options.degree);
    case Energy::exponential: return theory::exponential_capacity(units);
    case Energy::quadratic: break;
  }
  const auto n = static_cast<double>(units);
  switch (options.rule) {
    case Rule::hebb: return theory::critical_point(0)->load * n;
    case Rule::storkey: return theory::storkey_capacity(units);
    case Rule::pseudo_inverse: return theory::projection_capacity(units);
    case Rule::perceptron:
    case Rule::minimum_overlap: return theory::gardner_capacity(units, options.margin);
    default: return std::nullopt;
  }
}

/// Whether crosstalk leaves patterns as good as stable.
bool is_quiet(const Crosstalk& crosstalk) {
  return std::max(crosstalk.unstable_bits, crosstalk.expected_unstable_bits) <= kMostUnstable;
}

struct Candidate {
  std::string name;
  BinaryOptions options;
};

/// What else could hold the patterns, from the plainest to the largest.
std::vector<Candidate> candidates(const BinaryOptions& now) {
  std::vector<Candidate> result;
  const bool dense = now.energy != Energy::quadratic;
  const BinaryOptions projection = {.units = now.units, .rule = Rule::pseudo_inverse, .bias = now.bias};
  if (now.rule != Rule::pseudo_inverse && !dense) result.push_back({"rule 'pseudo-inverse'", projection});
  if (now.units == Units::zero_one && !dense) {
    result.push_back({"rule 'hebb' with units of -1 and 1", {}});
    result.push_back({"rule 'pseudo-inverse' with units of -1 and 1", {.rule = Rule::pseudo_inverse}});
  }
  for (const int degree : {3, 5}) {
    if (now.energy == Energy::exponential || (dense && now.degree >= degree)) continue;
    result.push_back(
        {fmt::format("energy 'polynomial' of degree {}", degree),
         {.units = now.units, .energy = Energy::polynomial, .degree = degree, .bias = now.bias}});
  }
  if (now.energy != Energy::exponential)
    result.push_back(
        {"energy 'exponential'", {.units = now.units, .energy = Energy::exponential, .bias = now.bias}});
  return result;
}

/// Whether a memory of these options holds the patterns: tried where that is quick, else by the law.
bool holds(const PatternSet& patterns, const BinaryOptions& options) {
  const auto capacity = capacity_of(patterns.units, options);
  if (!capacity || static_cast<double>(patterns.size()) > kNearlyFull * *capacity) return false;
  constexpr std::int64_t kQuick = 20'000'000;
  if (patterns.units * patterns.size() > kQuick || patterns.size() > 2000) return true;
  try {
    BinaryMemory memory(patterns.units, options);
    std::vector<float> values;
    for (std::int64_t i = 0; i < patterns.size(); ++i) {
      const std::vector<float> one = patterns.values(i, options.units);
      values.insert(values.end(), one.begin(), one.end());
    }
    memory.store_all(values);
    return is_quiet(crosstalk_of(memory, patterns, 16));
  } catch (const Error&) {  // patterns that depend on each other, say
    return false;
  }
}

}  // namespace

Crosstalk crosstalk_of(const BinaryMemory& memory, const PatternSet& patterns, std::int64_t most) {
  Crosstalk result = {.examined = std::min(most, patterns.size())};
  if (result.examined <= 0) return {};
  double sum = 0, squares = 0, unstable = 0;
  for (std::int64_t k = 0; k < result.examined; ++k) {
    const std::int64_t index = k * patterns.size() / result.examined;
    const std::vector<float> field = memory.field(patterns.values(index, memory.options().units));
    double leaving = 0;
    for (std::int64_t i = 0; i < patterns.units; ++i) {
      const double h = static_cast<double>(field[static_cast<std::size_t>(i)]);
      const double aligned = patterns.up(index, i) ? h : -h;
      sum += aligned;
      squares += aligned * aligned;
      leaving += aligned < 0;
    }
    unstable += leaving;
    result.stable_patterns += leaving == 0;
  }
  const double count = static_cast<double>(result.examined) * static_cast<double>(patterns.units);
  result.signal = sum / count;
  result.noise = std::sqrt(std::max(0.0, squares / count - result.signal * result.signal));
  result.unstable_bits = unstable / count;
  result.stable_patterns /= static_cast<double>(result.examined);
  result.expected_unstable_bits = result.noise > 0
                                      ? 0.5 * std::erfc(result.signal / (std::numbers::sqrt2 * result.noise))
                                  : result.signal < 0 ? 1
                                                      : 0;
  return result;
}

Crosstalk Store::crosstalk(std::int64_t most) const { return crosstalk_of(memory_, patterns_, most); }

std::optional<double> Store::capacity() const {
  if (unlearning_.dreams > 0) return std::nullopt;
  return capacity_of(units(), memory_.options());
}

std::optional<std::string> Store::warning() const {
  if (size() == 0) return std::nullopt;
  const auto limit = capacity();
  const Crosstalk now = crosstalk();
  if (!(limit && static_cast<double>(size()) >= kNearlyFull * *limit) && is_quiet(now)) return std::nullopt;
  const BinaryOptions& options = memory_.options();
  std::string text =
      fmt::format("nearly full: {} patterns in {} units, of {} ", size(), units(),
                  options.energy == Energy::quadratic ? fmt::format("rule '{}'", name_of(options.rule))
                                                      : fmt::format("energy '{}'", name_of(options.energy)));
  if (limit && *limit < 1e15) text += fmt::format("(for about {:.0f} random ones) ", std::floor(*limit));
  text += fmt::format("leave {:.2g} % of their bits unstable",
                      100 * std::max(now.unstable_bits, now.expected_unstable_bits));
  for (const Candidate& candidate : candidates(options)) {
    if (holds(patterns_, candidate.options))
      return text + fmt::format("; {} would hold them", candidate.name);
  }
  return text;
}

}  // namespace hebb::memory
