/// The commands under `hebb memory`, one file each.
#pragma once

#include "cli/command.hpp"

namespace hebb::cli {

void add_memory_store(CLI::App& memory, Context& context);
void add_memory_recall(CLI::App& memory, Context& context);
void add_memory_list(CLI::App& memory, Context& context);
void add_memory_forget(CLI::App& memory, Context& context);
void add_memory_unlearn(CLI::App& memory, Context& context);
void add_memory_census(CLI::App& memory, Context& context);
void add_memory_basin(CLI::App& memory, Context& context);
void add_memory_capacity(CLI::App& memory, Context& context);
void add_memory_theory(CLI::App& memory, Context& context);
void add_memory_tsp(CLI::App& memory, Context& context);

}  // namespace hebb::cli
