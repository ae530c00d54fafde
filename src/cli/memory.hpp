/// The commands under `hebb memory`, one file each.
#pragma once

#include "cli/command.hpp"

namespace hebb::cli {}  // namespace hebb::cli
