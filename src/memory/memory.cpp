#include "hebb/memory.hpp"

#include <cmath>
#include <string>

#include "hebb/error.hpp"

namespace hebb::memory {

Memory::~Memory() = default;

std::vector<Recall> Memory::recall_batch(std::span<const float> cues, const RecallOptions& options) const {
  const auto size = static_cast<std::size_t>(units());
  if (cues.size() % size != 0)
    throw ShapeError("cues have " + std::to_string(cues.size()) + " values, which is no multiple of the " +
                     std::to_string(size) + " units");
  std::vector<Recall> results;
  results.reserve(cues.size() / size);
  for (std::size_t at = 0; at < cues.size(); at += size)
    results.push_back(recall(cues.subspan(at, size), options));
  return results;
}

std::vector<double> cooling(double from, double to, std::int64_t sweeps) {
  if (!(from > 0) || !(to > 0) || to > from || !std::isfinite(from))
    throw ConfigError("cooling goes from one positive temperature down to another; got " +
                      std::to_string(from) + " and " + std::to_string(to));
  if (sweeps < 1) throw ConfigError("cooling takes at least one sweep; got " + std::to_string(sweeps));
  std::vector<double> result(static_cast<std::size_t>(sweeps));
  for (std::int64_t i = 0; i < sweeps; ++i) {
    const double part = sweeps == 1 ? 0 : static_cast<double>(i) / static_cast<double>(sweeps - 1);
    result[static_cast<std::size_t>(i)] = from * std::pow(to / from, part);
  }
  return result;
}

}  // namespace hebb::memory
