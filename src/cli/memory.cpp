#include "cli/memory.hpp"

namespace hebb::cli {

void add_memory(CLI::App& app, Context& context) {
  CLI::App* memory = app.add_subcommand("memory", "Associative memory: Hopfield networks and kin");
  memory->require_subcommand(1);
  add_memory_store(*memory, context);
  add_memory_recall(*memory, context);
  add_memory_list(*memory, context);
  add_memory_forget(*memory, context);
  add_memory_unlearn(*memory, context);
  add_memory_census(*memory, context);
  add_memory_basin(*memory, context);
  add_memory_capacity(*memory, context);
  add_memory_theory(*memory, context);
  add_memory_tsp(*memory, context);
}

}  // namespace hebb::cli
