/// Turning the numbers and texts of a file into targets.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hebb/datasets.hpp"

namespace hebb {

/// Whether numbers are classes by the rule of Task::automatic.
bool look_like_classes(std::span<const double> numbers);

/// A number as the name of a class: "3", "0.25".
std::string class_text(double number);

/// Which numbers stand for which class: ascending, so 0 .. k-1 stand for themselves.
class ClassCode {
 public:
  /// Throws DataError when there are more than 10000 different numbers, or one is not finite.
  ClassCode(std::span<const double> numbers, const std::string& where);

  std::int64_t count() const { return static_cast<std::int64_t>(values_.size()); }
  std::vector<std::string> names() const;
  /// i32 [numbers]. Throws DataError for a number that is no class, with its position.
  Tensor labels(std::span<const double> numbers, const std::string& where) const;

 private:
  std::vector<double> values_;
};

/// A double as a float. Throws DataError when it is too large, telling where it comes from.
float narrowed(double value, const std::string& where);

}  // namespace hebb
