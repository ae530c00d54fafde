#include "data/targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>

#include "hebb/error.hpp"
#include "io/bytes.hpp"

namespace hebb {
namespace {

constexpr std::size_t kMostAutomaticClasses = 20;
constexpr std::size_t kMostClasses = 10000;

}  // namespace

bool look_like_classes(std::span<const double> numbers) {
  std::set<double> seen;
  for (const double number : numbers) {
    if (number != std::floor(number)) return false;  // also NaN
    seen.insert(number);
    if (seen.size() > kMostAutomaticClasses) return false;
  }
  if (seen.size() < 2 || (*seen.begin() != 0 && *seen.begin() != 1)) return false;
  return *seen.rbegin() - *seen.begin() == static_cast<double>(seen.size() - 1);
}

std::string class_text(double number) {
  return fmt::format("{}", number == 0 ? 0.0 : number);  // no "-0"
}

ClassCode::ClassCode(std::span<const double> numbers, const std::string& where) {
  std::set<double> seen;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) throw DataError(fmt::format("{}: target {} is {}", where, i, numbers[i]));
    seen.insert(numbers[i]);
    if (seen.size() > kMostClasses) {
      throw DataError(
          fmt::format("{}: more than {} different targets; expected classes", where, kMostClasses));
    }
  }
  values_.assign(seen.begin(), seen.end());
}

std::vector<std::string> ClassCode::names() const {
  std::vector<std::string> names;
  for (const double value : values_) names.push_back(class_text(value));
  return names;
}

Tensor ClassCode::labels(std::span<const double> numbers, const std::string& where) const {
  const Shape shape = {static_cast<std::int64_t>(numbers.size())};
  return io::make_tensor<std::int32_t>(shape, where, [&](std::int32_t* to) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto found = std::lower_bound(values_.begin(), values_.end(), numbers[i]);
      if (found == values_.end() || *found != numbers[i]) {
        throw DataError(fmt::format("{}: label {} is {}, which is none of the {} classes of the training set",
                                    where, i, class_text(numbers[i]), values_.size()));
      }
      to[i] = static_cast<std::int32_t>(found - values_.begin());
    }
  });
}

float narrowed(double value, const std::string& where) {
  if (!(std::abs(value) <= std::numeric_limits<float>::max())) {
    throw DataError(fmt::format("{}: {} is too large; expected at most {:.3g}", where, value,
                                std::numeric_limits<float>::max()));
  }
  return static_cast<float>(value);
}

}  // namespace hebb
