#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <sstream>

#include "cli/boundary.hpp"
#include "cli/command.hpp"
#include "cli/lab.hpp"
#include "cli/surface.hpp"
#include "core/names.hpp"
#include "hebb/error.hpp"
#include "hebb/version.hpp"

namespace hebb::cli {

namespace {

constexpr int kUsage = 2;
constexpr int kData = 3;
constexpr int kDiverged = 4;

constexpr const char* kFooter = R"(Begin with 'hebb demo'. 'hebb COMMAND --help' tells more of a command.

  hebb train --data iris --model 'dense(16, act=tanh) dense(3)' --out runs/iris
  hebb eval runs/iris/best.safetensors --data iris
  hebb predict runs/iris/best.safetensors --input flowers.csv --proba

Environment: HEBB_DATA (folder of data sets), HEBB_THREADS, HEBB_ISA (amx,
avx512, avx2 or scalar), XDG_CACHE_HOME.)";

/// The command that was being parsed, the innermost of those that have commands of their own.
const CLI::App& chosen(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  return commands.empty() ? app : chosen(*commands.front());
}

/// "memory recall ", or "" of the tool itself.
std::string words_of(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  return commands.empty() ? "" : commands.front()->get_name() + " " + words_of(*commands.front());
}

/// What the user may have meant by an argument nobody knows.
std::string suggestion(const CLI::App& app, const std::string& argument) {
  std::vector<std::string> names;
  if (argument.starts_with("--")) {
    for (const CLI::App* part : {&chosen(app), &app}) {
      for (const CLI::Option* option : part->get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      }
    }
  } else {
    for (const CLI::App* command : chosen(app).get_subcommands({})) names.push_back(command->get_name());
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = nearest(argument.substr(0, argument.find('=')), views);
  return near.empty() ? "" : "; did you mean '" + std::string(near) + "'?";
}

/// Help that fits a screen of 80 columns.
class Formatter final : public CLI::Formatter {
 public:
  Formatter() { column_width(kNameWidth); }
  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(CLI::Formatter::make_option_desc(option));
  }

 private:
  static constexpr std::size_t kNameWidth = 30;
  static constexpr std::size_t kWidth = 79 - kNameWidth;

  static std::string wrapped(const std::string& text) {
    std::string result;
    std::size_t column = 0;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      if (column > 0 && column + 1 + word.size() > kWidth) {
        result += '\n';
        column = 0;
      } else if (column > 0) {
        result += ' ';
        ++column;
      }
      result += word;
      column += word.size();
    }
    return result;
  }
};

/// The first argument that is no option, where it should be a command and is none.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (chosen(app).get_subcommands({}).empty()) return {};
  const std::string words = words_of(app);
  auto known = std::count(words.begin(), words.end(), ' ');
  for (const std::string& argument : arguments) {
    if (!argument.starts_with("-") && known-- == 0) return argument;
  }
  return {};
}

/// The first option that neither the command nor the tool has.
std::string unknown_option(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const std::string name = argument.substr(0, argument.find('='));
    if (!name.starts_with("--") || chosen(app).get_option_no_throw(name) != nullptr ||
        app.get_option_no_throw(name) != nullptr) {
      continue;
    }
    return name;
  }
  return {};
}

int usage_error(const CLI::App& app, const CLI::ParseError& error,
                const std::vector<std::string>& arguments) {
  std::string message = error.what();
  if (const std::string command = unknown_command(app, arguments); !command.empty()) {
    message = "unknown command " + in_quotes(command) + suggestion(app, command);
  } else if (const std::string option = unknown_option(app, arguments); !option.empty()) {
    message = "unknown option " + in_quotes(option) + suggestion(app, option);
  }
  tell("hebb: " + message + "\nTry 'hebb " + words_of(app) + "--help'.\n");
  return kUsage;
}

int run(int argc, char** argv) {
  Context context;
  CLI::App app{"Hebb: neural networks, open and fast on a CPU", "hebb"};
  app.require_subcommand(1);
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("hebb ") + kVersion);
  app.add_flag("-q,--quiet", context.quiet, "No progress, no messages but errors");
  app.fallthrough();
  app.formatter(std::make_shared<Formatter>());
  for (const auto add : {add_demo, add_train, add_recipes, add_eval, add_predict, add_report, add_inspect,
                         add_datasets, add_fetch, add_memory, add_explain, add_boundary, add_surface, add_lab,
                         add_gradcheck, add_bench, add_version, add_completion}) {
    add(app, context);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    print(app.help("", CLI::AppFormatMode::Normal));
    return 0;
  } catch (const CLI::CallForVersion& version) {
    print(std::string(version.what()) + "\n");
    return 0;
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, {argv + 1, argv + argc});
  }
  return context.exit_code;
}

int guarded(int argc, char** argv) {
  const auto fail = [](const std::string& message, int code) {
    tell("hebb: " + message + "\n");
    return code;
  };
  try {
    return run(argc, argv);
  } catch (const ConfigError& error) {
    return fail(error.what(), kUsage);
  } catch (const DivergedError& error) {
    return fail(error.what(), kDiverged);
  } catch (const Error& error) {
    return fail(error.what(), kData);
  } catch (const std::bad_alloc&) {
    return fail("there is not enough memory for this", kData);
  } catch (const std::exception& error) {
    return fail(std::string("unexpected: ") + error.what(), kData);
  }
}

}  // namespace
}  // namespace hebb::cli

int main(int argc, char** argv) { return hebb::cli::guarded(argc, argv); }
