/// Which options a data set has a use for.
#pragma once

#include <string>
#include <string_view>

#include "hebb/datasets.hpp"

namespace hebb {

/// Throws ConfigError, naming the option by its key in a configuration, when one is given that is not among
/// `keys`, words separated by spaces. Those that say where data lie are never in the way.
void require_applicable(const DataOptions& options, std::string_view keys, const std::string& data_set);

}  // namespace hebb
