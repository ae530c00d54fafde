#include "cli/sweep_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb::cli {

namespace {

constexpr std::int64_t kMostValues = 1000;

[[noreturn]] void refuse(const std::string& text, const std::string& expected) {
  throw ConfigError(fmt::format("--sweep: expected {}, got {}", expected, in_quotes(text)));
}

template <class T>
std::optional<T> number_of(std::string_view text) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The values of "LOW..HIGH:N" or "LOW..HIGH:log:N".
std::vector<std::string> range_of(const std::string& text, std::size_t dots) {
  const std::size_t colon = text.find(':', dots);
  std::string_view rest =
      colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
  const bool logarithmic = rest.starts_with("log:");
  if (logarithmic) rest.remove_prefix(4);
  const auto low = number_of<double>(std::string_view(text).substr(0, dots));
  const auto high = number_of<double>(std::string_view(text).substr(dots + 2, colon - dots - 2));
  const auto count = number_of<std::int64_t>(rest);
  if (!low || !high || !count || !std::isfinite(*low) || !std::isfinite(*high))
    refuse(text, "a range such as 1e-4..1e-2:log:5 or 0..1:3");
  if (*count < 2 || *count > kMostValues) refuse(text, fmt::format("2 to {} values", kMostValues));
  if (logarithmic && !(*low > 0 && *high > 0)) refuse(text, "a logarithmic range of positive numbers");
  std::vector<std::string> values;
  for (std::int64_t i = 0; i < *count; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(*count - 1);
    const double value = logarithmic ? *low * std::pow(*high / *low, part) : *low + (*high - *low) * part;
    // Six digits say what is meant: 0.000316228, 0.3 instead of 0.30000000000000004.
    values.push_back(fmt::format("{}", std::stod(fmt::format("{:.6g}", value))));
  }
  return values;
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> values(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (c == ',' && depth == 0) {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  return values;
}

}  // namespace

SweepAxis parse_sweep_axis(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) refuse(text, "KEY=VALUES, such as lr=1e-4..1e-2:log:5");
  SweepAxis axis = {.key = text.substr(0, equals), .values = {}};
  std::replace(axis.key.begin(), axis.key.end(), '-', '_');
  if (axis.key == "lr") axis.key = "learning_rate";
  const std::string values = text.substr(equals + 1);
  // The first character of a path such as ../data is no number: that is no range.
  const std::size_t dots = values.find("..");
  const bool range = dots != std::string::npos && dots > 0 && number_of<double>(values.substr(0, dots));
  axis.values = range ? range_of(values, dots) : list_of(values);
  for (const std::string& value : axis.values) {
    if (value.empty()) refuse(text, "no empty value");
  }
  return axis;
}

}  // namespace hebb::cli
