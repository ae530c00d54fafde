#include "lab/words.hpp"

#include <fmt/format.h>

#include <cmath>

#include "hebb/error.hpp"

namespace hebb::lab {

std::string course(double from, double to) {
  if (std::abs(to - from) <= kSame * from) return fmt::format("stays at {:.3g}", to);
  return fmt::format("{} from {:.3g} to {:.3g}", to < from ? "falls" : "rises", from, to);
}

std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

void refuse_conclusion() { throw DataError("there is no result to draw a conclusion from"); }

}  // namespace hebb::lab
