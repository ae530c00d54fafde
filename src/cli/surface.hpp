/// The subcommand that draws surfaces of the loss.
#pragma once

#include "cli/command.hpp"

namespace hebb::cli {

void add_surface(CLI::App& app, Context& context);

}  // namespace hebb::cli
