/// `version` and `completion`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/command.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/threads.hpp"
#include "hebb/version.hpp"
#include "kernels/isa.hpp"

namespace hebb::cli {

namespace {

/// What can follow a command: its own commands, or else its options.
struct Words {
  std::string command;  ///< with those above it: "memory store"
  std::string words;
  bool is_group;
};

std::string names_of(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) names += " " + command->get_name();
  return names.substr(std::min<std::size_t>(1, names.size()));
}

std::vector<Words> words_of(const CLI::App& app, const std::string& above = {}) {
  std::vector<Words> all;
  for (const CLI::App* command : app.get_subcommands({})) {
    const std::string path = above + command->get_name();
    if (!command->get_subcommands({}).empty()) {
      all.push_back({path, names_of(*command), true});
      const std::vector<Words> below = words_of(*command, path + " ");
      all.insert(all.end(), below.begin(), below.end());
      continue;
    }
    std::string options;
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) options += " --" + name;
    }
    all.push_back({path, options.substr(1), false});
  }
  return all;
}

std::string bash(const CLI::App& app) {
  std::string groups;
  std::string cases;
  for (const Words& words : words_of(app)) {
    if (words.is_group) groups += (groups.empty() ? "" : "|") + words.command;
    cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", words.command, words.words);
  }
  return fmt::format(R"bash(# bash completion of hebb: eval "$(hebb completion bash)"
_hebb() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} words path= depth=1
  case ${{COMP_WORDS[1]}} in {}) depth=2 ;; esac
  if ((COMP_CWORD > 1)); then path=${{COMP_WORDS[1]}}; fi
  if ((COMP_CWORD > 2 && depth == 2)); then path+=" ${{COMP_WORDS[2]}}"; fi
  case $path in
{}    *) words="{}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $current != -* && $COMP_CWORD -gt $depth ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}}
complete -o filenames -F _hebb hebb
)bash",
                     groups.empty() ? "-" : groups, cases, names_of(app));
}

std::string zsh(const CLI::App& app) {
  return "# zsh completion of hebb: eval \"$(hebb completion zsh)\"\nautoload -U +X bashcompinit && "
         "bashcompinit\n" +
         bash(app);
}

void add_fish_lines(std::string& text, const CLI::App& app, const std::string& where) {
  const std::vector<const CLI::App*> commands = app.get_subcommands({});
  for (const CLI::App* command : commands) {
    text += fmt::format("complete -c hebb -n '{}' -a {} -d '{}'\n", where, command->get_name(),
                        command->get_description());
    const std::string seen = "__fish_seen_subcommand_from " + command->get_name();
    if (!command->get_subcommands({}).empty()) {
      add_fish_lines(text, *command, seen);
      continue;
    }
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames())
        text += fmt::format("complete -c hebb -n '{}' -l {}\n", seen, name);
    }
  }
}

std::string fish(const CLI::App& app) {
  std::string text = "# fish completion of hebb: hebb completion fish | source\n";
  add_fish_lines(text, app, "__fish_use_subcommand");
  return text;
}

}  // namespace

void add_version(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("version", "Show version, instruction set and threads");
  command->footer("Example:\n  HEBB_ISA=scalar HEBB_THREADS=1 hebb version");
  command->callback([] {
    print(fmt::format("hebb {}\ninstruction set {} (found: {})\nbf16 products by {}\nthreads {}\n", kVersion,
                      isa_name(), fmt::join(isas_found(), ", "), bf16_products(), threads()));
  });
}

void add_completion(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")->type_name("SHELL")->required();
  command->footer(
      "Examples, for the file in which the shell reads its settings:\n  eval \"$(hebb completion bash)\"\n"
      "  eval \"$(hebb completion zsh)\"\n  hebb completion fish | source");
  command->callback([shell, &app] {
    const std::vector<std::string_view> shells = {"bash", "zsh", "fish"};
    if (*shell == "bash") {
      print(bash(app));
    } else if (*shell == "zsh") {
      print(zsh(app));
    } else if (*shell == "fish") {
      print(fish(app));
    } else {
      throw ConfigError(unknown_name("shell", *shell, shells));
    }
  });
}

}  // namespace hebb::cli
