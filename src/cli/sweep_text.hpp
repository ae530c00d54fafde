/// The text of a sweep's axis.
#pragma once

#include <string>

#include "hebb/experiments.hpp"

namespace hebb::cli {

/// Reads "lr=1e-4..1e-2:log:5" (5 values evenly spaced in their logarithm), "dropout=0..0.5:3" (evenly
/// spaced) or "batch-size=32,64,full" (a list; commas within parentheses belong to a value). Keys are those
/// of the configuration; "-" stands for "_", and "lr" for "learning_rate". Throws ConfigError with what was
/// expected.
SweepAxis parse_sweep_axis(const std::string& text);

}  // namespace hebb::cli
