/// What conclusions have in common.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace hebb::lab {

/// Numbers nearer to each other than this share are called equal.
inline constexpr double kSame = 0.05;

/// What becomes of a positive number: "falls from 0.2 to 0.1", "rises from 0.1 to 0.2", "stays at 0.2".
std::string course(double from, double to);

/// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& parts);

/// Throws DataError, as without results nothing can be concluded.
[[noreturn]] void refuse_conclusion();

/// The first of the results with the lowest loss(result). Throws DataError where there is none.
template <class Result, class Loss>
const Result& lowest(const std::vector<Result>& results, const Loss& loss) {
  if (results.empty()) refuse_conclusion();
  return *std::min_element(results.begin(), results.end(),
                           [&](const Result& a, const Result& b) { return loss(a) < loss(b); });
}

}  // namespace hebb::lab
