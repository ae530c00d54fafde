#include "cli/memory_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb::cli {

namespace {

constexpr std::array<std::pair<std::string_view, memory::Order>, 4> kOrders = {{
    {"random", memory::Order::random},
    {"fixed", memory::Order::fixed},
    {"greedy", memory::Order::greedy},
    {"synchronous", memory::Order::synchronous},
}};

}  // namespace

memory::BinaryOptions MemoryKind::options() const {
  memory::BinaryOptions result;
  result.rule = memory::rule_of(rule);
  result.energy = memory::energy_of(energy);
  if (units != "pm" && units != "01")
    throw ConfigError("units are 'pm' (-1 and 1) or '01'; got " + in_quotes(units));
  result.units = units == "01" ? memory::Units::zero_one : memory::Units::plus_minus_one;
  // Beyond the range of int it is refused as any other that is too large.
  result.degree = static_cast<int>(std::min<std::int64_t>(std::max<std::int64_t>(degree, 0), 1 << 20));
  result.margin = margin;
  result.dilution = dilution;
  result.bound = bound;
  return result;
}

void add_memory_kind(CLI::App& command, MemoryKind& kind) {
  command
      .add_option(
          "--rule", kind.rule,
          "hebb (default), storkey, pseudo-inverse, perceptron, symmetric-perceptron, minimum-overlap, "
          "clipped, palimpsest")
      ->type_name("NAME");
  command.add_option("--units", kind.units, "Values of the units: pm (-1 and 1, default) or 01")
      ->type_name("pm|01");
  command
      .add_option(
          "--energy", kind.energy,
          "quadratic (default), polynomial, rectified-polynomial, exponential: dense associative memories")
      ->type_name("NAME");
  command.add_option("--degree", kind.degree, "Of the polynomials (default 3)")
      ->check(is_number<std::int64_t>())
      ->type_name("N");
  command.add_option("--margin", kind.margin, "Of the perceptron rules (default 0)")
      ->check(is_number<double>())
      ->type_name("KAPPA");
  command.add_option("--dilution", kind.dilution, "Share of pairs of units without a connection (default 0)")
      ->check(is_number<double>())
      ->type_name("SHARE");
  command.add_option("--bound", kind.bound, "Of the palimpsest's weights, times 1/sqrt(N) (default 0.35)")
      ->check(is_number<double>())
      ->type_name("A");
}

void add_order(CLI::App& command, std::string& name) {
  command.add_option("--order", name, "Of updates: random (default), fixed, greedy, synchronous")
      ->type_name("NAME");
}

memory::Order order_of(const std::string& name) {
  std::array<std::string_view, kOrders.size()> names;
  for (std::size_t i = 0; i < kOrders.size(); ++i) {
    if (kOrders[i].first == name) return kOrders[i].second;
    names[i] = kOrders[i].first;
  }
  throw ConfigError(unknown_name("order", name, names));
}

void invert(std::span<float> state, double flip, Random random) {
  const auto n = static_cast<std::int32_t>(state.size());
  const auto count = static_cast<std::size_t>(std::llround(flip * static_cast<double>(n)));
  const float down = std::any_of(state.begin(), state.end(), [](float x) { return x < 0; }) ? -1.0F : 0.0F;
  const std::vector<std::int32_t> order = random.permutation(n);
  for (std::size_t k = 0; k < count; ++k) {
    float& value = state[static_cast<std::size_t>(order[k])];
    value = value > 0 ? down : 1.0F;
  }
}

Json json_of(const memory::Interval& interval) {
  const auto end = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
  return Json::array({end(interval.low), end(interval.high)});
}

std::string text_of(const memory::Interval& interval) {
  if (!std::isfinite(interval.low)) return "-";
  return fmt::format("{:.4f} to {:.4f}", interval.low, interval.high);
}

}  // namespace hebb::cli
