/// The subcommand that draws surfaces of the loss.
#pragma once

#include "cli/command.hpp"
#include "hebb/surface.hpp"
#include "io/json.hpp"

namespace hebb::cli {

void add_surface(CLI::App& app, Context& context);

/// Grid and ways as one object.
Json surface_json(const LossSurface& surface);

}  // namespace hebb::cli
