/// Words that conclusions have in common.
#pragma once

#include <string>

namespace hebb::lab {

/// Numbers nearer to each other than this share are called equal.
inline constexpr double kSame = 0.05;

/// What becomes of a positive number: "falls from 0.2 to 0.1", "rises from 0.1 to 0.2", "stays at 0.2".
std::string course(double from, double to);

}  // namespace hebb::lab
