/// Data sets that are made up on the spot.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "hebb/datasets.hpp"

namespace hebb {

/// A generated data set: how many samples by default, and who makes them.
struct Generator {
  std::string_view name;
  std::string_view description;
  std::string_view shape;
  std::int64_t count;
  std::int64_t test_count;
  DataSplits (*make)(const Generator& generator, const DataOptions& options);
  /// The options it has a use for.
  std::string_view options = "count test_count noise data_seed task";
};

/// All of them, in the order of the catalogue.
const std::vector<Generator>& generators();

}  // namespace hebb
