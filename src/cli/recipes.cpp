#include <fmt/format.h>

#include "cli/command.hpp"
#include "hebb/config.hpp"

namespace hebb::cli {

void add_recipes(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("recipes", "List the recipes for training, or print one");
  auto name = std::make_shared<std::string>();
  command->add_option("name", *name, "The recipe to print, as the TOML that it is")->type_name("NAME");
  command->footer(
      "Examples:\n  hebb recipes\n  hebb train fast-mnist --seed 3 --out runs/f\n"
      "  hebb recipes fast-mnist > mine.toml");
  command->callback([name] {
    if (!name->empty()) {
      print(std::string(find_recipe(*name).toml));
      return;
    }
    std::vector<std::vector<std::string>> rows = {{"recipe", ""}};
    for (const Recipe& recipe : recipes())
      rows.push_back({std::string(recipe.name), std::string(recipe.summary)});
    print(table(rows));
  });
}

}  // namespace hebb::cli
