#include "lab/words.hpp"

#include <fmt/format.h>

#include <cmath>

namespace hebb::lab {

std::string course(double from, double to) {
  if (std::abs(to - from) <= kSame * from) return fmt::format("stays at {:.3g}", to);
  return fmt::format("{} from {:.3g} to {:.3g}", to < from ? "falls" : "rises", from, to);
}

}  // namespace hebb::lab
