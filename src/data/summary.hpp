/// Summaries of data as JSON.
#pragma once

#include "hebb/datasets.hpp"
#include "io/json.hpp"

namespace hebb {

/// Name, and the numbers of a column, or how many categories it has.
Json json_of(const RangeSummary& range);

}  // namespace hebb
