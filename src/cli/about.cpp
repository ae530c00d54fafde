/// `version` and `completion`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/threads.hpp"
#include "hebb/version.hpp"
#include "kernels/isa.hpp"

namespace hebb::cli {

namespace {

/// The words of a command that a shell can complete.
struct Words {
  std::string command;
  std::string options;
};

std::vector<Words> words_of(const CLI::App& app) {
  std::vector<Words> all;
  for (const CLI::App* command : app.get_subcommands({})) {
    Words words{command->get_name(), {}};
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) words.options += " --" + name;
    }
    all.push_back(words);
  }
  return all;
}

std::string bash(const std::vector<Words>& all) {
  std::string commands;
  std::string cases;
  for (const Words& words : all) {
    commands += " " + words.command;
    cases += fmt::format("    {}) words=\"{}\" ;;\n", words.command, words.options.substr(1));
  }
  return fmt::format(R"bash(# bash completion of hebb: eval "$(hebb completion bash)"
_hebb() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} words
  case ${{COMP_WORDS[1]}} in
{}    *) words="{}" ;;
  esac
  if ((COMP_CWORD == 1)); then words="{}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $current != -* && $COMP_CWORD -gt 1 ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}}
complete -o filenames -F _hebb hebb
)bash",
                     cases, commands.substr(1), commands.substr(1));
}

std::string zsh(const std::vector<Words>& all) {
  return "# zsh completion of hebb: eval \"$(hebb completion zsh)\"\nautoload -U +X bashcompinit && "
         "bashcompinit\n" +
         bash(all);
}

std::string fish(const CLI::App& app) {
  std::string text = "# fish completion of hebb: hebb completion fish | source\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    text += fmt::format("complete -c hebb -n __fish_use_subcommand -a {} -d '{}'\n", command->get_name(),
                        command->get_description());
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        text += fmt::format("complete -c hebb -n '__fish_seen_subcommand_from {}' -l {}\n",
                            command->get_name(), name);
      }
    }
  }
  return text;
}

}  // namespace

void add_version(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("version", "Show version, instruction set and threads");
  command->footer("Example:\n  HEBB_ISA=scalar HEBB_THREADS=1 hebb version");
  command->callback([] {
    print(
        fmt::format("hebb {}\ninstruction set {} (found: {})\nbf16 products in f32 arithmetic\nthreads {}\n",
                    kVersion, isa_name(), fmt::join(isas_found(), ", "), threads()));
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
      print(bash(words_of(app)));
    } else if (*shell == "zsh") {
      print(zsh(words_of(app)));
    } else if (*shell == "fish") {
      print(fish(app));
    } else {
      throw ConfigError(unknown_name("shell", *shell, shells));
    }
  });
}

}  // namespace hebb::cli
