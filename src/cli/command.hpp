/// What the subcommands share. Each is one file: it adds itself to the tool and does its work when it is
/// chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "hebb/datasets.hpp"
#include "hebb/model_file.hpp"

namespace hebb::cli {

/// The exit code after Ctrl-C.
inline constexpr int kInterrupted = 130;

/// What belongs to this start of the tool.
struct Context {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  int exit_code = 0;  ///< set by a command that ends otherwise than well, without an error
  bool quiet = false;

  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

void add_demo(CLI::App& app, Context& context);
void add_recipes(CLI::App& app, Context& context);
void add_train(CLI::App& app, Context& context);
void add_eval(CLI::App& app, Context& context);
void add_predict(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_datasets(CLI::App& app, Context& context);
void add_fetch(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_gradcheck(CLI::App& app, Context& context);
void add_memory(CLI::App& app, Context& context);
void add_bench(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

/// Set by the first Ctrl-C; the second ends the process. `watch_interrupts` begins to listen.
std::atomic<bool>& interrupted();
void watch_interrupts();

/// Folders where data sets lie: those given, then $HEBB_DATA, then the cache.
std::vector<std::string> data_directories(const std::vector<std::string>& given);
/// $XDG_CACHE_HOME/hebb or ~/.cache/hebb.
std::string cache_directory();

/// `--precision NAME`, and what is said of it.
inline constexpr const char* kPrecisionHelp =
    "Of products: f32 (default), or bf16: operands rounded to 8 bits, sums in f32";
void add_precision(CLI::App& command, std::string& name);
/// `--tta N`, and what it does to a model: see average_over_shifts of hebb/evaluation.hpp.
void add_shifts(CLI::App& command, std::int64_t& pixels);
void average_over_shifts(SavedModel& model, std::int64_t pixels);

/// `--threads N`, which acts at once.
void add_threads(CLI::App& command);
/// The options that say how data are loaded. `note` gets what each option shall change.
using ChangeData = std::function<void(DataOptions&)>;
void add_data_options(CLI::App& command, const std::function<void(ChangeData)>& note);

/// Checks of what an option is given, made before it is converted: CLI11 itself takes -1 for a large number
/// without sign, and 1e30 for the largest one. For int, std::int64_t, std::uint64_t and double.
template <class T>
CLI::Validator is_number();
/// Refuses empty text, such as an unset variable of the shell leaves behind.
CLI::Validator is_given();

/// Writes to standard output; ends the process quietly when nobody reads.
void print(const std::string& text);
/// Writes to standard error.
void tell(const std::string& text);

/// "1,234,567".
std::string with_commas(std::int64_t number);
/// Rows as a table whose columns are aligned; numbers to the right.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace hebb::cli
