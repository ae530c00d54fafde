/// The subcommand that draws decision boundaries.
#pragma once

#include "cli/command.hpp"

namespace hebb::cli {

void add_boundary(CLI::App& app, Context& context);

}  // namespace hebb::cli
